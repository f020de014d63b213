import Classification
import Files
import Models
import Synchronization

/// The server's metrics, in Prometheus' text format.
///
/// They include text-embeddings-inference's names, so that its dashboards work, and conventional names besides.
public final class ServingMetrics: Sendable {
    private let tei = TEIMetrics()
    private let http = HTTPMetrics()
    private let queue = QueueMetrics()
    private let models = ModelMetrics()
    private let process = ProcessMetrics()
    private let drift = Mutex<[String: Drift]>([:])

    /// The lately served items of a model.
    private struct Drift: Sendable {
        var labels: [String]
        var served: ServedDrift
    }

    /// Creates the metrics, with all counters whose labels are known at zero.
    public init() {}

    /// The text for `GET /metrics`.
    ///
    /// - Returns: The text, which ends with a line end.
    public func rendered() -> String {
        process.update()
        for (model, drift) in drift.withLock({ $0 }) where drift.served.items > 0 {
            for (label, share) in zip(drift.labels, drift.served.labelShares) {
                models.labelShare.set(share, model, label, "serving")
            }
            models.confidence.set(drift.served.meanConfidence, model, "serving")
            models.meanTokens.set(drift.served.meanTokens, model, "serving")
        }
        return PrometheusText.text(
            tei.families + http.families + queue.families + models.families + process.families
        )
    }
}

// MARK: Requests

extension ServingMetrics {
    /// Counts a request whose head has been read.
    func requestStarted() { http.active.add(1) }

    /// Counts a request whose response has been written.
    ///
    /// - Parameters:
    ///   - route: The route's pattern; all requests without a route share one.
    ///   - method: The HTTP method.
    ///   - status: The status.
    ///   - seconds: The duration.
    ///   - record: The facts about the request.
    func requestFinished(route: String, method: String, status: Int, seconds: Double, record: RequestRecord) {
        http.count(route: route, method: method, status: status, seconds: seconds)
        tei.count(record.facts, isSuccess: (200..<400).contains(status), seconds: seconds)
    }
}

// MARK: The queue

extension ServingMetrics {
    /// Counts a batch.
    ///
    /// - Parameters:
    ///   - model: The model's name.
    ///   - items: The number of items.
    ///   - tokens: Their tokens.
    ///   - budget: The most tokens of a batch.
    ///   - seconds: The time in the model.
    func batchDone(model: String, items: Int, tokens: Int, budget: Int, seconds: Double) {
        tei.batchSize.observe(Double(items))
        tei.batchTokens.observe(Double(tokens))
        if budget > 0 { queue.fill.observe(Double(tokens) / Double(budget)) }
        queue.batchDuration.observe(seconds, model)
    }

    /// Sets the state of the queue.
    ///
    /// - Parameters:
    ///   - items: The items that wait.
    ///   - tokens: Their tokens.
    ///   - oldestSeconds: The time that the oldest of them has waited.
    func queueChanged(items: Int, tokens: Int, oldestSeconds: Double) {
        tei.queueSize.set(Double(items))
        queue.tokens.set(Double(tokens))
        queue.age.set(oldestSeconds)
    }

    /// Counts items that were removed from the queue because their client hung up.
    ///
    /// - Parameter count: The number of items.
    func dropped(_ count: Int) { tei.requestFailure.add(Double(count), FailureReason.dropped.rawValue) }
}

// MARK: Models

extension ServingMetrics {
    /// Creates the series of a model with all counters at zero.
    ///
    /// - Parameter model: The model.
    func register(_ model: ServedModel) {
        register(model.name, labels: model.labels, training: model.training)
        models.info.set(1, model.name, model.revision ?? "", model.dtype, attuneVersion)
    }

    /// Creates the series of a model with all counters at zero.
    ///
    /// - Parameters:
    ///   - name: The model's name.
    ///   - labels: Its labels by id.
    ///   - training: The facts of its training data, if they are known.
    func register(_ name: String, labels: [String], training: TrainingReference?) {
        models.register(name, labels: labels, training: training)
        drift.withLock { $0[name] = Drift(labels: labels, served: ServedDrift(labels: labels.count)) }
    }

    /// Removes the series of a model that has been unloaded.
    ///
    /// - Parameter name: The model's name.
    func unregister(_ name: String) {
        models.remove(name)
        queue.batchDuration.remove(where: "model", is: name)
        drift.withLock { $0[name] = nil }
    }

    /// Notes the time of loading.
    ///
    /// - Parameters:
    ///   - model: The model.
    ///   - seconds: The time until it was ready.
    func loaded(_ model: ServedModel, seconds: Double) { models.load.set(seconds, model.name) }

    /// Counts an answer.
    ///
    /// - Parameters:
    ///   - answer: The answer.
    ///   - prediction: Its prediction, with the model's decisions.
    ///   - model: The model.
    ///   - seconds: The time from the item's arrival to its answer.
    func answered(_ answer: ServedAnswer, _ prediction: Prediction, model: ServedModel, seconds: Double) {
        tei.predictSuccess.add()
        tei.predictDuration.observe(seconds)
        tei.predictTokenization.observe(answer.timing.tokenization.seconds)
        tei.predictQueue.observe(answer.timing.queue.seconds)
        tei.predictInference.observe(answer.timing.inference.seconds)
        count(prediction, model: model.name, tokens: answer.tokens, isTruncated: answer.isTruncated)
    }

    /// Counts a prediction.
    ///
    /// - Parameters:
    ///   - prediction: The prediction, with the model's decisions.
    ///   - model: The model's name.
    ///   - tokens: The item's tokens.
    ///   - isTruncated: Whether the item was cut.
    func count(_ prediction: Prediction, model: String, tokens: Int, isTruncated: Bool) {
        tei.inputLength.observe(Double(tokens))
        models.tokens.add(Double(tokens), model)
        if isTruncated { models.truncated.add(1, model) }
        if prediction.isRejected { models.rejected.add(1, model) }
        for label in prediction.labels { models.predictions.add(1, model, label) }
        guard prediction.problemType != .regression else { return }
        models.scores.observe(prediction.score, model)
        let labels = prediction.names.indices.filter { prediction.labels.contains(prediction.names[$0]) }
        drift.withLock { drift -> Void in
            drift[model]?.served.add(labels: labels, confidence: prediction.score, tokens: tokens)
        }
    }
}
