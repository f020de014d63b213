/// Writes JSON text.
struct JSONWriter {
    /// The text written, as UTF-8.
    private(set) var bytes: [UInt8] = []

    /// Appends text unchanged: brackets, commas, and names that need no escapes.
    mutating func raw(_ text: String) { bytes.append(contentsOf: text.utf8) }

    /// Appends a string with its quotes.
    mutating func string(_ text: String) { string(text.utf8) }

    /// Appends a string given as UTF-8, with its quotes.
    mutating func string(_ utf8: some Sequence<UInt8>) {
        bytes.append(UInt8(ascii: "\""))
        for byte in utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(contentsOf: [UInt8(ascii: "\\"), byte])
            case 0x0A: raw("\\n")
            case 0x0D: raw("\\r")
            case 0x09: raw("\\t")
            case 0..<0x20:
                let digits = String(byte, radix: 16)
                raw("\\u00\(byte < 16 ? "0" : "")\(digits)")
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Appends an object's member with a value given as JSON text.
    mutating func member(_ name: String, _ value: String, isLast: Bool = false) {
        raw("  ")
        string(name)
        raw(": \(value)\(isLast ? "\n" : ",\n")")
    }

    /// A string as JSON text.
    static func quoted(_ text: String) -> String {
        var writer = JSONWriter()
        writer.string(text)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
