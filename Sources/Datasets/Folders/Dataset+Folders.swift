import Foundation

extension Dataset {
    /// Reads a file, several files by a pattern, or a folder.
    ///
    /// A folder may be laid out like a dataset of the Hub (`data/train-00000-of-00004.parquet`, `train.csv`, a README.md
    /// whose YAML has `configs`), or hold plain texts in a folder for each class, which become the columns `text` and
    /// `label`.
    ///
    /// - Parameters:
    ///   - name: A path, or a pattern such as `data/*.csv` or `data/**/*.jsonl`.
    ///   - split: Which split of a folder; nil takes `train`, or the only one.
    ///   - configuration: Which of the configurations that a folder's README.md lists; nil takes the default one.
    ///   - storage: How much memory the rows may take.
    /// - Throws: `.missingFile`, `.notAllowed`, `.unknownFormat`, `.badData` for a split that is not there, or `.badFile`
    ///   naming file and line.
    ///
    /// Source: `load_dataset` of datasets 5.2 for local files (load.py, data_files.py).
    public init(
        _ name: String,
        split: String? = nil,
        configuration: String? = nil,
        storage: StorageOptions = StorageOptions()
    ) throws(DatasetError) {
        let found = try DatasetFiles(name, configuration: configuration)
        let files = try found.files(ofSplit: split, of: name)
        if files.count > 1, let folders = ClassFolders(files, in: name) {
            self = try folders.dataset(storage)
            return
        }
        var parts: [Dataset] = []
        for file in files {
            let part = try Dataset(file: URL(filePath: file), storage: storage)
            if let first = parts.first, first.ownColumnNames != part.ownColumnNames {
                throw DatasetError(
                    .badFile,
                    "\(file) has the columns \(part.listedColumns) where \(files[0]) has \(first.listedColumns); "
                        + "read them one by one, or give them the same columns"
                )
            }
            parts.append(part)
        }
        self = try Dataset.concatenate(parts).readingCells(of: name)
    }

    /// The splits that a folder has, in their order; `train` alone for a file.
    ///
    /// - Parameters:
    ///   - name: A path or a pattern.
    ///   - configuration: As ``init(_:split:configuration:storage:)``.
    /// - Returns: The splits' names.
    /// - Throws: `.missingFile`, `.badFile`.
    public static func splitNames(
        of name: String,
        configuration: String? = nil
    ) throws(DatasetError) -> [String] {
        try DatasetFiles(name, configuration: configuration).splits.map(\.name)
    }

    /// The languages that a folder's README.md gives, as the Hub's datasets do.
    ///
    /// - Parameter name: A path; a file has none.
    /// - Returns: ISO 639-1 codes as they stand there.
    public static func languages(of name: String) -> [String] {
        DatasetCard.languages(path: name + "/README.md")
    }
}
