extension Dataset {
    /// Reads a file, several files by a pattern, or a folder.
    ///
    /// A folder may be laid out like a dataset of the Hub (`data/train-00000-of-00004.parquet`, `train.csv`, a README.md
    /// whose YAML has `configs`), or hold plain texts in a folder for each class, which become the columns `text` and
    /// `label`. Files that are left out are listed in ``warnings``. Classes that the README.md names (`dataset_info`) are
    /// those of the columns, if the files name none.
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
        let files = try DatasetFiles(name, configuration: configuration)
        self = try files.rows(ofSplit: split, of: name, configuration: configuration, storage)
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
