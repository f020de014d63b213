/// The metrics of the queue and its batches that text-embeddings-inference lacks.
struct QueueMetrics: Sendable {
    let age = MetricFamily(
        "attune_queue_age_seconds",
        .gauge,
        "Seconds that the oldest item has been in the queue."
    )
    let tokens = MetricFamily("attune_queue_tokens", .gauge, "Tokens in the queue.")
    let fill = MetricFamily(
        "attune_batch_fill_ratio",
        .histogram([0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]),
        "Tokens of a batch as a share of the token budget."
    )
    let batchDuration = MetricFamily(
        "attune_batch_duration_seconds",
        .histogram([0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]),
        labels: ["model"],
        "Seconds of a batch in the model."
    )

    /// All metrics.
    var families: [MetricFamily] { [age, tokens, fill, batchDuration] }
}
