public import Classification
import Files
import Foundation
import Models
import Synchronization

/// The classifiers behind the routes of a server: they are loaded, and answer the items of many requests together.
///
/// ```swift
/// let service = ClassifierService()
/// let model = try await service.load(LoadRequest(source: "runs/tweets"))
/// service.becomeReady()
/// for result in try await service.classify([ServedItem(.text("Thank you, Ohio!"))], with: model) {
///     print(model.prediction(try result.get()).label)
/// }
/// ```
public final class ClassifierService: Sendable {
    private struct Storage {
        var models: [ServedModel] = []
        var phase = ServiceState.loading
        var nextKey = 0
        var nextRequest = 0
        var requestsInProgress = 0
    }

    /// The settings.
    public let settings: ServiceSettings
    /// The measurements.
    let metrics = ServingMetrics()
    private let storage = Mutex(Storage())
    private let queue: BatchQueue
    private let owner: ModelOwner
    private let loader = ModelLoader()
    private let tokenization: TokenizationPool

    /// The limits.
    public var limits: ServingLimits { settings.limits }

    /// Creates a service without models.
    ///
    /// - Parameter settings: The settings.
    public init(_ settings: ServiceSettings = ServiceSettings()) {
        self.settings = settings
        queue = BatchQueue(settings.limits, metrics)
        owner = ModelOwner(settings, queue, metrics)
        tokenization = TokenizationPool(workers: settings.limits.tokenizationWorkers)
    }

    // MARK: State

    /// The state, without waiting for the model.
    public var state: ServiceState { storage.withLock { $0.phase } }

    /// Loads the first models, and becomes ready.
    ///
    /// - Parameter requests: The models; the first one is the default.
    /// - Throws: `.failedToLoad`, which ``state`` keeps as well.
    public func start(_ requests: [LoadRequest]) async throws(ServingFault) {
        for request in requests {
            do {
                _ = try await load(request)
            } catch {
                let message = "\(error)"
                storage.withLock { $0.phase = .failed(message) }
                throw .failedToLoad(message)
            }
        }
        becomeReady()
    }

    /// Reports that the first models are loaded.
    public func becomeReady() {
        storage.withLock { if $0.phase == .loading { $0.phase = .ready } }
    }

    /// Reports that the server is about to stop; requests are still answered.
    public func drain() { storage.withLock { $0.phase = .draining } }

    /// Ends all requests that wait, and refuses others.
    public func close() { queue.close() }

    // MARK: Models

    /// The loaded models, in the order of loading; the first one is the default.
    public func models() -> [ServedModel] { storage.withLock { $0.models } }

    /// Finds a model.
    ///
    /// - Parameter name: Its name; nil for the default.
    /// - Returns: The model.
    /// - Throws: `.unknownModel`; `.loading` or `.failedToLoad` before the first models are loaded.
    public func model(_ name: String? = nil) throws(ServingFault) -> ServedModel {
        let (models, phase) = storage.withLock { ($0.models, $0.phase) }
        switch phase {
        case .loading: throw .loading(retryAfter: 2)
        case .failed(let message): throw .failedToLoad(message)
        case .ready, .draining: break
        }
        guard let model = name.map({ name in models.first { $0.name == name } }) ?? models.first else {
            throw .unknownModel(name ?? "", known: models.map(\.name))
        }
        return model
    }

    /// Loads a model while others are served; a loaded one of the same name is replaced as soon as the new one is ready.
    ///
    /// - Parameter request: The model.
    /// - Returns: The loaded model.
    /// - Throws: `.cannotLoad`.
    @discardableResult
    public func load(_ request: LoadRequest) async throws(ServingFault) -> ServedModel {
        let start = ContinuousClock.now
        let model: ServedModel
        do {
            let found = try await settings.resolve(request)
            let path = found.path
            let base = try TextClassifier.adapterBase(ofModelAt: path, base: found.base)
            try requireMemory(for: [path, base].compactMap { $0 }, request)
            let key = storage.withLock { storage in
                storage.nextKey += 1
                return storage.nextKey
            }
            let handle = ModelHandle(key: key) { [owner] key in Task { await owner.remove(key) } }
            let facts =
                if let base {
                    try await owner.addAdapter(path, base: base, key: key)
                } else {
                    await owner.add(try await loader.load(path, named: request.source, settings), key: key)
                }
            try await owner.warmUp(key)
            model = ServedModel(request, path: path, base: base, facts, handle, settings)
        } catch let fault as ServingFault {
            throw fault
        } catch {
            let message = "\(error)"
            throw .cannotLoad(
                message.contains(request.source)
                    ? message : "\(request.source) cannot be loaded: \(message)"
            )
        }
        storage.withLock { storage in
            if let place = storage.models.firstIndex(where: { $0.name == model.name }) {
                storage.models[place] = model
            } else {
                storage.models.append(model)
            }
        }
        // The labels may differ from those of a model that it replaces.
        metrics.unregister(model.name)
        metrics.register(model)
        metrics.loaded(model, seconds: (ContinuousClock.now - start).seconds)
        return model
    }

    /// Unloads a model; its requests in progress are still answered.
    ///
    /// - Parameter name: Its name.
    /// - Throws: `.unknownModel`.
    public func unload(_ name: String) throws(ServingFault) {
        let known: [String]? = storage.withLock { storage in
            guard storage.models.contains(where: { $0.name == name }) else {
                return storage.models.map(\.name)
            }
            storage.models.removeAll { $0.name == name }
            return nil
        }
        if let known { throw .unknownModel(name, known: known) }
        metrics.unregister(name)
    }

    /// Refuses a model that would exceed the memory limit.
    private func requireMemory(for paths: [String], _ request: LoadRequest) throws(ServingFault) {
        guard let limit = settings.maxMemory, let memory = ProcessMemory.now() else { return }
        // bfloat16 weights that are kept in float32 take twice the file.
        let needed = paths.reduce(0) { $0 + TextClassifier.weightBytes(ofModelAt: $1) }
        guard memory.resident + needed > limit else { return }
        throw .cannotLoad(
            "\(request.source) has \(megabytes(needed)) of weights, and the process uses \(megabytes(memory.resident)) of the "
                + "\(megabytes(limit)) that --max-memory allows: unload a model first"
        )
    }

    // MARK: Requests

    /// A text of more characters for each token of the model's limit is not explained.
    private static let explainedCharactersPerToken = 32

    /// The number of items that wait for the model.
    var waitingItems: Int { queue.itemCount }

    /// The number of requests that were admitted and are not answered yet.
    var requestsInProgress: Int { storage.withLock { $0.requestsInProgress } }

    /// Runs a request if there is room for it.
    ///
    /// Called before its body is read, so that a refusal is cheap.
    ///
    /// - Parameter work: Reads and answers the request.
    /// - Returns: The result of `work`.
    /// - Throws: `.overloaded`; the errors of `work`.
    func admitting<Value: Sendable>(_ work: () async throws -> Value) async throws -> Value {
        let admission = try admit()
        defer { withExtendedLifetime(admission) {} }
        return try await work()
    }

    /// Admits a request if there is room for it.
    ///
    /// - Returns: The request's place, which is free again when it is released.
    /// - Throws: `.overloaded`.
    func admit() throws(ServingFault) -> Admission {
        let isFull = storage.withLock { storage in
            guard storage.requestsInProgress < limits.maxConcurrentRequests else { return true }
            storage.requestsInProgress += 1
            return false
        }
        guard !isFull else { throw .overloaded(retryAfter: queue.retryAfter) }
        let admission = admission()
        try queue.requireRoom()
        return admission
    }

    /// Counts an admitted request as in progress for longer, for an answer that is written after its handler has returned.
    ///
    /// - Returns: The request's place.
    func keepAdmitted() -> Admission {
        storage.withLock { $0.requestsInProgress += 1 }
        return admission()
    }

    /// The place of a request that has been counted.
    private func admission() -> Admission {
        Admission { [self] in storage.withLock { $0.requestsInProgress -= 1 } }
    }

    /// Classifies the items of a request.
    ///
    /// - Parameters:
    ///   - items: The items.
    ///   - model: A loaded model.
    /// - Returns: A result for each item, in order.
    /// - Throws: `.overloaded` if they would wait too long; `.cancelled` if the task is cancelled or the service closed.
    public func classify(
        _ items: [ServedItem],
        with model: ServedModel
    ) async throws(ServingFault) -> [ItemResult] {
        var results = [ItemResult?](repeating: nil, count: items.count)
        for await indexed in try await stream(items, with: model) { results[indexed.index] = indexed.result }
        let all = results.compactMap { $0 }
        guard all.count == items.count else { throw .cancelled }
        return all
    }

    /// Classifies the items of a request, and passes results on as they become ready.
    ///
    /// - Parameters:
    ///   - items: The items.
    ///   - model: A loaded model.
    /// - Returns: The results, in any order; fewer than items if the service is closed. Ending the iteration early drops the items
    ///   that still wait.
    /// - Throws: `.overloaded` if they would wait too long.
    public func stream(
        _ items: [ServedItem],
        with model: ServedModel
    ) async throws(ServingFault) -> AsyncStream<IndexedResult> {
        let start = ContinuousClock.now
        let bytes = items.reduce(0) { $0 + $1.input.byteCount }
        let encoded = await tokenization.run(bytes: bytes) { model.encode(items) }
        let arrival = ContinuousClock.now
        let (stream, continuation) = AsyncStream.makeStream(of: IndexedResult.self)
        var waiting: [WaitingItem] = []
        for (index, result) in encoded.enumerated().reversed() {
            switch result {
            case .success(let encoded): waiting.append(WaitingItem(index: index, encoded: encoded))
            case .failure(let fault):
                continuation.yield(IndexedResult(index: index, result: .failure(fault)))
            }
        }
        guard !waiting.isEmpty else {
            continuation.finish()
            return stream
        }
        let id = storage.withLock { storage in
            storage.nextRequest += 1
            return storage.nextRequest
        }
        continuation.onTermination = { [queue] reason in
            if case .cancelled = reason { queue.remove(id) }
        }
        let request = WaitingRequest(
            id: id,
            model: model,
            arrival: arrival,
            tokenization: arrival - start,
            items: waiting,
            results: RequestResults(waiting.count, continuation)
        )
        if try queue.add(request) { Task { [owner] in await owner.serve() } }
        return stream
    }

    /// Computes the share of each token in a label's logit: gradient × input.
    ///
    /// - Parameters:
    ///   - text: The text.
    ///   - label: The label's id; nil for the predicted one.
    ///   - model: A loaded model.
    /// - Returns: The shares.
    /// - Throws: `ItemFault.tooManyCharacters` for a text far longer than the model reads at once, because it takes several times
    ///   as long as an answer; the errors of the computation.
    public func attribution(
        of text: String,
        to label: Int? = nil,
        with model: ServedModel
    ) async throws -> Attribution {
        let most = min(model.maxTokens, limits.maxBatchTokens) * Self.explainedCharactersPerToken
        guard text.utf8.count <= most else { throw ItemFault.tooManyCharacters(limit: most) }
        return try await owner.attribution(of: text, to: label, model.handle.key)
    }
}

extension ServedInput {
    /// The bytes of the texts.
    fileprivate var byteCount: Int {
        switch self {
        case .text(let text): text.utf8.count
        case .pair(let first, let second): first.utf8.count + second.utf8.count
        case .ids: 0
        }
    }
}

/// A number of bytes for messages.
private func megabytes(_ bytes: Int) -> String { "\((bytes + 500_000) / 1_000_000) MB" }
