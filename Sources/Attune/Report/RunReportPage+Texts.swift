import Classification
package import Datasets
import Evaluation
import Foundation

extension RunReportPage {
    /// Finds the texts of the evaluated rows in a dataset, by their hashes.
    ///
    /// So the dataset may be the whole one, of which some rows were held out. Columns are those of training.
    ///
    /// - Parameters:
    ///   - dataset: The dataset.
    ///   - rows: The evaluated rows.
    /// - Returns: The texts that were found, by the index of the row.
    /// - Throws: `ModelError` for a damaged `attune.json`; `DatasetError` if a column is missing.
    package func texts(in dataset: Dataset, of rows: ScoredRows) throws -> [Int: String] {
        let inputs = try RowReader(model: folder.path(percentEncoded: false)).inputs(of: dataset)
        let places = Dictionary(inputs.hashes.enumerated().map { ($1, $0) }) { first, _ in first }
        let texts = inputs.shown
        return Dictionary(
            uniqueKeysWithValues: rows.textHashes.enumerated().compactMap { row, hash in
                places[hash].map { (row, texts[$0]) }
            }
        )
    }
}

extension TextInputs {
    /// Each text for a person to read; of a pair both, with a line between them.
    var shown: [String] {
        switch self {
        case .texts(let texts): texts
        case .pairs(let pairs): pairs.map { "\($0.0) │ \($0.1)" }
        }
    }
}
