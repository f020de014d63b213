/// A list or an object written as text in a cell, by Python's or NumPy's `str` or as JSON.
///
/// `pandas.DataFrame.to_csv` writes such cells, because it formats every value with `str`.
enum SpelledCell: Equatable {
    /// A list, a tuple or a set of texts, numbers and Booleans.
    case list([CellValue])
    /// The members of an object.
    case object([Member])
    /// Label Studio's choices: an object such as `{"choices": ["Good", "Cheap"]}`.
    case choices([CellValue])

    /// A member of an object.
    struct Member: Equatable {
        var name: String
        var value: CellValue
    }

    /// Reads a cell; nil if it is neither a list nor an object of plain values.
    init?(_ bytes: UnsafeBufferPointer<UInt8>) {
        var scanner = CellScanner(bytes)
        guard let cell = scanner.cell() else { return nil }
        self = cell
    }

    /// Reads a cell.
    init?(_ text: String) {
        var text = text
        guard let cell = text.withUTF8({ SpelledCell($0) }) else { return nil }
        self = cell
    }

    /// Whether the first byte allows the cell to be a list or an object.
    static func mayStart(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        switch bytes.first(where: { $0 > 0x20 }) {
        case UInt8(ascii: "["), UInt8(ascii: "("), UInt8(ascii: "{"): true
        // `set()` is Python's empty set.
        case UInt8(ascii: "s"): bytes.elementsEqual("set()".utf8)
        default: false
        }
    }
}

/// Parses a cell.
///
/// Texts need quotes, so `[removed]` is plain text and not a list.
private struct CellScanner {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0

    /// The maximum number of elements in a list or an object.
    private static let mostElements = 1 << 16

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    mutating func cell() -> SpelledCell? {
        let found: SpelledCell?
        switch peek() {
        case UInt8(ascii: "["): found = list(closedBy: "]", isTuple: false)
        case UInt8(ascii: "("): found = list(closedBy: ")", isTuple: true)
        case UInt8(ascii: "{"): found = object()
        case UInt8(ascii: "s"): found = take(word: "set()") ? .list([]) : nil
        default: return nil
        }
        _ = peek()
        return position == bytes.count ? found : nil
    }

    /// The next byte other than white space; 0 at the end.
    private mutating func peek() -> UInt8 {
        while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
        return position < bytes.count ? bytes[position] : 0
    }

    private mutating func take(_ byte: Unicode.Scalar) -> Bool {
        guard peek() == UInt8(ascii: byte) else { return false }
        position += 1
        return true
    }

    private mutating func take(word: StaticString) -> Bool {
        let length = word.utf8CodeUnitCount
        guard bytes.count - position >= length,
            (0..<length).allSatisfy({ bytes[position + $0] == word.utf8Start[$0] })
        else { return false }
        position += length
        return true
    }

    /// A list separated by commas or, as in NumPy, by spaces; a tuple of one value needs a comma.
    private mutating func list(closedBy end: Unicode.Scalar, isTuple: Bool) -> SpelledCell? {
        position += 1
        if take(end) { return .list([]) }
        var values: [CellValue] = []
        var commas = 0
        while values.count < Self.mostElements {
            guard let value = element() else { return nil }
            values.append(value)
            let hasSpace = position < bytes.count && bytes[position] <= 0x20
            if take(",") {
                commas += 1
                if isTuple, take(end) { break }
                guard commas == values.count else { return nil }
            } else if take(end) {
                guard !isTuple || values.count > 1 else { return nil }
                break
            } else {
                guard hasSpace, commas == 0, !isTuple else { return nil }
            }
        }
        guard values.count < Self.mostElements, commas == 0 || commas >= values.count - 1 else { return nil }
        return .list(values)
    }

    /// An object, or a set, which Python writes with the same braces.
    private mutating func object() -> SpelledCell? {
        let start = position
        position += 1
        if take("}") { return .object([]) }
        var members: [SpelledCell.Member] = []
        repeat {
            guard let name = element() else { return nil }
            guard take(":") else {
                position = start
                return members.isEmpty ? list(closedBy: "}", isTuple: false) : nil
            }
            guard let name = name.string, members.count < Self.mostElements else { return nil }
            if name == "choices", members.isEmpty, peek() == UInt8(ascii: "[") {
                guard case .list(let values)? = list(closedBy: "]", isTuple: false), take("}"),
                    values.allSatisfy({ $0.string != nil })
                else { return nil }
                return .choices(values)
            }
            guard let value = element() else { return nil }
            members.append(SpelledCell.Member(name: name, value: value))
        } while take(",")
        return take("}") ? .object(members) : nil
    }

    /// A quoted text, a number, a Boolean, or a NumPy scalar such as `np.int64(1)`.
    private mutating func element() -> CellValue? {
        switch peek() {
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return text()
        case UInt8(ascii: "T"): return take(word: "True") ? .bool(true) : nil
        case UInt8(ascii: "t"): return take(word: "true") ? .bool(true) : nil
        case UInt8(ascii: "F"): return take(word: "False") ? .bool(false) : nil
        case UInt8(ascii: "f"): return take(word: "false") ? .bool(false) : nil
        case UInt8(ascii: "N"): return take(word: "None") || take(word: "NaN") ? .missing : nil
        case UInt8(ascii: "n"):
            if take(word: "null") || take(word: "nan") { return .missing }
            guard take(word: "np.") else { return nil }
            while position < bytes.count, Self.isIdentifier(bytes[position]) { position += 1 }
            guard position < bytes.count, take("("), bytes[position...].first != UInt8(ascii: "n"),
                let value = element(), take(")")
            else { return nil }
            return value
        default: return number()
        }
    }

    private static func isIdentifier(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "_") || (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
    }

    /// A number as Python or NumPy writes it; NumPy writes `0.` and `1.`.
    private mutating func number() -> CellValue? {
        let start = position
        while position < bytes.count, "+-.eE0123456789".utf8.contains(bytes[position]), position - start < 64
        {
            position += 1
        }
        var text = String(decoding: bytes[start..<position], as: UTF8.self)
        guard text.first != "+", text.contains(where: \.isNumber) else { return nil }
        if let whole = Int(text) { return .int(whole) }
        if text.last == "." { text += "0" }
        return Double(text).flatMap { $0.isFinite ? .double($0) : nil }
    }

    private mutating func text() -> CellValue? {
        let quote = bytes[position]
        position += 1
        var text: [UInt8] = []
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if byte == quote { return .string(String(decoding: text, as: UTF8.self)) }
            if byte == UInt8(ascii: "\\") {
                guard escape(into: &text) else { return nil }
            } else {
                text.append(byte)
            }
        }
        return nil
    }

    private mutating func escape(into text: inout [UInt8]) -> Bool {
        guard position < bytes.count else { return false }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "x"): return scalar(digits: 2, into: &text)
        case UInt8(ascii: "U"): return scalar(digits: 8, into: &text)
        case UInt8(ascii: "u"): return scalar(digits: 4, into: &text)
        default: text.append(byte)
        }
        return true
    }

    private mutating func scalar(digits: Int, into text: inout [UInt8]) -> Bool {
        guard var code = hexadecimal(digits) else { return false }
        if code & 0xFC00 == 0xD800, digits == 4, take(word: "\\u") {
            guard let low = hexadecimal(4), low & 0xFC00 == 0xDC00 else { return false }
            code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(code) else { return false }
        text.append(contentsOf: UTF8.encode(scalar) ?? .init())
        return true
    }

    private mutating func hexadecimal(_ digits: Int) -> UInt32? {
        guard bytes.count - position >= digits else { return nil }
        var code: UInt32 = 0
        for _ in 0..<digits {
            guard let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue else { return nil }
            let (shifted, overflow) = code.multipliedReportingOverflow(by: 16)
            guard !overflow else { return nil }
            code = shifted + UInt32(digit)
            position += 1
        }
        return code
    }
}
