import Datasets

/// Errors about the files of a resumed or divided prediction.
enum DatasetErrors {
    /// A manifest that cannot be read.
    static func damagedManifest(_ path: String) -> DatasetError {
        DatasetError(
            .badFile,
            "\(path) is damaged or of another version; remove it with its parts, and start again"
        )
    }

    /// Parts of another run.
    static func otherRun(_ folder: String, _ field: String, _ own: String, _ other: String) -> DatasetError {
        DatasetError(
            .badData,
            "\(folder) belongs to another prediction: \(field) was \(other), and is \(own) now; use the former value, remove the "
                + "folder, or choose another --output"
        )
    }
}
