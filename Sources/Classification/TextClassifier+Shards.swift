package import Foundation
import Models

// A classifier that several processes write together.
extension TextClassifier {
    /// Writes the files that one process writes for all: `config.json`, the tokenizer's files, settings and decisions.
    ///
    /// - Parameter folder: The folder that all ranks write to.
    /// - Throws: `CheckpointError` or `FileError` if a file cannot be written.
    package func saveSharedFiles(to folder: URL) throws {
        try model.saveConfiguration(to: folder)
        try saveCompanions(to: folder)
    }
}
