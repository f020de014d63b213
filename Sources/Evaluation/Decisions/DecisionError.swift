/// The error of a calibration, a choice of thresholds or a comparison that the rows do not permit.
public struct DecisionError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The reason and a remedy.
    public let message: String

    /// The reason and a remedy.
    public var description: String { message }

    /// Creates an error.
    ///
    /// - Parameter message: The reason and a remedy.
    public init(_ message: String) { self.message = message }
}
