/// An error in JSON text, before it becomes the error of a module.
package struct JSONFault: Error, Equatable {
    /// The kinds of errors.
    package enum Reason: Equatable, Sendable {
        /// There is no value.
        case value
        /// Another word instead of `true`, `false` or `null`.
        case word(String)
        /// Neither a comma nor this closing bracket.
        case separator(close: UInt8)
        /// No quoted name of a member.
        case name
        /// No colon after a name.
        case colon
        /// A string without its closing quote.
        case openString
        case controlCharacter
        /// A string that is not UTF-8.
        case encoding
        case unknownEscape
        /// Fewer than four bytes after `\u`.
        case shortEscape
        case hexadecimalDigit
        /// Half of a surrogate pair.
        case halfPair
        /// Lists and objects nested deeper than the limit.
        case depth
        /// Text after the end of the value.
        case trailingText
        /// Too many bytes.
        case size
    }

    /// The kind of error.
    package var reason: Reason
    /// The offset in bytes of the error.
    package var offset: Int
    /// The offset of the first byte that was not read.
    package var end: Int

    init(_ reason: Reason, at offset: Int, until end: Int? = nil) {
        self.reason = reason
        self.offset = offset
        self.end = end ?? offset
    }

    /// The line and the column of the error, from 1; columns count bytes.
    package func place(in source: [UInt8]) -> (line: Int, column: Int) {
        let before = source.prefix(offset)
        let start = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        return (1 + before.count { $0 == 0x0A }, offset - start + 1)
    }
}

/// An error in JSON text, with its position.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The expected syntax.
    public var message: String
    /// The offset in bytes.
    public var offset: Int

    /// The message with the byte offset.
    public var description: String { "\(message) at byte \(offset)" }

    init(_ fault: JSONFault) {
        offset = fault.end
        message =
            switch fault.reason {
            case .value, .word: "expected a value"
            case .separator(let close): "expected , or \(Character(Unicode.Scalar(close)))"
            case .name: "expected a quoted name"
            case .colon: "expected :"
            case .openString: "a string without its closing quote"
            case .controlCharacter: "a control character in a string"
            case .encoding: "not UTF-8"
            case .unknownEscape: "an unknown escape"
            case .shortEscape, .hexadecimalDigit: "expected four hexadecimal digits"
            case .halfPair: "half a surrogate pair"
            case .depth: "nested too deeply"
            case .trailingText: "expected the end of the document"
            case .size: "more than 2 GB"
            }
    }
}
