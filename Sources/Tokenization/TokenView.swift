/// Shows people how a tokenizer splits a text.
///
/// ```swift
/// print(TokenView(tokenizer).render("Thank you!"))    // ⟨[CLS]⟩│thank │you│!│⟨[SEP]⟩
/// ```
public struct TokenView: Sendable {
    /// How tokens are distinguished.
    public enum Style: Sendable, Equatable {
        /// With a bar between them, legible anywhere.
        case bars
        /// With alternating ANSI background colours, for a terminal.
        case colors
    }

    /// A range of the text, and the number of tokens that cover it.
    private struct Segment {
        var range: Range<Int>
        var tokenCount: Int
        /// The name to show for a token that covers no text.
        var name: String?
    }

    /// Black on pastel: blue, green, peach, lilac and yellow of the 256 colours that terminals have in common.
    private static let backgrounds = [153, 157, 223, 183, 229]

    private let tokenizer: Tokenizer
    private let style: Style

    /// Creates a view.
    ///
    /// - Parameters:
    ///   - tokenizer: Splits the texts.
    ///   - style: How tokens are distinguished. Default: bars.
    public init(_ tokenizer: Tokenizer, style: Style = .bars) {
        self.tokenizer = tokenizer
        self.style = style
    }

    /// Returns a text with its tokens made visible.
    ///
    /// Tokens that cover no text appear by name in ⟨angle brackets⟩. A character of several tokens shows their number.
    /// The mark ✂ separates text that was cut off. Control characters are spelled out.
    ///
    /// - Parameters:
    ///   - text: Any text.
    ///   - addSpecialTokens: Whether to show the special tokens around texts. Default true.
    ///   - maxLength: The most tokens, special ones included. Nil, the default, does not truncate.
    /// - Returns: The text, without a final line break.
    public func render(_ text: String, addSpecialTokens: Bool = true, maxLength: Int? = nil) -> String {
        let packed = tokenizer.encodeWithSpaces(
            text,
            addSpecialTokens: addSpecialTokens,
            maxLength: maxLength
        )
        let bytes = Array(text.utf8)
        var output = ""
        var done = 0
        if packed.truncatedCount > 0, tokenizer.settings.truncatesLeft {
            done = packed.spans.first { $0.end > $0.start }?.range.lowerBound ?? bytes.count
            output += Self.visible(bytes[..<done]) + "✂"
        }
        for (index, segment) in segments(packed).enumerated() {
            if segment.name == nil, segment.range.lowerBound > done {
                output += Self.visible(bytes[done..<segment.range.lowerBound])
            }
            if style == .bars, index > 0 { output += "│" }
            if let name = segment.name {
                output += style == .colors ? "\u{1B}[2m⟨\(name)⟩\u{1B}[0m" : "⟨\(name)⟩"
            } else {
                output += painted(segment, bytes, number: index)
                done = max(done, segment.range.upperBound)
            }
        }
        if done < bytes.count {
            let isCut = packed.truncatedCount > 0 && !tokenizer.settings.truncatesLeft
            output += (isCut ? "✂" : "") + Self.visible(bytes[done...])
        }
        return output
    }

    private func painted(_ segment: Segment, _ bytes: [UInt8], number: Int) -> String {
        let count = segment.tokenCount > 1 ? "⟨×\(segment.tokenCount)⟩" : ""
        let content = Self.visible(bytes[segment.range]) + count
        guard style == .colors else { return content }
        let start = "\u{1B}[30;48;5;\(Self.backgrounds[number % Self.backgrounds.count])m"
        // Without this, a colour would continue to the end of the terminal's line.
        return content.split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.isEmpty ? "" : "\(start)\($0)\u{1B}[0m" }.joined(separator: "\n")
    }

    private func segments(_ packed: PackedEncodings) -> [Segment] {
        var result: [Segment] = []
        for (id, span) in zip(packed.ids, packed.spans) {
            if span.range.isEmpty {
                let name = tokenizer.token(for: id) ?? "\(id)"
                result.append(
                    Segment(range: span.range, tokenCount: 1, name: Self.visible(Array(name.utf8)[...]))
                )
            } else if let last = result.last, last.name == nil, span.range.lowerBound < last.range.upperBound
            {
                result[result.count - 1].range =
                    last.range.lowerBound..<max(last.range.upperBound, span.range.upperBound)
                result[result.count - 1].tokenCount += 1
            } else {
                result.append(Segment(range: span.range, tokenCount: 1))
            }
        }
        return result
    }

    /// A text with control characters spelled out; line ends stay, after a visible sign.
    private static func visible(_ bytes: ArraySlice<UInt8>) -> String {
        var result = ""
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator:
                switch scalar {
                case "\n": result += "↵\n"
                case "\t": result += "⇥"
                default: result += spelled(scalar)
                }
            // Joiners belong to emoji and scripts; the other format characters are invisible or reverse the line.
            case .format where scalar != "\u{200C}" && scalar != "\u{200D}": result += spelled(scalar)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func spelled(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        return "⟨U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits + "⟩"
    }
}
