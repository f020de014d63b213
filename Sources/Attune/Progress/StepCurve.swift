import JSON
import Training

/// The losses of all steps of a run as the means of equally many steps each, so that a report has a curve however seldom the
/// run logs.
package struct StepCurve: Sendable, Equatable {
    /// The means over consecutive steps.
    package struct Point: Sendable, Equatable {
        /// The last of the steps.
        package var step: Int
        /// The number of steps.
        package var count = 1
        /// The mean loss.
        package var loss: Double
        /// The mean norm of the gradients, before clipping.
        package var gradientNorm: Double
        /// The learning rate of the last step.
        package var learningRate: Double

        /// Adds the following steps.
        fileprivate mutating func add(_ next: Point) {
            let total = Double(count + next.count)
            loss = (loss * Double(count) + next.loss * Double(next.count)) / total
            gradientNorm = (gradientNorm * Double(count) + next.gradientNorm * Double(next.count)) / total
            (step, learningRate, count) = (next.step, next.learningRate, count + next.count)
        }
    }

    /// The most points that are kept.
    static let mostPoints = 256

    /// The points, by ascending step.
    package private(set) var points: [Point] = []
    /// The number of steps of a point; it doubles when there are too many points.
    private var width = 1

    /// Adds a step; steps that a resumed run repeats replace those of the run before.
    ///
    /// - Parameter record: The step.
    package mutating func add(_ record: StepRecord) {
        points.removeAll { $0.step >= record.step }
        let next = Point(
            step: record.step,
            loss: record.loss,
            gradientNorm: record.gradientNorm,
            learningRate: record.learningRate
        )
        if let last = points.indices.last, points[last].count < width {
            points[last].add(next)
            return
        }
        points.append(next)
        guard points.count > Self.mostPoints else { return }
        width *= 2
        var merged: [Point] = []
        for point in points {
            if let last = merged.indices.last, merged[last].count + point.count <= width {
                merged[last].add(point)
            } else {
                merged.append(point)
            }
        }
        points = merged
    }
}

extension StepCurve {
    /// The points as a list of lists: step, number of steps, loss, norm, learning rate.
    var json: JSONValue {
        .array(
            points.map {
                .array([
                    .int($0.step), .int($0.count), .double($0.loss), .double($0.gradientNorm),
                    .double($0.learningRate),
                ])
            }
        )
    }

    /// Reads what ``json`` wrote; points that cannot be read are left out.
    ///
    /// - Parameter json: The list.
    init(json: JSONValue) {
        points = (json.array ?? []).compactMap { point in
            guard let parts = point.array, parts.count == 5, let step = parts[0].int,
                let count = parts[1].int, let loss = parts[2].double, let norm = parts[3].double,
                let rate = parts[4].double
            else { return nil }
            return Point(step: step, count: count, loss: loss, gradientNorm: norm, learningRate: rate)
        }
        width = points.map(\.count).max() ?? 1
    }
}
