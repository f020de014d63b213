/// Plain texts in folders named after their class: one text per file, read into the columns `text` and `label`.
///
/// For example `reviews/pos/0.txt`, or `aclImdb/train/pos/0.txt` below split folders. Other files in the folder are left
/// out and listed.
struct ClassFolders {
    /// A text and its class.
    struct Text {
        var path: String
        var label: String
    }

    /// The texts by split, in the order of their paths.
    let splits: [(name: String, texts: [Text])]
    /// Text files outside the class folders.
    let strays: [String]

    /// Finds class folders; nil if there are fewer than two classes, or if more texts are outside class folders than inside.
    ///
    /// - Parameters:
    ///   - files: The files; only `.txt` files are considered.
    ///   - folder: The dataset's folder, or the fixed beginning of a pattern.
    ///   - hasSplits: Whether folders above the classes may name splits; files of a pattern are all one split.
    init?(_ files: [String], in folder: String, hasSplits: Bool) {
        let texts = files.filter { FileFormat(path: $0) == .lines }.map { path in
            (path: path, folders: Array(SplitNames.parts(of: path, below: folder).dropLast()))
        }
        // A split folder contains class folders; a folder that has a split's name but contains texts may be a class.
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

    /// The number of texts in all splits.
    var count: Int { splits.reduce(0) { $0 + $1.texts.count } }

    /// Whether at least two classes have two or more texts.
    var hasSeveralTextsEach: Bool {
        Dictionary(grouping: splits.flatMap(\.texts)) { Array($0.label.utf8) }.values.count { $0.count > 1 }
            > 1
    }

    /// Reads the texts of a split.
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

    /// Reads a file's text; other encodings than UTF-8 are handled as in ``Dataset/init(contentsOf:storage:)``.
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
