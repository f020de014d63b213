import Classification
package import Evaluation
package import Foundation
import Models

extension ScoredRows {
    /// Reads the evaluated rows of a run, with the labels of its model.
    ///
    /// - Parameter run: The run's folder, with `eval_predictions.jsonl`.
    /// - Throws: `ModelError` if the file is missing; the errors of reading it and the model's labels.
    package init(run: URL) throws {
        let path = run.appending(path: Self.fileName).path(percentEncoded: false)
        guard FileManager.default.fileExists(atPath: path) else {
            throw ModelError(
                .missingFile,
                "there is no \(path), the rows of the run's evaluation: write it with `attune evaluate --model <run> "
                    + "--dataset <file> --predictions <run>`"
            )
        }
        // An adapter's folder has no config.json, but the settings have the names, too.
        let names = try ClassifierSettings(folder: run).labelNames
        try self.init(folder: run, labels: names ?? ModelConfiguration(folder: run).labels)
    }
}
