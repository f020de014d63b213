import Foundation

/// Plain texts in folders named by their class: one text a file, in the columns `text` and `label`.
struct ClassFolders {
    private let files: [(path: String, label: String)]

    /// Texts that all stand in folders of their own below another; nil where they do not stand in at least two.
    ///
    /// - Parameters:
    ///   - files: `.txt` files.
    ///   - folder: The dataset's folder.
    init?(_ files: [String], in folder: String) {
        guard files.allSatisfy({ FileFormat(path: $0) == .lines }) else { return nil }
        let labelled = files.map { path in
            // Of a pattern the folders may be anywhere; of a folder they must lie below it.
            let isBelow = path.utf8.starts(with: folder.utf8)
            let below = isBelow ? path.utf8.dropFirst(folder.utf8.count) : path.utf8[...]
            let parts = below.split(separator: UInt8(ascii: "/")).map { String(Substring($0)) }
            return (path: path, label: parts.count > 1 ? parts[parts.count - 2] : "")
        }
        guard labelled.allSatisfy({ !$0.label.isEmpty }), Set(labelled.map(\.label)).count > 1 else {
            return nil
        }
        self.files = labelled
    }

    /// All texts, in the order of the paths.
    ///
    /// - Throws: `.badFile` naming the file.
    func dataset(_ storage: StorageOptions) throws(DatasetError) -> Dataset {
        let label = ClassLabel(values: files.map(\.label))
        let ids = label.encode(files.map(\.label))
        var texts = ColumnBuilder(type: ColumnType(.string))
        var labels = ColumnBuilder(type: ColumnType(.int64))
        var store = BatchStore(names: ["text", "label"], types: [texts.type, labels.type], options: storage)
        var warnings: [String] = []
        for (file, id) in zip(files, ids) {
            texts.append(utf8: try Self.text(of: file.path, &warnings))
            labels.append(number: Int64(id ?? 0))
            if texts.isFull { try store.append([texts.finish(), labels.finish()]) }
        }
        try store.append([texts.finish(), labels.finish()])
        var columns = try store.finish()
        columns[1].feature = .classLabel(label)
        return Dataset(names: ["text", "label"], columns: columns, warnings: warnings, storage: storage)
    }

    private static func text(of path: String, _ warnings: inout [String]) throws(DatasetError) -> [UInt8] {
        var (text, encoding) = try text(of: path, in: nil)
        guard !text.withUnsafeBufferPointer(isUTF8) else { return text }
        guard case .utf8 = encoding else {
            throw DatasetError(.badEncoding, "\(path) is not UTF-16 throughout; convert it, with iconv say")
        }
        (text, encoding) = try self.text(of: path, in: .windows1252)
        warnings.append("\(path) is not UTF-8; read as Western European (Windows-1252)")
        return text
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
