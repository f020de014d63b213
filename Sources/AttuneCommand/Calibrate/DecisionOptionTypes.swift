public import ArgumentParser
public import Attune
public import Evaluation

extension Calibration.Method: ExpressibleByArgument {}
extension ConformalSets.Method: ExpressibleByArgument {}
extension ConfidentLearning.Rule: ExpressibleByArgument {}
extension ConfidentLearning.Order: ExpressibleByArgument {}
extension ThresholdGoal: ExpressibleByArgument {
    /// Reads a goal such as `precision:0.9`.
    ///
    /// - Parameter argument: The text as typed.
    public init?(argument: String) { self.init(text: argument) }
}
