import Checkpoints
import Torch

/// The kind of an adapter.
enum AdapterKind: String, CaseIterable, NamedSetting {
    case lora
    case dora
}

extension AdapterConfiguration.Bias: NamedSetting {}

extension Quantization: NamedSetting {}

extension AdapterConfiguration.Initialization: NamedSetting {
    init?(_ value: SettingValue) {
        switch value {
        case .bool(true): self = .standard
        case .text(let name): self.init(rawValue: name)
        default: return nil
        }
    }
}

/// Names of layers, or a regular expression.
enum LayerNames: SettingConvertible {
    case names([String])
    case pattern(String)

    static let allLinear = "all-linear"
    static var expectation: String { "names of layers, \(allLinear), or a regular expression" }

    /// Characters that only a regular expression has.
    private static let special = Set("*+?()[]{}|\\^$")

    init?(_ value: SettingValue) {
        switch value {
        case .list(let names) where !names.isEmpty: self = .names(names)
        case .text(let text) where text.contains(where: Self.special.contains): self = .pattern(text)
        case .text(let text) where !text.isEmpty:
            guard let names = [String](.text(text)) else { return nil }
            self = .names(names)
        default: return nil
        }
    }

    var settingValue: SettingValue? {
        switch self {
        case .names([Self.allLinear]): .text(Self.allLinear)
        case .names(let names): .list(names)
        case .pattern(let pattern): .text(pattern)
        }
    }
}

extension Assignments {
    /// Writes numbers by name.
    init(_ numbers: [(name: String, value: Double)]) {
        self.init(
            numbers.map { pair in
                "\(pair.name)=\(Int(exactly: pair.value).map { "\($0)" } ?? "\(pair.value)")"
            }.joined(separator: ",")
        )
    }

    /// The numbers by name; nil if one is not a number.
    var numbers: [(name: String, value: Double)]? {
        var result: [(name: String, value: Double)] = []
        for part in text.split(separator: ",") {
            guard let sign = part.lastIndex(of: "="), let value = Double(part[part.index(after: sign)...]),
                value.isFinite, sign != part.startIndex
            else { return nil }
            result.append((String(part[..<sign]).trimmingPrefix(" ").description, value))
        }
        return result
    }
}
