/// The share of errors if only the most confident rows are answered, for every share of answered rows.
///
/// Source: Geifman and El-Yaniv 2017, "Selective classification for deep neural networks".
package struct RiskCoverage: Sendable, Equatable {
    /// The errors among the most confident rows.
    package struct Step: Sendable, Equatable {
        /// The lowest confidence of these rows.
        package let threshold: Double
        /// The number of these rows.
        package let answered: Int
        /// The number of errors among them.
        package let errors: Int

        /// The share of errors.
        package var risk: Double { ratio(Double(errors), Double(answered)) }
    }

    /// The steps by descending threshold, one for each distinct confidence.
    package let steps: [Step]
    /// The number of rows.
    package let count: Int
    /// The mean share of errors over all numbers of answered rows, 1 to ``count``.
    ///
    /// Rows with equal confidence are assumed to be in random order, so that the order of rows does not matter.
    package let area: Double

    /// Computes the curve.
    ///
    /// - Parameters:
    ///   - confidences: The confidence of each row.
    ///   - isRight: Whether each row's answer is right.
    package init(_ confidences: [Double], _ isRight: [Bool]) {
        precondition(confidences.count == isRight.count, "an outcome for each confidence")
        let order = confidences.indices.sorted { confidences[$0] > confidences[$1] }
        var steps: [Step] = []
        var errors = 0
        for (place, row) in order.enumerated() {
            if !isRight[row] { errors += 1 }
            if place + 1 == order.count || confidences[order[place + 1]] != confidences[row] {
                steps.append(Step(threshold: confidences[row], answered: place + 1, errors: errors))
            }
        }
        var (sum, before, wrong) = (0.0, 0, 0)
        for step in steps {
            let rate = Double(step.errors - wrong) / Double(step.answered - before)
            for answered in (before + 1)...step.answered {
                sum += (Double(wrong) + rate * Double(answered - before)) / Double(answered)
            }
            (before, wrong) = (step.answered, step.errors)
        }
        self.steps = steps
        count = confidences.count
        area = ratio(sum, Double(count))
    }

    /// The step with the most answered rows among those with at most a share of errors; nil if there is none.
    ///
    /// - Parameter risk: The highest share of errors.
    /// - Returns: The step.
    package func widest(withRisk risk: Double) -> Step? { steps.last { $0.risk <= risk } }

    /// The first step that answers at least a share of the rows; nil without rows.
    ///
    /// - Parameter coverage: The share, from 0 to 1.
    /// - Returns: The step.
    package func step(answering coverage: Double) -> Step? {
        steps.first { Double($0.answered) >= coverage * Double(count) - 1e-9 }
    }
}
