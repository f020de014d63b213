public import Tokenization

/// A text to classify, a pair of texts, or token ids.
public enum ServedInput: Sendable, Equatable {
    /// One text.
    case text(String)
    /// Two texts, joined by the tokenizer's post-processor.
    case pair(String, String)
    /// The ids of a text, read as they are.
    case ids([Int32])

    /// Whether there is nothing to read: an empty text, a pair of two, or no ids.
    public var isEmpty: Bool {
        switch self {
        case .text(let text): text.isEmpty
        case .pair(let first, let second): first.isEmpty && second.isEmpty
        case .ids(let ids): ids.isEmpty
        }
    }
}

/// An input of a request, and how it is read.
public struct ServedItem: Sendable, Equatable {
    /// The text, pair or ids.
    public var input: ServedInput
    /// Whether a longer text is cut; otherwise it is refused.
    public var truncates = true
    /// Whether an input without text is refused; otherwise the model answers.
    public var refusesEmpty = false
    /// The end that is cut from a longer text; nil for the model's own.
    public var side: Truncation.Side?
    /// The part of a longer text that is read; nil for the model's own choice.
    public var longText: LongText?
    /// The most tokens to read, at most the model's limit; nil for that limit.
    public var maxTokens: Int?
    /// Whether special tokens are added around a text; they are never added to ids.
    public var addsSpecialTokens = true

    /// Creates an item that is read as in training.
    ///
    /// - Parameter input: The text, pair or ids.
    public init(_ input: ServedInput) { self.input = input }

    /// Whether the item is read as in training, so that many can be tokenized together.
    var isPlain: Bool {
        truncates && side == nil && longText == nil && maxTokens == nil && addsSpecialTokens
    }
}

/// How long the parts of an answer took.
public struct ItemTiming: Sendable, Equatable {
    /// Tokenizing the request's inputs.
    public var tokenization: Duration
    /// Waiting for the model.
    public var queue: Duration
    /// Computing the batch.
    public var inference: Duration

    /// Creates a timing.
    ///
    /// - Parameters:
    ///   - tokenization: The time to tokenize the request's inputs.
    ///   - queue: The time that the item waited for the model.
    ///   - inference: The time to compute its batch.
    public init(tokenization: Duration, queue: Duration, inference: Duration) {
        (self.tokenization, self.queue, self.inference) = (tokenization, queue, inference)
    }
}

/// The model's answer to one item.
public struct ServedAnswer: Sendable, Equatable {
    /// The logits, one per label.
    public var logits: [Float]
    /// The number of tokens that were read, in all windows.
    public var tokens: Int
    /// Whether the text was cut.
    public var isTruncated: Bool
    /// The number of windows that the text was read in.
    public var windows: Int
    /// How long the parts of the answer took.
    public var timing: ItemTiming

    /// Creates an answer.
    ///
    /// - Parameters:
    ///   - logits: The logits, one per label.
    ///   - tokens: The number of tokens that were read.
    ///   - isTruncated: Whether the text was cut.
    ///   - windows: The number of windows.
    ///   - timing: How long the parts took.
    public init(logits: [Float], tokens: Int, isTruncated: Bool, windows: Int, timing: ItemTiming) {
        (self.logits, self.tokens, self.isTruncated) = (logits, tokens, isTruncated)
        (self.windows, self.timing) = (windows, timing)
    }
}

/// The reason that one item has no answer; the others of its request are not affected.
public enum ItemFault: Error, Sendable, Equatable, CustomStringConvertible {
    /// There is no text, and the item refuses that.
    case empty
    /// The text has more tokens than the model reads, and must not be cut.
    case tooLong(tokens: Int, limit: Int)
    /// The text has too many characters to fit, and must not be cut.
    case tooManyCharacters(limit: Int)
    /// A token id that the vocabulary lacks.
    case unknownToken(Int32)
    /// A logit is NaN or infinite.
    case nonFinite
    /// The computation failed.
    case failed(String)

    /// Routes differ in the options of a request; the server's flag is for all of them.
    private static let remedy =
        "shorten it, let the request truncate it if its route has an option for that, or start the server with --auto-truncate true"

    /// The fault in words.
    public var description: String {
        switch self {
        case .empty: "the text is empty"
        case .tooLong(let tokens, let limit):
            "the text has \(tokens) tokens, and the model reads at most \(limit): \(Self.remedy)"
        case .tooManyCharacters(let limit):
            "the text has more than \(limit) characters: \(Self.remedy)"
        case .unknownToken(let id): "the vocabulary has no token \(id)"
        case .nonFinite: "the model gave a score that is not finite"
        case .failed(let message): message
        }
    }
}

/// The answer to one item, or the reason that there is none.
public typealias ItemResult = Result<ServedAnswer, ItemFault>

/// A result and the index of its item in the request.
public struct IndexedResult: Sendable, Equatable {
    /// The zero-based index of the item.
    public let index: Int
    /// The answer, or the reason that there is none.
    public let result: ItemResult
}
