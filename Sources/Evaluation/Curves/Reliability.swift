import Foundation

/// Compares probabilities with the shares of rows for which they came true, in bins.
///
/// Source: Guo et al. 2017, "On calibration of modern neural networks": equally wide bins, open below and closed above; the
/// first contains 0. torchmetrics' bins are closed below and open above, so that a probability of exactly 1 has its own bin.
package struct Reliability: Sendable, Equatable {
    /// The rows with a probability in one range.
    package struct Bin: Sendable, Equatable {
        /// The range; the lower end does not belong to it, except for 0.
        package let range: ClosedRange<Double>
        /// The number of rows.
        package let count: Int
        /// The mean probability; 0 without rows.
        package let confidence: Double
        /// The share of rows for which it came true; 0 without rows.
        package let share: Double

        /// The 95 % interval of ``share``; everything without rows.
        ///
        /// Source: Wilson 1927.
        package var interval: ClosedRange<Double> {
            count > 0 ? Interval.share(share, of: Double(count)) : 0...1
        }

        /// The distance of ``share`` from ``confidence``.
        package var gap: Double { abs(share - confidence) }
    }

    /// The bins, ascending; some may be empty.
    package let bins: [Bin]

    /// Sorts rows into bins.
    ///
    /// - Parameters:
    ///   - probabilities: The probabilities, from 0 to 1.
    ///   - cameTrue: Whether each came true.
    ///   - count: The number of bins.
    package init(_ probabilities: [Double], _ cameTrue: [Bool], bins count: Int = 15) {
        precondition(probabilities.count == cameTrue.count, "an outcome for each probability")
        var sums = [(count: Int, confidence: Double, hits: Int)](repeating: (0, 0, 0), count: count)
        for (probability, cameTrue) in zip(probabilities, cameTrue) {
            let place = min(max(Int((probability * Double(count)).rounded(.up)) - 1, 0), count - 1)
            sums[place].count += 1
            sums[place].confidence += probability
            if cameTrue { sums[place].hits += 1 }
        }
        bins = sums.enumerated().map { place, sum in
            Bin(
                range: Double(place) / Double(count)...Double(place + 1) / Double(count),
                count: sum.count,
                confidence: ratio(sum.confidence, Double(sum.count)),
                share: ratio(Double(sum.hits), Double(sum.count))
            )
        }
    }

    /// The number of rows.
    private var total: Double { Double(bins.reduce(0) { $0 + $1.count }) }

    /// The expected calibration error: the mean distance, weighted by rows.
    package var expectedError: Double {
        ratio(bins.reduce(0) { $0 + Double($1.count) * $1.gap }, total)
    }

    /// The largest distance of a bin with rows.
    package var largestError: Double { bins.reduce(0) { $1.count > 0 ? max($0, $1.gap) : $0 } }

    /// The root of the mean squared distance, weighted by rows.
    package var rootMeanSquaredError: Double {
        ratio(bins.reduce(0) { $0 + Double($1.count) * $1.gap * $1.gap }, total).squareRoot()
    }

    /// The mean confidence minus the share that came true: positive if the model is too confident.
    package var overconfidence: Double {
        ratio(bins.reduce(0) { $0 + Double($1.count) * ($1.confidence - $1.share) }, total)
    }
}

extension RowScores {
    /// The most scores for which ``adaptiveCalibrationError(ranges:)`` is computed, because each label's are sorted.
    private static let mostSortedScores = 20_000_000

    /// The reliability of the answers' confidence.
    ///
    /// For label sets that of every decision: each label's probability and whether the row has the label.
    ///
    /// - Parameter bins: The number of bins.
    /// - Returns: The reliability; nil for a regression.
    package func reliability(bins: Int = 15) -> Reliability? {
        switch rows.truth {
        case .classes: return Reliability(confidences, isRight, bins: bins)
        case .labelSets:
            var (scores, members): ([Double], [Bool]) = ([], [])
            for label in rows.labels.indices {
                scores += probabilities(ofLabel: label)
                members += self.members(ofLabel: label)
            }
            return Reliability(scores, members, bins: bins)
        case .numbers: return nil
        }
    }

    /// The adaptive calibration error: for every label, all rows are sorted by its probability and divided into ranges of
    /// equal count; the mean of the distances of mean probability and share over labels and ranges.
    ///
    /// Other libraries give this name to the error of the predicted class alone.
    ///
    /// - Parameter count: The number of ranges.
    /// - Returns: The error; nil for a regression, and if there are too many scores.
    ///
    /// Source: Nixon et al. 2019, "Measuring calibration in deep learning".
    package func adaptiveCalibrationError(ranges count: Int = 15) -> Double? {
        if case .numbers = rows.truth { return nil }
        guard rows.count > 0, rows.logits.count <= Self.mostSortedScores else { return nil }
        let count = min(count, rows.count)
        var sum = 0.0
        for label in rows.labels.indices {
            let scores = probabilities(ofLabel: label)
            let members = members(ofLabel: label)
            let order = scores.indices.sorted { (scores[$0], $0) < (scores[$1], $1) }
            for range in 0..<count {
                let places = order[rows.count * range / count..<rows.count * (range + 1) / count]
                let distance = places.reduce(0) { $0 + scores[$1] - (members[$1] ? 1 : 0) }
                sum += abs(distance) / Double(places.count)
            }
        }
        return sum / Double(rows.labels.count * count)
    }

    /// The mean squared distance of the probabilities from the truth, summed over classes: from 0 to 2.
    ///
    /// For two classes this is twice the `brier_score` of the metrics, which has the probability of the second class only.
    /// For label sets it is the mean over all decisions, from 0 to 1. Nil for a regression and without rows.
    ///
    /// Source: Brier 1950.
    package var brierScore: Double? {
        guard rows.count > 0 else { return nil }
        var sum = 0.0
        for label in rows.labels.indices {
            for (score, isMember) in zip(probabilities(ofLabel: label), members(ofLabel: label)) {
                sum += (score - (isMember ? 1 : 0)) * (score - (isMember ? 1 : 0))
            }
        }
        switch rows.truth {
        case .classes: return sum / Double(rows.count)
        case .labelSets: return sum / Double(rows.logits.count)
        case .numbers: return nil
        }
    }

    /// The mean negative log probability of the true class, in nats, from the logits: no probability is clipped.
    ///
    /// Nil unless every row has one class.
    package var negativeLogLikelihood: Double? {
        guard case .classes(let truth) = rows.truth, rows.count > 0 else { return nil }
        let width = rows.labels.count
        let sum = truth.indices.reduce(0.0) { sum, row in
            let logit = Double(rows.logits[row * width + truth[row]])
            return sum + normalizer(of: row) - logit
        }
        return sum / Double(rows.count)
    }
}
