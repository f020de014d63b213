/// Plain texts in folders named by their class: one text a file, in the columns `text` and `label`.
///
/// `reviews/pos/0.txt`, or below folders of splits `aclImdb/train/pos/0.txt`. What else is in the folder does not turn this
/// off: it is left out, and listed.
struct ClassFolders {
    /// A text and its class.
    struct Text {
        var path: String
        var label: String
    }

    /// The texts by split, in the order of their paths.
    let splits: [(name: String, texts: [Text])]
    /// Files of texts that are in no class's folder.
    let strays: [String]

    /// Finds class folders; nil if there are not at least two classes, or more texts are outside of them than inside.
    ///
    /// - Parameters:
    ///   - files: Files, of which the `.txt` ones count.
    ///   - folder: The dataset's folder, or a pattern's fixed beginning.
    ///   - hasSplits: Whether folders above the classes may tell splits; a pattern's files are all one split.
    init?(_ files: [String], in folder: String, hasSplits: Bool) {
        let texts = files.filter { FileFormat(path: $0) == .lines }.map { path in
            (path: path, folders: Array(SplitNames.parts(of: path, below: folder).dropLast()))
        }
        // A split's folder holds classes; a folder with a split's name that holds texts itself may be a class like others.
        let usesSplits =
            hasSplits
            && texts.contains { $0.folders.dropLast().contains { SplitNames.split(ofFolder: $0) != nil } }
        var found: [String: [Text]] = [:]
        var strays: [String] = []
        for (path, folders) in texts {
            let split =
                usesSplits
                ? folders.dropLast().lazy.compactMap { SplitNames.split(ofFolder: $0) }.first : "train"
            guard let split, let label = folders.last else {
                strays.append(path)
                continue
            }
            found[split, default: []].append(Text(path: path, label: label))
        }
        let labels = Set(found.values.joined().map { Array($0.label.utf8) })
        let areSplits = labels.allSatisfy {
            SplitNames.split(ofFolder: String(decoding: $0, as: UTF8.self)) != nil
        }
        let count = found.values.reduce(0) { $0 + $1.count }
        guard labels.count > 1, count > strays.count, usesSplits || !hasSplits || !areSplits else {
            return nil
        }
        self.strays = strays
        splits = SplitNames.words.compactMap { name, _ in found[name].map { (name, $0) } }
    }

    /// The texts of all splits.
    var count: Int { splits.reduce(0) { $0 + $1.texts.count } }

    /// Whether at least two classes have two texts or more.
    var hasSeveralTextsEach: Bool {
        Dictionary(grouping: splits.flatMap(\.texts)) { Array($0.label.utf8) }.values.count { $0.count > 1 }
            > 1
    }

    /// A split's texts.
    ///
    /// - Throws: `.badFile` naming the file.
    static func dataset(_ files: [Text], _ storage: StorageOptions) throws(DatasetError) -> Dataset {
        let label = ClassLabel(values: files.map(\.label))
        let ids = label.encode(files.map(\.label))
        var texts = ColumnBuilder(type: ColumnType(.string))
        var labels = ColumnBuilder(type: ColumnType(.int64))
        var store = BatchStore(names: ["text", "label"], types: [texts.type, labels.type], options: storage)
        var western: [String] = []
        for (file, id) in zip(files, ids) {
            texts.append(utf8: try Self.text(of: file.path, &western))
            labels.append(number: Int64(id ?? 0))
            if texts.isFull { try store.append([texts.finish(), labels.finish()]) }
        }
        try store.append([texts.finish(), labels.finish()])
        var columns = try store.finish()
        columns[1].feature = .classLabel(label)
        return Dataset(
            names: ["text", "label"],
            columns: columns,
            warnings: western.isEmpty
                ? []
                : [
                    listedFiles(western) + (western.count == 1 ? " is" : " are")
                        + " not UTF-8; read as Western European (Windows-1252)"
                ],
            origins: RowOrigins(
                files: files.map { RowOrigins.File(path: $0.path, count: 1, isOneText: true) }
            ),
            storage: storage
        )
    }

    /// A file's text; in another encoding than UTF-8 what ``Dataset/init(contentsOf:storage:)`` makes of such a file.
    private static func text(of path: String, _ western: inout [String]) throws(DatasetError) -> [UInt8] {
        let (text, encoding) = try text(of: path, in: nil)
        guard !text.withUnsafeBufferPointer(isUTF8) else { return text }
        guard case .utf8 = encoding, try TextEncoding.isWesternEuropean(path: path) else {
            let kind = if case .utf8 = encoding { "UTF-8" } else { "UTF-16" }
            throw DatasetError(
                .badEncoding,
                "\(path) is not \(kind) throughout; convert it, for example with iconv"
            )
        }
        western.append(path)
        return try self.text(of: path, in: .windows1252).text
    }

    private static func text(
        of path: String,
        in encoding: TextEncoding?
    ) throws(DatasetError) -> (text: [UInt8], encoding: TextEncoding) {
        let input = try TextInput(OpenableFile(path), encoding: encoding)
        var text: [UInt8] = []
        try input.take(into: &text) { _ in false }
        return (text, input.encoding)
    }
}
