import Classification
import Models
import Tokenization
import Torch

/// The only owner of the models, on a thread where all batches are computed.
actor ModelOwner {
    private let thread = ComputeThread(name: "attune.serving")
    private var classifiers: [Int: TextClassifier] = [:]
    /// The adapters over each base model, which share its weights.
    private var adapters: [String: NamedAdapters] = [:]
    /// The base model of each adapter.
    private var bases: [Int: String] = [:]
    private let settings: ServiceSettings
    private let queue: BatchQueue
    private let metrics: ServingMetrics

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    init(_ settings: ServiceSettings, _ queue: BatchQueue, _ metrics: ServingMetrics) {
        (self.settings, self.queue, self.metrics) = (settings, queue, metrics)
    }

    // MARK: Models

    /// Adds a loaded classifier.
    ///
    /// - Parameters:
    ///   - classifier: The classifier.
    ///   - key: The key of its handle.
    /// - Returns: Its facts.
    func add(_ classifier: sending TextClassifier, key: Int) -> ModelFacts {
        if settings.ignoresDecisions { classifier.decisions = nil }
        let facts = ModelFacts(classifier)
        classifiers[key] = classifier
        return facts
    }

    /// Loads an adapter, whose base model is shared with the other adapters over it.
    ///
    /// - Parameters:
    ///   - path: The adapter's folder.
    ///   - base: The base model's folder, `.gguf` or `.attune` file.
    ///   - key: The key of its handle.
    /// - Returns: Its facts.
    /// - Throws: The errors of loading.
    func addAdapter(_ path: String, base: String, key: Int) throws -> ModelFacts {
        var group = adapters[base] ?? NamedAdapters(base: base, options: settings.options)
        let name = "\(key)"
        try group.load(path, as: name, settings: settings.classifier)
        let classifier = try group.classifier(name)
        if settings.ignoresDecisions { classifier.decisions = nil }
        (adapters[base], bases[key], classifiers[key]) = (group, base, classifier)
        return ModelFacts(classifier)
    }

    /// Frees a model.
    ///
    /// - Parameter key: The key of its handle.
    func remove(_ key: Int) {
        classifiers[key] = nil
        if let base = bases.removeValue(forKey: key) {
            try? adapters[base]?.remove("\(key)")
            if adapters[base]?.names.isEmpty ?? false { adapters[base] = nil }
        }
        TensorHeap.shrink()
    }

    /// Computes a small batch, so that the first request is as fast as the others.
    ///
    /// - Parameter key: The key of the model's handle.
    /// - Throws: `TorchError`.
    func warmUp(_ key: Int) throws {
        guard let classifier = classifiers[key] else { return }
        settings.beforeBatch()
        let texts = Array(repeating: "The quick brown fox jumps over the lazy dog.", count: 8)
        _ = try classifier.logits(classifier.encode(texts), matmulDType: settings.matmulDType)
    }

    /// Computes the share of each token in a label's logit.
    ///
    /// - Parameters:
    ///   - text: The text.
    ///   - label: The label's id; nil for the predicted one.
    ///   - key: The key of the model's handle.
    /// - Returns: The shares.
    /// - Throws: `TorchError`; `.unknownModel` if the model was unloaded.
    func attribution(of text: String, to label: Int?, _ key: Int) throws -> Attribution {
        guard let classifier = classifiers[key] else { throw ServingFault.cancelled }
        settings.beforeBatch()
        return try classifier.attribution(of: text, label: label)
    }

    // MARK: Batches

    /// Computes batches until no request waits.
    func serve() async {
        while let batch = queue.next() {
            settings.beforeBatch()
            compute(batch)
            // A model that waits to be loaded or freed gets its turn between two batches.
            if thread.hasWaitingJobs { await Task.yield() }
        }
    }

    private func compute(_ batch: Batch) {
        let start = ContinuousClock.now
        var failure: ItemFault?
        var rows: [[Float]] = []
        do throws(TorchError) {
            guard let classifier = classifiers[batch.model.handle.key] else {
                throw TorchError(operation: "logits", message: "the model was unloaded")
            }
            rows = try logits(batch.items.map(\.item.encoded.encodings)[...], classifier)
        } catch {
            failure = .failed(error.code == .outOfMemory ? "out of memory" : "\(error)")
        }
        let duration = ContinuousClock.now - start
        for (place, item) in batch.items.enumerated() {
            let result: ItemResult
            if let failure {
                result = .failure(failure)
            } else if rows[place].isEmpty {
                result = .failure(.failed("out of memory"))
            } else if !rows[place].allSatisfy(\.isFinite) {
                result = .failure(.nonFinite)
            } else {
                result = .success(item.answer(rows[place], start: start, inference: duration))
            }
            if case .success(let answer) = result {
                metrics.answered(
                    answer,
                    batch.model.prediction(answer),
                    model: batch.model,
                    seconds: (ContinuousClock.now - item.arrival).seconds
                )
            }
            item.results.deliver(item.item.index, result)
        }
        if failure == nil { queue.done(batch, seconds: duration.seconds) }
    }

    /// The logits of each text; halves a batch that does not fit into memory.
    ///
    /// - Returns: One row per text; an empty row for a text that does not fit alone.
    private func logits(
        _ texts: ArraySlice<PackedEncodings>,
        _ classifier: TextClassifier
    ) throws(TorchError) -> [[Float]] {
        do {
            return try classifier.logits(
                classifier.examples(PackedEncodings(batch: Array(texts))),
                batchSize: texts.count,
                maxTokensPerBatch: settings.limits.maxBatchTokens,
                matmulDType: settings.matmulDType
            )
        } catch  where error.code == .outOfMemory {
            guard texts.count > 1 else { return [[]] }
            let middle = texts.startIndex + texts.count / 2
            return try logits(texts[..<middle], classifier) + logits(texts[middle...], classifier)
        }
    }
}

extension Batch.Item {
    fileprivate func answer(
        _ logits: [Float],
        start: ContinuousClock.Instant,
        inference: Duration
    ) -> ServedAnswer {
        ServedAnswer(
            logits: logits,
            tokens: item.encoded.tokens,
            isTruncated: item.encoded.isTruncated,
            windows: item.encoded.windows,
            timing: ItemTiming(
                tokenization: tokenization,
                queue: max(.zero, start - arrival),
                inference: inference
            )
        )
    }
}
