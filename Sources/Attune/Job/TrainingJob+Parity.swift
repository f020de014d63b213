import Classification
import Foundation
import Torch

extension TrainingJob {
    /// Writes the logits of neutral texts next to the saved model, for `attune verify`.
    ///
    /// The model is saved already, so a lack of memory is only noted.
    ///
    /// - Parameters:
    ///   - classifier: The trained classifier.
    ///   - folder: The output folder.
    ///   - emit: Receives a note if the logits could not be computed.
    /// - Throws: `FileError`; the errors of `emit`.
    func recordParity(
        of classifier: TextClassifier,
        in folder: URL,
        _ emit: (Event) throws -> Void
    ) throws {
        let record: ParityRecord
        do throws(TorchError) {
            record = try ParityRecord(classifier)
        } catch {
            return try emit(.note("\(ParityRecord.fileName) was not written: \(error)"))
        }
        guard record.isFinite else {
            return try emit(.note("\(ParityRecord.fileName) was not written: a logit is NaN or infinite"))
        }
        try record.save(to: folder)
    }
}
