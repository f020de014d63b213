public import Datasets
public import Models
public import Tokenization
public import Training

/// A setting's value in a file or on a command line.
public enum SettingValue: Sendable, Equatable {
    case bool(Bool)
    case int(Int)
    case double(Double)
    case text(String)
    case list([String])
    /// Numbers by name, in order.
    case numbers([NamedNumber])

    /// A number with a name.
    public struct NamedNumber: Sendable, Equatable {
        /// The name.
        public var name: String
        /// The number.
        public var number: Double

        /// Creates a number with a name.
        ///
        /// - Parameters:
        ///   - name: The name.
        ///   - number: The number.
        public init(_ name: String, _ number: Double) { (self.name, self.number) = (name, number) }
    }

    /// The value as typed after a flag.
    public var text: String {
        switch self {
        case .bool(let value): "\(value)"
        case .int(let value): "\(value)"
        case .double(let value): "\(value)"
        case .text(let value): value
        case .list(let values): values.map(quoted).joined(separator: ",")
        case .numbers(let values): values.map { "\(quoted($0.name))=\($0.number)" }.joined(separator: ",")
        }
    }
}

/// A type of settings.
protocol SettingConvertible: Sendable, Equatable {
    /// A description of valid values for messages: `a number`.
    static var expectation: String { get }
    /// The form of its flag on the command line.
    static var form: Setting.Form { get }
    /// The valid values, if they are names.
    static var choices: [String] { get }

    /// Reads a value; nil if it is not of this type.
    init?(_ value: SettingValue)

    /// The value to write; nil if the setting has no value.
    var settingValue: SettingValue? { get }
}

extension SettingConvertible {
    static var form: Setting.Form { .value }
    static var choices: [String] { [] }
}

extension Double: SettingConvertible {
    static var expectation: String { "a number" }

    init?(_ value: SettingValue) {
        switch value {
        case .double(let number): self = number
        case .int(let number): self = Double(number)
        case .text(let text):
            guard let number = Double(text), number.isFinite else { return nil }
            self = number
        default: return nil
        }
    }

    var settingValue: SettingValue? { .double(self) }
}

extension Int: SettingConvertible {
    static var expectation: String { "a whole number" }

    init?(_ value: SettingValue) {
        switch value {
        case .int(let number): self = number
        case .double(let number):
            guard let number = Int(exactly: number) else { return nil }
            self = number
        case .text(let text):
            guard let number = Int(text) else { return nil }
            self = number
        default: return nil
        }
    }

    var settingValue: SettingValue? { .int(self) }
}

extension UInt64: SettingConvertible {
    static var expectation: String { "a whole number from 0" }

    init?(_ value: SettingValue) {
        if case .int(let number) = value {
            self.init(exactly: number)
        } else if case .text(let text) = value {
            self.init(text)
        } else {
            return nil
        }
    }

    var settingValue: SettingValue? { Int(exactly: self).map(SettingValue.int) ?? .text("\(self)") }
}

extension Bool: SettingConvertible {
    static var expectation: String { "true or false" }
    static var form: Setting.Form { .flag }

    init?(_ value: SettingValue) {
        switch value {
        case .bool(let value): self = value
        case .text(let text): self.init(text.lowercased())
        default: return nil
        }
    }

    var settingValue: SettingValue? { .bool(self) }
}

extension String: SettingConvertible {
    static var expectation: String { "a text" }

    init?(_ value: SettingValue) {
        switch value {
        case .list, .numbers: return nil
        default: self = value.text
        }
    }

    var settingValue: SettingValue? { .text(self) }
}

extension Optional: SettingConvertible where Wrapped: SettingConvertible {
    static var expectation: String { Wrapped.expectation }
    static var form: Setting.Form { Wrapped.form == .flag ? .value : Wrapped.form }
    static var choices: [String] { Wrapped.form == .flag ? ["true", "false"] : Wrapped.choices }

    init?(_ value: SettingValue) {
        guard let wrapped = Wrapped(value) else { return nil }
        self = wrapped
    }

    var settingValue: SettingValue? { flatMap(\.settingValue) }
}

extension [String]: SettingConvertible {
    static var expectation: String { "a list of names" }
    static var form: Setting.Form { .list }

    init?(_ value: SettingValue) {
        switch value {
        // A name may be quoted as in a list.
        case .list(let names): self = names.map { quotedParts(of: $0).count == 1 ? unquoted($0) : $0 }
        case .numbers: return nil
        default: self = quotedParts(of: value.text).map(unquoted)
        }
    }

    var settingValue: SettingValue? { isEmpty ? nil : .list(self) }
}

/// A type with a name for each of its values.
protocol NamedSetting: SettingConvertible, CaseIterable, RawRepresentable<String> {}

extension NamedSetting {
    static var expectation: String { listed(choices) }
    static var choices: [String] { allCases.map(\.rawValue) }

    init?(_ value: SettingValue) {
        guard case .text(let name) = value else { return nil }
        self.init(rawValue: name)
    }

    var settingValue: SettingValue? { .text(rawValue) }

    private static func listed(_ names: [String]) -> String {
        guard let last = names.last, names.count > 1 else { return names.joined() }
        return names.dropLast().joined(separator: ", ") + " or " + last
    }
}

extension IntervalStrategy: NamedSetting {
    init?(_ value: SettingValue) {
        // YAML reads an unquoted `no` as false.
        if value == .bool(false) {
            self = .no
        } else if case .text(let name) = value {
            self.init(rawValue: name)
        } else {
            return nil
        }
    }
}
extension Precision: NamedSetting {}
extension SamplingStrategy: NamedSetting {}
extension SchedulerType: NamedSetting {}
extension RowPolicy: NamedSetting {}
extension Recipe.WeightsType: NamedSetting {}

extension OptimizerName: NamedSetting {
    init?(_ value: SettingValue) {
        guard case .text(let name) = value else { return nil }
        self.init(named: name)
    }
}

extension ProblemType: SettingConvertible {
    static var expectation: String { "single-label, multi-label or regression" }
    static var choices: [String] { ["single-label", "multi-label", "regression"] }

    init?(_ value: SettingValue) {
        guard case .text(let text) = value else { return nil }
        switch text.replacing("_", with: "-") {
        case "single-label", "single-label-classification": self = .singleLabel
        case "multi-label", "multi-label-classification": self = .multiLabel
        case "regression": self = .regression
        default: return nil
        }
    }

    var settingValue: SettingValue? {
        switch self {
        case .singleLabel: .text("single-label")
        case .multiLabel: .text("multi-label")
        case .regression: .text("regression")
        }
    }
}

extension LongText: SettingConvertible {
    static var expectation: String { words }

    init?(_ value: SettingValue) {
        guard case .text(let text) = value else { return nil }
        self.init(text)
    }

    var settingValue: SettingValue? { .text(description) }
}

extension SplitSize: SettingConvertible {
    static var expectation: String { "a share of the rows with a decimal point, or a whole number of rows" }

    init?(_ value: SettingValue) {
        // A number with a decimal point is a share of the rows.
        switch value {
        case .int(let count) where count > 0: self = .count(count)
        case .double(let share) where share > 0 && share <= 1: self = .fraction(share)
        case .text(let text):
            if let count = Int(text) {
                guard count > 0 else { return nil }
                self = .count(count)
            } else if let share = Double(text), share > 0, share <= 1 {
                self = .fraction(share)
            } else {
                return nil
            }
        default: return nil
        }
    }

    var settingValue: SettingValue? {
        switch self {
        case .fraction(let share): .double(share)
        case .count(let count): .int(count)
        }
    }
}

extension ClassWeights: SettingConvertible {
    static var expectation: String { "balanced, effective-number[=BETA], or a weight for each class" }
    static var form: Setting.Form { .list }

    init?(_ value: SettingValue) {
        switch value {
        case .numbers(let values):
            guard values.allSatisfy({ $0.number > 0 && $0.number.isFinite }),
                Set(values.map(\.name)).count == values.count
            else { return nil }
            self = .named(Dictionary(values.map { ($0.name, $0.number) }) { $1 })
        case .list(let texts): try? self.init(typed: texts)
        default: try? self.init(typed: [value.text])
        }
    }

    var settingValue: SettingValue? {
        switch self {
        case .equal: nil
        case .balanced: .text("balanced")
        case .effectiveNumber(let beta): .text("effective-number=\(beta)")
        case .named(let weights):
            .numbers(weights.sorted { $0.key < $1.key }.map { SettingValue.NamedNumber($0.key, $0.value) })
        }
    }
}
