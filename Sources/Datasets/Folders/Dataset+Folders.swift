extension Dataset {
    /// Reads a file, several files by a pattern, or a folder.
    ///
    /// A folder may be laid out like a dataset of the Hub (`data/train-00000-of-00004.parquet`, `train.csv`, a README.md
    /// whose YAML has `configs`), or contain one folder of plain texts per class, which become the columns `text` and
    /// `label`. Files that are left out are listed in ``warnings``. If the files have no class names, those in the
    /// README.md (`dataset_info`) are used.
    ///
    /// - Parameters:
    ///   - name: A path, or a pattern such as `data/*.csv` or `data/**/*.jsonl`.
    ///   - split: The split of a folder; nil takes `train`, or the only split.
    ///   - configuration: One of the configurations in a folder's README.md; nil takes the default.
    ///   - storage: How much memory the rows may take.
    /// - Throws: `.missingFile`, `.notAllowed`, `.unknownFormat`, `.badData` for an unknown split, or `.badFile` naming
    ///   the file and line.
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

    /// Returns the names of a folder's splits, in order; only `train` for a file.
    ///
    /// - Parameters:
    ///   - name: A path or a pattern.
    ///   - configuration: As in ``init(_:split:configuration:storage:)``.
    /// - Returns: The split names.
    /// - Throws: `.missingFile`, `.badFile`.
    public static func splitNames(
        of name: String,
        configuration: String? = nil
    ) throws(DatasetError) -> [String] {
        try DatasetFiles(name, configuration: configuration).splits.map(\.name)
    }

    /// Returns the languages listed in a folder's README.md, as on the Hub.
    ///
    /// - Parameter name: The path of a folder; a file has no languages.
    /// - Returns: The ISO 639-1 codes as written there.
    public static func languages(of name: String) -> [String] {
        DatasetCard.languages(path: name + "/README.md")
    }
}
