import Foundation

/// The limits of a server, with the names and defaults of text-embeddings-inference where it has them.
///
/// Source: `router/src/main.rs` of text-embeddings-inference 1.9.3.
public struct ServingLimits: Sendable, Equatable {
    /// The most tokens of a batch; a longer text is a batch alone.
    public var maxBatchTokens = 16_384
    /// The most texts of a batch; nil for any number.
    public var maxBatchItems: Int?
    /// The most requests in progress; further ones are refused.
    public var maxConcurrentRequests = 512
    /// The most texts of a request in text-embeddings-inference's form.
    public var maxClientBatchSize = 32
    /// The most texts of a request in any other form.
    public var maxItems = 10_000
    /// The most seconds that a request may be expected to wait; further ones are refused.
    public var maxQueueSeconds = 10.0
    /// The most bytes of a body.
    public var payloadLimit = 2_000_000
    /// The seconds in which a body must arrive.
    public var bodySeconds = 30.0
    /// Whether longer texts are cut unless a request asks for an error.
    public var autoTruncate = true
    /// The most requests that are tokenized at the same time.
    public var tokenizationWorkers = max(1, min(64, ProcessInfo.processInfo.activeProcessorCount - 1))

    /// Creates the default limits.
    public init() {}
}
