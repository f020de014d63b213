import JSON

/// The losses of a run, in the order of steps.
public struct TrainingCurve: Sendable, Equatable {
    /// A loss.
    public struct Point: Sendable, Equatable {
        /// The step after which it was recorded.
        public var step: Int
        /// The loss.
        public var loss: Double

        /// Creates a point.
        ///
        /// - Parameters:
        ///   - step: The step after which the loss was recorded.
        ///   - loss: The loss.
        public init(step: Int, loss: Double) { (self.step, self.loss) = (step, loss) }
    }

    /// The rows of the log: each is the mean training loss since the row before.
    public var training: [Point]
    /// The losses of evaluations.
    public var evaluation: [Point]

    /// Creates a curve.
    ///
    /// - Parameters:
    ///   - training: The mean training losses.
    ///   - evaluation: The losses of evaluations.
    public init(training: [Point], evaluation: [Point]) {
        (self.training, self.evaluation) = (training, evaluation)
    }
}

extension Trainer.Outcome {
    /// The losses of the run, including those before resuming.
    public var curve: TrainingCurve {
        func points(_ name: String) -> [TrainingCurve.Point] {
            state.logHistory.compactMap { row in
                guard let step = row["step"].int, let loss = row[name].double else { return nil }
                return TrainingCurve.Point(step: step, loss: loss)
            }
        }
        return TrainingCurve(training: points("loss"), evaluation: points("eval_loss"))
    }
}
