extension ScoredRows {
    /// The metrics of these rows, with intervals.
    package var metrics: EvaluationMetrics {
        switch truth {
        case .classes(let ids):
            var accumulator = ClassificationAccumulator(labels: ids, classCount: labels.count)
            accumulator.add(logits: logits)
            return .singleLabel(accumulator.metrics(withIntervals: true))
        case .labelSets(let sets):
            var accumulator = MultiLabelAccumulator(labels: sets, labelCount: labels.count)
            accumulator.add(logits: logits)
            return .multiLabel(accumulator.metrics(withIntervals: true))
        case .numbers(let numbers):
            return .regression(
                RegressionMetrics(predictions: logits.map(Double.init), labels: numbers, withIntervals: true)
            )
        }
    }
}
