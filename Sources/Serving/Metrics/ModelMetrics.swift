/// The metrics of each model's answers.
struct ModelMetrics: Sendable {
    let info = MetricFamily(
        "attune_model_info",
        .gauge,
        labels: ["model", "revision", "dtype", "version"],
        "The loaded models; the value is 1."
    )
    let load = MetricFamily(
        "attune_model_load_seconds",
        .gauge,
        labels: ["model"],
        "Seconds from the start of loading until the model was ready."
    )
    let tokens = MetricFamily("attune_tokens_total", .counter, labels: ["model"], "Tokens of answered items.")
    let truncated = MetricFamily(
        "attune_truncated_total",
        .counter,
        labels: ["model"],
        "Items that were cut."
    )
    let rejected = MetricFamily(
        "attune_rejected_total",
        .counter,
        labels: ["model"],
        "Items without a label, as the model's decisions demand."
    )
    let predictions = MetricFamily(
        "attune_predictions_total",
        .counter,
        labels: ["model", "label"],
        "Items that got a label."
    )
    let scores = MetricFamily(
        "attune_score",
        .histogram([0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1]),
        labels: ["model"],
        "Scores of the most probable label; values of a regression are not included."
    )
    let labelShare = MetricFamily(
        "attune_label_share",
        .gauge,
        labels: ["model", "label", "source"],
        "The share of items with a label, lately served (serving) and in the training data (training)."
    )
    let confidence = MetricFamily(
        "attune_mean_confidence",
        .gauge,
        labels: ["model", "source"],
        "Mean score of the most probable label, lately served (serving) and on the training data (training)."
    )
    let meanTokens = MetricFamily(
        "attune_mean_tokens",
        .gauge,
        labels: ["model", "source"],
        "Mean tokens of an item, lately served (serving) and in the training data (training)."
    )

    /// All metrics.
    var families: [MetricFamily] {
        [
            info, load, tokens, truncated, rejected, predictions, scores, labelShare, confidence, meanTokens,
        ]
    }

    /// Creates the series of a model with all counters at zero.
    ///
    /// - Parameters:
    ///   - model: The model's name.
    ///   - labels: Its labels by id.
    ///   - training: The facts of its training data, if they are known.
    func register(_ model: String, labels: [String], training: TrainingReference?) {
        for family in [tokens, truncated, rejected, scores] { family.prepare(model) }
        for label in labels { predictions.prepare(model, label) }
        if let shares = training?.labelShares {
            for (label, share) in zip(labels, shares) { labelShare.set(share, model, label, "training") }
        }
        if let mean = training?.meanConfidence { confidence.set(mean, model, "training") }
        if let mean = training?.meanTokens { meanTokens.set(mean, model, "training") }
    }

    /// Removes all series of a model.
    ///
    /// - Parameter model: The model's name.
    func remove(_ model: String) {
        for family in families { family.remove(where: "model", is: model) }
    }
}
