public import NIOCore
import Synchronization

/// The facts about one request, for metrics and the access log.
///
/// It contains counts, times and names of models, never texts.
public final class RequestRecord: Sendable {
    /// The facts known so far.
    struct Facts: Sendable {
        /// The model's name, if a model was asked.
        var model: String?
        /// Whether the request asked for a list of answers; nil if it asked for no answer.
        var isBatch: Bool?
        /// The number of items, and of those with an answer.
        var items = 0
        var answers = 0
        /// The tokens of all answered items.
        var tokens = 0
        /// The number of items that were cut.
        var truncated = 0
        /// The times of all answered items, added.
        var tokenization = Duration.zero
        var queue = Duration.zero
        var inference = Duration.zero
        /// The reason why the request as a whole failed.
        var failure: FailureReason?
        /// The items that failed, by reason.
        var itemFailures: [FailureReason: Int] = [:]
        /// The bytes of the body, if it was read.
        var bytesIn: Int?
        /// Whether the client hung up while its answer was computed.
        var isClientGone = false

        /// A mean over the answered items.
        ///
        /// - Parameter total: The sum.
        /// - Returns: Zero if there are no answers.
        func mean(_ total: Duration) -> Duration { answers == 0 ? .zero : total / answers }
    }

    /// The record of the request that the current task answers.
    @TaskLocal static var current: RequestRecord?

    /// The request's connection; nil in tests without one.
    private let channel: (any Channel)?
    private let state = Mutex(Facts())

    /// Creates an empty record.
    ///
    /// - Parameter channel: The connection, which is watched for a client that hangs up; nil to watch none.
    public init(channel: (any Channel)? = nil) { self.channel = channel }

    /// The facts known so far.
    var facts: Facts { state.withLock { $0 } }

    /// Adds the answers of the request; a streaming route calls this several times.
    ///
    /// - Parameters:
    ///   - model: The model's name.
    ///   - answers: The results.
    ///   - isBatch: Whether the client sent a list.
    public func note(model: String?, answers: [ItemResult], isBatch: Bool) {
        state.withLock { facts in
            facts.model = model ?? facts.model
            facts.isBatch = isBatch
            facts.items += answers.count
            for result in answers {
                switch result {
                case .success(let answer):
                    facts.answers += 1
                    facts.tokens += answer.tokens
                    facts.truncated += answer.isTruncated ? 1 : 0
                    facts.tokenization += answer.timing.tokenization
                    facts.queue += answer.timing.queue
                    facts.inference += answer.timing.inference
                case .failure(let fault):
                    facts.itemFailures[FailureReason(fault), default: 0] += 1
                }
            }
        }
    }

    /// Notes that the request as a whole failed.
    ///
    /// - Parameter failure: The reason.
    public func note(failure: FailureReason) {
        state.withLock { facts in
            facts.failure = failure
            facts.isBatch = facts.isBatch ?? false
        }
    }

    /// Notes the size of the body.
    ///
    /// - Parameter bytesIn: The number of bytes read.
    func note(bytesIn: Int) { state.withLock { $0.bytesIn = bytesIn } }

    /// Notes that the client hung up before it was answered.
    func noteClientGone() { state.withLock { $0.isClientGone = true } }

    /// The watch of the request's connection.
    ///
    /// - Returns: Nil if the connection has no ``ConnectionHandler``.
    func connectionWatch() async -> ConnectionWatch? {
        guard let channel else { return nil }
        let watch = channel.eventLoop.submit {
            try channel.pipeline.syncOperations.handler(type: ConnectionHandler.self).watch
        }
        return try? await watch.get()
    }
}

/// The reason why a request or an item failed, as text-embeddings-inference counts it in `te_request_failure`.
public enum FailureReason: String, Sendable, Equatable, CaseIterable {
    /// The queue is full.
    case overloaded
    /// More items than allowed.
    case batchSize = "batch_size"
    /// The request or a text does not fit the limits.
    case validation
    /// A text could not be turned into tokens.
    case tokenization
    /// The model failed.
    case inference
    /// The route does not fit the model.
    case modelType = "model_type"
    /// The client hung up.
    case dropped
}

extension FailureReason {
    /// The reason of an item's fault.
    ///
    /// - Parameter fault: The fault.
    init(_ fault: ItemFault) {
        self =
            switch fault {
            case .empty, .tooLong, .tooManyCharacters: .validation
            case .unknownToken: .tokenization
            case .nonFinite, .failed: .inference
            }
    }
}
