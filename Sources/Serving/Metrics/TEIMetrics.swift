/// The metrics of text-embeddings-inference under its names, with its buckets.
///
/// Unlike there, a single request is counted once, and successes are counted. Durations are in seconds, although the names do
/// not say so.
///
/// Source: `core/src/infer.rs`, `core/src/queue.rs`, `router/src/http/server.rs` and `router/src/prometheus.rs` of
/// text-embeddings-inference 1.9.3
struct TEIMetrics: Sendable {
    let requestCount = MetricFamily(
        "te_request_count",
        .counter,
        labels: ["method"],
        "Requests for answers, single or batch."
    )
    let requestSuccess = MetricFamily(
        "te_request_success",
        .counter,
        labels: ["method"],
        "Requests answered without an error, single or batch."
    )
    let requestFailure = MetricFamily(
        "te_request_failure",
        .counter,
        labels: ["err"],
        "Requests or items that failed, by reason."
    )
    let predictCount = MetricFamily("te_predict_count", .counter, "Items to classify.")
    let predictSuccess = MetricFamily("te_predict_success", .counter, "Items classified.")
    let requestDuration = duration(
        "te_request_duration",
        "Seconds from a request's head to its response's last byte."
    )
    let requestTokenization = duration(
        "te_request_tokenization_duration",
        "Mean seconds of tokenization per request."
    )
    let requestQueue = duration("te_request_queue_duration", "Mean seconds in the queue per request.")
    let requestInference = duration("te_request_inference_duration", "Mean seconds of inference per request.")
    let predictDuration = duration("te_predict_duration", "Seconds from an item's arrival to its answer.")
    let predictTokenization = duration(
        "te_predict_tokenization_duration",
        "Seconds of tokenization per item."
    )
    let predictQueue = duration("te_predict_queue_duration", "Seconds in the queue per item.")
    let predictInference = duration("te_predict_inference_duration", "Seconds of inference per item.")
    let inputLength = MetricFamily(
        "te_request_input_length",
        .histogram(powersOfTwo(upTo: 20)),
        "Tokens of an item."
    )
    let batchSize = MetricFamily("te_batch_next_size", .histogram(powersOfTwo(upTo: 12)), "Items of a batch.")
    let batchTokens = MetricFamily(
        "te_batch_next_tokens",
        .histogram(powersOfTwo(upTo: 20)),
        "Tokens of a batch."
    )
    let queueSize = MetricFamily("te_queue_size", .gauge, "Items in the queue.")

    /// All metrics.
    var families: [MetricFamily] {
        [
            requestCount, requestSuccess, requestFailure, predictCount, predictSuccess, requestDuration,
            requestTokenization, requestQueue, requestInference, predictDuration, predictTokenization,
            predictQueue,
            predictInference, inputLength, batchSize, batchTokens, queueSize,
        ]
    }

    /// Creates the metrics with all counters at zero.
    init() {
        for method in ["single", "batch"] {
            requestCount.prepare(method)
            requestSuccess.prepare(method)
        }
        for reason in FailureReason.allCases { requestFailure.prepare(reason.rawValue) }
    }

    /// Counts a finished request.
    ///
    /// - Parameters:
    ///   - facts: Its facts; a request that asked for no answers is not counted.
    ///   - isSuccess: Whether its status is a success.
    ///   - seconds: Its duration.
    func count(_ facts: RequestRecord.Facts, isSuccess: Bool, seconds: Double) {
        guard let isBatch = facts.isBatch else { return }
        let method = isBatch ? "batch" : "single"
        requestCount.add(1, method)
        predictCount.add(Double(facts.items))
        // The failure of a request includes those of its items. The queue counts dropped items.
        if let failure = facts.failure {
            if failure != .dropped { requestFailure.add(1, failure.rawValue) }
        } else {
            for (reason, count) in facts.itemFailures { requestFailure.add(Double(count), reason.rawValue) }
        }
        guard isSuccess, facts.failure == nil else { return }
        requestSuccess.add(1, method)
        requestDuration.observe(seconds)
        guard facts.answers > 0 else { return }
        requestTokenization.observe(facts.mean(facts.tokenization).seconds)
        requestQueue.observe(facts.mean(facts.queue).seconds)
        requestInference.observe(facts.mean(facts.inference).seconds)
    }
}

/// A histogram of durations with text-embeddings-inference's bounds: 15 µs × 1.5ᵏ, 35 of them.
private func duration(_ name: String, _ help: String) -> MetricFamily {
    var bounds = [1.5e-5]
    while bounds.count < 35 { bounds.append((bounds.last ?? 0) * 1.5) }
    return MetricFamily(name, .histogram(bounds), help)
}

/// The bounds 1, 2, 4 to 2 to the power of an exponent.
private func powersOfTwo(upTo exponent: Int) -> [Double] { (0...exponent).map { Double(1 << $0) } }
