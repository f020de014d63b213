package import Checkpoints
package import Models

extension ModelError {
    /// Returns the error for a base model, which has no trained head.
    ///
    /// - Parameters:
    ///   - name: The model, as it was given.
    ///   - report: The report of loading, whose notes may explain the missing head.
    /// - Returns: The error.
    package static func untrained(_ name: String, _ report: LoadReport) -> ModelError {
        let what =
            "\(name) is a base model without a classification head; train one first with `attune train`"
        return ModelError(.unsupported, ([what] + report.notes).joined(separator: "; "))
    }
}
