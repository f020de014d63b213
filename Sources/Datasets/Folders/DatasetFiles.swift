import Files
import Foundation

/// The files of a dataset, by split.
///
/// A dataset is a file, a pattern, or a folder with the Hub's layout.
///
/// Source: `data_files.py` of datasets 5.2.
struct DatasetFiles {
    /// A named part of the data: `train`, `validation`, `test`.
    struct Split: Equatable {
        var name: String
        var files: [String]
    }

    let splits: [Split]
    /// The class folders, if the files are texts in folders named after their class.
    private let classFolders: ClassFolders?
    /// Notes on the choice of files: those that were left out.
    let notes: [String]

    private init(splits: [Split], classFolders: ClassFolders? = nil, notes: [String] = []) {
        self.splits = splits
        self.classFolders = classFolders
        self.notes = notes
    }

    /// Finds the files.
    ///
    /// - Parameters:
    ///   - name: A path or a pattern.
    ///   - configuration: One of the configurations in a folder's README.md; nil takes the default.
    /// - Throws: `.missingFile`, `.badFile`.
    init(_ name: String, configuration: String? = nil) throws(DatasetError) {
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: name, isDirectory: &isFolder) {
            self =
                isFolder.boolValue
                ? try Self.folder(name, configuration)
                : Self(splits: [Split(name: "train", files: [name])])
            return
        }
        if OpenableFile.isThere(name) {
            self.init(splits: [Split(name: "train", files: [name])])
            return
        }
        guard FilePattern.isPattern(name) else {
            throw DatasetError(.missingFile, "cannot read \(name): there is no such file or folder")
        }
        self = try Self.pattern(name)
    }

    private static func pattern(_ pattern: String) throws(DatasetError) -> DatasetFiles {
        let found = FilePattern(pattern)
        let files = found.files()
        let known = files.filter { FileFormat(path: $0) != nil }
        guard !known.isEmpty else {
            if let first = files.first { throw FileFormat.unknown(first) }
            throw DatasetError(
                .missingFile,
                "no data file matches \"\(pattern)\"; quote the pattern, and check the folder"
            )
        }
        if known.allSatisfy({ FileFormat(path: $0) == .lines }),
            let classes = ClassFolders(known, in: found.base, hasSplits: false)
        {
            return Self(classes, of: pattern, files, in: found.base)
        }
        let others = files.filter { FileFormat(path: $0) == nil }
        let note =
            "\(pattern): left out \(counted(others.count, "file")) of unknown format: "
            + listedFiles(others, below: found.base)
        return Self(
            splits: [Split(name: "train", files: known)],
            notes: others.isEmpty ? [] : [note]
        )
    }

    private static func folder(
        _ folder: String,
        _ configuration: String?
    ) throws(DatasetError) -> DatasetFiles {
        let readme = folder + "/README.md"
        if let declared = try DatasetCard(path: readme)?.splits(in: folder, configuration: configuration) {
            return Self(splits: declared)
        }
        let all = filesBelow(folder).filter {
            !SplitNames.parts(of: $0, below: folder).dropLast().contains(where: isSpecialFolder)
        }
        let rows = all.filter { FileFormat(path: $0) != nil && !isDescription($0) }
        let tables = rows.filter { FileFormat(path: $0) != .lines }
        if let classes = ClassFolders(rows, in: folder, hasSplits: true),
            tables.isEmpty
                || classes.hasSeveralTextsEach && classes.count > tables.count
                    && !SplitNames(tables, in: folder).areTold
        {
            return Self(classes, of: folder, all, in: folder)
        }
        let named = SplitNames(rows, in: folder)
        // Text files next to tables are notes about them, unless their names mark them as data.
        let candidates =
            named.areTold || tables.isEmpty
            ? named.splits : [Split(name: "train", files: tables)]
        guard let format = mostCommon(candidates.flatMap(\.files)) else {
            let script = all.first { $0.hasSuffix(".py") }
            let reason =
                script.map { "it needs the Python script \($0), which is not supported" }
                ?? all.first { UnreadFormat(path: $0).map { $0 != .markup } ?? false }.flatMap { path in
                    UnreadFormat(path: path).map { "\(path) is \($0.advice(for: path))" }
                }
                ?? "it holds no data file"
            throw DatasetError(
                .badFile,
                "\(folder): \(reason); give a folder of .parquet, .csv, .jsonl or .txt files"
            )
        }
        let splits = candidates.compactMap { split in
            let files = split.files.filter { FileFormat(path: $0) == format }
            return files.isEmpty ? nil : Split(name: split.name, files: files)
        }
        var notes = notes(splits, of: folder, rows: rows, areTold: named.areTold, format)
        let unread = all.filter {
            ![nil, .document, .markup].contains(UnreadFormat(path: $0)) && FileFormat(path: $0) == nil
        }
        if !unread.isEmpty {
            notes.append(
                "\(folder): left out \(counted(unread.count, "file")) of an unsupported format: "
                    + "\(listedFiles(unread, below: folder)); save the rows as .csv, .jsonl or .parquet"
            )
        }
        return Self(splits: splits, notes: notes)
    }

    /// Takes class folders, and notes the other files that are left out.
    private init(_ classes: ClassFolders, of name: String, _ files: [String], in folder: String) {
        let splits = classes.splits.map { Split(name: $0.name, files: $0.texts.map(\.path)) }
        let taken = Set(splits.flatMap(\.files).map { Array($0.utf8) })
        var strays = files.filter { path in
            !taken.contains(Array(path.utf8)) && SplitNames.parts(of: path, below: folder) != ["README.md"]
        }
        let top = (try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder)) ?? []
        strays += top.filter(isSpecialFolder).sorted().map { "\($0)/" }
        let note =
            "\(name): texts in folders named by their class; left out \(counted(strays.count, "other")): "
            + listedFiles(strays, below: folder)
        self.init(splits: splits, classFolders: classes, notes: strays.isEmpty ? [] : [note])
    }

    /// Notes about the files of a folder that are left out, with the reasons.
    private static func notes(
        _ splits: [Split],
        of folder: String,
        rows: [String],
        areTold: Bool,
        _ format: FileFormat
    ) -> [String] {
        var notes: [String] = []
        let taken = Set(splits.flatMap(\.files).map { Array($0.utf8) })
        let left = rows.filter { !taken.contains(Array($0.utf8)) }
        let unnamed = left.filter { FileFormat(path: $0) == format }
        let others = left.filter { FileFormat(path: $0) != format }
        if !unnamed.isEmpty {
            let names = splits.map { "\"\($0.name)\"" }.joined(separator: ", ")
            let isDeep = (unnamed + splits.flatMap(\.files)).contains {
                SplitNames.parts(of: $0, below: folder).count > 1
            }
            let ending = unnamed[0].split(separator: ".").last.map(String.init) ?? "*"
            let slash = folder.hasSuffix("/") ? "" : "/"
            let pattern = shellQuoted(folder + slash + (isDeep ? "**/" : "") + "*.\(ending)")
            notes.append(
                "\(folder): file or folder names give the splits \(names), as in datasets; left out "
                    + "\(counted(unnamed.count, "file")) with no split in the name: \(listedFiles(unnamed, below: folder)); "
                    + "to read all of them as one split, use --dataset \(pattern)"
            )
        }
        if !others.isEmpty {
            notes.append(
                "\(folder): most data files end in .\(format.endings[0]); left out \(counted(others.count, "file")) of another "
                    + "format: \(listedFiles(others, below: folder))"
            )
        }
        var seen: Set<[UInt8]> = []
        if let twice = splits.flatMap(\.files).first(where: { !seen.insert(Array($0.utf8)).inserted }) {
            notes.append(
                "\(folder): the name of \(listedFiles([twice], below: folder)) contains several split names, so its "
                    + "rows are in each split, as in datasets; rename it"
            )
        }
        let capital = areTold ? [] : rows.filter { SplitNames.isSplitName($0, below: folder) }
        if rows.count > 1, let first = capital.first {
            notes.append(
                "\(folder): all files are one split, as in datasets: a name such as \(listedFiles([first], below: folder)) gives "
                    + "a split only in lower case; rename it, or name the evaluation data with --eval-dataset"
            )
        }
        return notes
    }

    /// Reads the rows of a split.
    ///
    /// - Parameters:
    ///   - name: The split; nil takes `train`, or the only one.
    ///   - dataset: The dataset's name, for messages.
    ///   - configuration: The configuration, for class names from a README.md; nil takes the default.
    ///   - storage: How much memory the rows may take.
    /// - Returns: The rows of all its files.
    /// - Throws: `.badData` listing the existing splits; `.badFile`.
    func rows(
        ofSplit name: String?,
        of dataset: String,
        configuration: String?,
        _ storage: StorageOptions
    ) throws(DatasetError) -> Dataset {
        let split = try split(name, of: dataset)
        let rows: Dataset
        if let texts = classFolders?.splits.first(where: { $0.name == split.name })?.texts {
            rows = try ClassFolders.dataset(texts, storage)
        } else {
            var parts: [Dataset] = []
            for file in split.files {
                let part = try Dataset(file: URL(filePath: file), storage: storage)
                if let first = parts.first { try part.requireColumns(of: first, file, split.files[0]) }
                parts.append(part)
            }
            let classes = DatasetCard.classes(path: dataset + "/README.md", configuration: configuration)
            rows = try Dataset.concatenate(parts).readingCells(of: dataset).naming(classes)
        }
        return notes.reduce(rows) { $0.warning($1) }
            .named(dataset, split: splits.count > 1 || name != nil ? split.name : nil)
    }

    private func split(_ name: String?, of dataset: String) throws(DatasetError) -> Split {
        if let found = splits.first(where: { $0.name == name ?? "train" }) { return found }
        if name == nil, splits.count == 1 { return splits[0] }
        let listed = splits.map { "\"\($0.name)\"" }.joined(separator: ", ")
        throw DatasetError(
            .badData,
            "\(dataset) has no split \"\(name ?? "train")\"; it has \(listed); choose one with --split"
        )
    }

    /// Whether a file only describes other files.
    private static func isDescription(_ path: String) -> Bool {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        return [
            "config.json", "dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json",
            "metadata.jsonl",
        ]
        .contains(name)
    }

    /// The format of the most common file name extension; ties are resolved as in datasets.
    ///
    /// Source: `infer_module_for_data_files_list` of datasets 5.2 (load.py).
    private static func mostCommon(_ files: [String]) -> FileFormat? {
        var counts: [String: Int] = [:]
        for file in files { counts[ending(of: file), default: 0] += 1 }
        let favourites = ["parquet", "arrow", "jsonl", "json", "csv"]
        func rank(_ ending: String) -> Int {
            favourites.count - (favourites.firstIndex(of: ending) ?? favourites.count)
        }
        let most = counts.max { ($0.value, rank($0.key), $0.key) < ($1.value, rank($1.key), $1.key) }?.key
        return most.flatMap { FileFormat(path: "x." + $0) }
    }

    /// The file name extension without that of a compression, in lower case.
    private static func ending(of path: String) -> String {
        let parts = path.split(separator: "/").last?.lowercased().split(separator: ".").map(String.init) ?? []
        return parts.last { FileFormat(path: "x." + $0) != nil } ?? ""
    }
}

extension Dataset {
    /// Rejects a file whose columns differ from those of the first file.
    fileprivate func requireColumns(
        of first: Dataset,
        _ file: String,
        _ firstFile: String
    ) throws(DatasetError) {
        guard ownColumnNames != first.ownColumnNames else { return }
        throw DatasetError(
            .badFile,
            "\(file) has the columns \(listedColumns), but \(firstFile) has \(first.listedColumns); "
                + "read the files separately, or give them the same columns"
        )
    }
}

/// Lists the first of several files, for a message.
///
/// - Parameters:
///   - files: Paths.
///   - folder: The folder to leave out at their beginning.
/// - Returns: `a.csv, b.csv and 3 more`.
func listedFiles(_ files: [String], below folder: String = "") -> String {
    let most = 5
    let shown = files.prefix(most).map { path in
        let isBelow = !folder.isEmpty && path.utf8.starts(with: folder.utf8)
        let rest = isBelow ? String(Substring(path.utf8.dropFirst(folder.utf8.count))) : path
        let name = isBelow && rest.hasPrefix("/") ? String(rest.dropFirst()) : rest
        return shortened(name, to: 80)
    }
    let more = files.count - shown.count
    return shown.joined(separator: ", ") + (more > 0 ? " and \(grouped(more)) more" : "")
}
