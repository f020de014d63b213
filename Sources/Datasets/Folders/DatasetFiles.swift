import Foundation

/// The files that a dataset's name stands for, by split: a file, a pattern, or a folder as the Hub lays them out.
///
/// Source: `data_files.py` of datasets 5.2.
struct DatasetFiles {
    /// A part of the data with a purpose: `train`, `validation`, `test`.
    struct Split: Equatable {
        var name: String
        var files: [String]
    }

    let splits: [Split]

    /// Looks for files.
    ///
    /// - Parameters:
    ///   - name: A path or a pattern.
    ///   - configuration: Which of the configurations that a folder's README.md lists; nil takes the default one.
    /// - Throws: `.missingFile`, `.badFile`.
    init(_ name: String, configuration: String? = nil) throws(DatasetError) {
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: name, isDirectory: &isFolder) {
            splits =
                isFolder.boolValue
                ? try Self.splits(ofFolder: name, configuration) : [Split(name: "train", files: [name])]
            return
        }
        if OpenableFile.isThere(name) {
            splits = [Split(name: "train", files: [name])]
            return
        }
        guard FilePattern.isPattern(name) else {
            throw DatasetError(.missingFile, "cannot read \(name): there is no such file or folder")
        }
        let matching = FilePattern(name).files()
        let files = matching.filter { FileFormat(path: $0) != nil }
        guard !files.isEmpty else {
            if let first = matching.first { throw FileFormat.unknown(first) }
            throw DatasetError(
                .missingFile,
                "no file of rows matches \"\(name)\"; quote the pattern, and check the folder"
            )
        }
        splits = [Split(name: "train", files: files)]
    }

    /// A split's files.
    ///
    /// - Parameters:
    ///   - name: The split; nil takes `train`, or the only one.
    ///   - dataset: The dataset's name, for messages.
    /// - Returns: Paths.
    /// - Throws: `.badData` listing the splits there are.
    func files(ofSplit name: String?, of dataset: String) throws(DatasetError) -> [String] {
        if let found = splits.first(where: { $0.name == name ?? "train" }) { return found.files }
        if name == nil, splits.count == 1 { return splits[0].files }
        let listed = splits.map { "\"\($0.name)\"" }.joined(separator: ", ")
        throw DatasetError(
            .badData,
            "\(dataset) has no split \"\(name ?? "train")\"; it has \(listed); choose one with --split"
        )
    }

    private static func splits(
        ofFolder folder: String,
        _ configuration: String?
    ) throws(DatasetError) -> [Split] {
        let readme = folder + "/README.md"
        if let declared = try DatasetCard(path: readme)?.splits(in: folder, configuration: configuration) {
            return declared
        }
        let all = filesBelow(folder)
        let known = all.filter { path in
            FileFormat(path: path).map { $0 != .lines } ?? false && !isDescription(path)
        }
        let files = known.isEmpty ? all.filter { FileFormat(path: $0) == .lines } : mostCommon(known)
        guard !files.isEmpty else {
            let script = all.first { $0.hasSuffix(".py") }
            let reason =
                script.map { "it needs the Python script \($0), which is not run here" }
                ?? all.first { UnreadFormat(path: $0).map { $0 != .markup } ?? false }.flatMap { path in
                    UnreadFormat(path: path).map { "\(path) is \($0.advice(for: path))" }
                }
                ?? "it holds no file of rows"
            throw DatasetError(
                .badFile,
                "\(folder): \(reason); give a folder of .parquet, .csv, .jsonl or .txt files"
            )
        }
        return bySplit(files, in: folder)
    }

    /// Files that describe others.
    private static func isDescription(_ path: String) -> Bool {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        return [
            "dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json", "metadata.jsonl",
        ]
        .contains(name)
    }

    /// The files of the format that most of them have.
    private static func mostCommon(_ files: [String]) -> [String] {
        let groups = Dictionary(grouping: files) { FileFormat(path: $0) }
        let most = groups.values.max { ($0.count, $1[0]) < ($1.count, $0[0]) } ?? []
        let format = most.first.flatMap { FileFormat(path: $0) }
        return files.filter { FileFormat(path: $0) == format }
    }

    /// Words that name a split as a file's or folder's name, or between signs within it.
    private static let words: [(split: String, words: [String])] = [
        ("train", ["train", "training"]),
        ("validation", ["validation", "valid", "dev", "val"]),
        ("test", ["test", "testing", "eval", "evaluation"]),
    ]

    private static func bySplit(_ files: [String], in folder: String) -> [Split] {
        var found: [String: [String]] = [:]
        for file in files {
            let path = file.dropFirst(folder.count).lowercased()
            let parts = Set(path.split { !$0.isLetter }.map(String.init))
            if let split = words.first(where: { !parts.isDisjoint(with: $0.words) })?.split {
                found[split, default: []].append(file)
            }
        }
        // Without any such name, all files are there to train on.
        guard !found.isEmpty else { return [Split(name: "train", files: files)] }
        return words.compactMap { name, _ in found[name].map { Split(name: name, files: $0) } }
    }
}
