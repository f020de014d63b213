import Foundation
import TestSupport

@testable import Attune

extension TrainingJob {
    /// A job with default settings, on a file with a column `text`.
    ///
    /// - Parameters:
    ///   - model: The model's path; nil uses the fixture `tiny-base`.
    ///   - dataset: The path of the rows.
    ///   - label: The label column.
    init(model: String? = nil, dataset: String, label: String) {
        let tiny = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
        self.init(
            Recipe(model: ModelSource(model ?? tiny), data: DataSource(dataset), text: "text", label: label)
        )
    }
}
