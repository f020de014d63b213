/// The part of a text that the model reads, if the text has more tokens than fit.
///
/// Special tokens around a text are added to the part that is kept, to each window of ``window(stride:)``.
///
/// Source: Sun et al., How to Fine-Tune BERT for Text Classification, 2019 (https://arxiv.org/abs/1905.05583), section 5.3.1.
public enum LongText: Sendable, Hashable {
    /// The beginning.
    case head
    /// The end.
    case tail
    /// The beginning and the end: `head` tokens of the beginning; nil takes the share of Sun et al., 128 of 510.
    case headTail(head: Int?)
    /// All of it, in windows: each begins `stride` tokens after the one before, and the last one ends with the text.
    ///
    /// The logits of a text are the mean over its windows. Nil takes three quarters of a window.
    case window(stride: Int?)

    /// The number of tokens to keep of the end, if a text is cut.
    ///
    /// - Parameter room: The tokens that fit, without special ones.
    /// - Returns: The number; the rest is kept of the beginning.
    func tailCount(of room: Int) -> Int {
        switch self {
        case .head, .window: 0
        case .tail: room
        case .headTail(let head): room - min(head ?? (room * 128 + 255) / 510, room)
        }
    }

    /// The windows of a text.
    ///
    /// - Parameters:
    ///   - count: The tokens of the text.
    ///   - room: The tokens of a window, without special ones, at least one.
    ///   - stride: The tokens from one window's start to the next one's.
    /// - Returns: Ranges of tokens that cover the text, at least one.
    static func windows(of count: Int, room: Int, stride: Int?) -> [Range<Int>] {
        let step = min(max(stride ?? room * 3 / 4, 1), max(room, 1))
        var windows: [Range<Int>] = []
        var start = 0
        while start + room < count {
            windows.append(start..<start + room)
            start += step
        }
        windows.append(max(0, count - room)..<count)
        return windows
    }
}

extension LongText: CustomStringConvertible {
    /// Reads a choice as it is written after `--long-text`.
    ///
    /// - Parameter text: `head`, `tail`, `head-tail`, `head-tail:128`, `window` or `window:96`.
    public init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let number = parts.count > 1 ? Int(parts[1]) : nil
        guard parts.count == 1 || (number ?? 0) > 0 else { return nil }
        switch (parts[0], parts.count) {
        case ("head", 1): self = .head
        case ("tail", 1): self = .tail
        case ("head-tail", _): self = .headTail(head: number)
        case ("window", _): self = .window(stride: number)
        default: return nil
        }
    }

    /// The choice as it is written after `--long-text`.
    public var description: String {
        switch self {
        case .head: "head"
        case .tail: "tail"
        case .headTail(let head): head.map { "head-tail:\($0)" } ?? "head-tail"
        case .window(let stride): stride.map { "window:\($0)" } ?? "window"
        }
    }

    /// The accepted spellings, for messages.
    public static let words = "head, tail, head-tail, head-tail:TOKENS, window or window:STRIDE"
}
