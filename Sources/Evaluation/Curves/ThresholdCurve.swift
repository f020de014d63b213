/// The decisions of a label at every threshold: the ROC curve and the precision-recall curve.
///
/// Source: scikit-learn's `roc_curve(drop_intermediate=False)`, `precision_recall_curve` and `average_precision_score`.
package struct ThresholdCurve: Sendable, Equatable {
    /// The decisions with one threshold: rows that score at least this much have the label.
    package struct Step: Sendable, Equatable {
        /// The threshold; infinity for the first step.
        package let threshold: Double
        /// The rows that have the label and score at least the threshold.
        package let hits: Int
        /// The rows that lack the label and score at least the threshold.
        package let alarms: Int
    }

    /// The steps by descending threshold: infinity, then each distinct score.
    package let steps: [Step]
    /// The number of rows that have the label.
    package let positives: Int
    /// The number of rows that lack the label.
    package let negatives: Int
    /// The area under the ROC curve, ties counting half; nil if all rows or none have the label.
    package let areaUnderROC: Double?
    /// The average precision, without interpolation; nil if no row has the label.
    package let averagePrecision: Double?

    /// Computes the curve.
    ///
    /// - Parameters:
    ///   - scores: Finite scores; a higher score means that the label is more likely.
    ///   - isPositive: Whether each row has the label.
    package init(_ scores: [Double], isPositive: [Bool]) {
        precondition(scores.count == isPositive.count, "a truth for each score")
        let order = scores.indices.sorted { scores[$0] > scores[$1] }
        var steps = [Step(threshold: .infinity, hits: 0, alarms: 0)]
        var (hits, alarms) = (0, 0)
        for (place, row) in order.enumerated() {
            if isPositive[row] { hits += 1 } else { alarms += 1 }
            let isLast = place + 1 == order.count || scores[order[place + 1]] != scores[row]
            if isLast { steps.append(Step(threshold: scores[row], hits: hits, alarms: alarms)) }
        }
        self.steps = steps
        (positives, negatives) = (hits, alarms)
        let ranked = RankedScores(scores, isPositive: isPositive)
        (areaUnderROC, averagePrecision) = (ranked.areaUnderROC, ranked.averagePrecision)
    }

    /// The points of the ROC curve: the shares of other rows and of the label's rows that score at least a threshold.
    ///
    /// Empty if all rows or none have the label.
    package var roc: [CurvePoint] {
        guard positives > 0, negatives > 0 else { return [] }
        return steps.map {
            CurvePoint(Double($0.alarms) / Double(negatives), Double($0.hits) / Double(positives))
        }
    }

    /// The points of the precision-recall curve, by ascending recall; the first is (0, 1).
    ///
    /// Empty if no row has the label.
    package var precisionRecall: [CurvePoint] {
        guard positives > 0 else { return [] }
        return steps.map { step in
            CurvePoint(
                Double(step.hits) / Double(positives),
                step.hits + step.alarms == 0 ? 1 : Double(step.hits) / Double(step.hits + step.alarms)
            )
        }
    }
}

/// A point of a curve.
package struct CurvePoint: Sendable, Equatable {
    /// The horizontal coordinate.
    package let x: Double
    /// The vertical coordinate.
    package let y: Double

    /// Creates a point.
    ///
    /// - Parameters:
    ///   - x: The horizontal coordinate.
    ///   - y: The vertical coordinate.
    package init(_ x: Double, _ y: Double) { (self.x, self.y) = (x, y) }
}

extension [CurvePoint] {
    /// The curve with at most some points: the first, the last, and those that change its shape the most.
    ///
    /// - Parameter count: The most points, at least 2.
    /// - Returns: Points of this curve, in its order.
    ///
    /// Source: Steinarsson 2013, "Downsampling time series for visual representation" (largest triangle, three buckets).
    package func thinned(to count: Int) -> [CurvePoint] {
        guard self.count > count, count > 2 else { return Array(self) }
        var kept = [self[0]]
        let inner = self.count - 2
        /// The bucket's first place, from 1.
        func start(_ bucket: Int) -> Int { 1 + inner * bucket / (count - 2) }
        for bucket in 0..<(count - 2) {
            let next = start(bucket + 1)..<(bucket + 3 == count ? self.count : start(bucket + 2))
            let size = Double(next.count)
            let mean = next.reduce((x: 0.0, y: 0.0)) { ($0.x + self[$1].x / size, $0.y + self[$1].y / size) }
            let last = kept[kept.count - 1]
            var (best, largest) = (start(bucket), -1.0)
            for place in start(bucket)..<start(bucket + 1) {
                let point = self[place]
                let area = abs(
                    (last.x - mean.x) * (point.y - last.y) - (last.x - point.x) * (mean.y - last.y)
                )
                if area > largest { (best, largest) = (place, area) }
            }
            kept.append(self[best])
        }
        kept.append(self[self.count - 1])
        return kept
    }
}
