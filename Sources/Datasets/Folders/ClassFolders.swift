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
            let parts = path.dropFirst(folder.count).split(separator: "/").map(String.init)
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

    private static let mostBytes = 256 << 20

    private static func text(of path: String, _ warnings: inout [String]) throws(DatasetError) -> [UInt8] {
        let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
        guard size ?? 0 <= mostBytes else {
            throw DatasetError(
                .badFile,
                "\(path): a text of more than \(mostBytes >> 20) MB; cut it into several"
            )
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw DatasetError(.notAllowed, "cannot read \(path): check its permissions")
        }
        var raw = Array(data)
        var encoding = TextEncoding(startOf: raw)
        if case .utf8 = encoding, !raw.withUnsafeBufferPointer(isUTF8) {
            encoding = .windows1252
            warnings.append("\(path) is not UTF-8; read as Western European (Windows-1252)")
        }
        var text: [UInt8] = []
        encoding.decode(&raw, isLast: true, to: &text)
        return text.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(text.dropFirst(3)) : text
    }
}
