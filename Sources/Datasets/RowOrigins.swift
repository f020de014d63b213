/// The files from which rows were read, so that messages can name a row by its position in its file.
///
/// Rows keep their origin when they are selected: after a sample, a split and a filter, "row 18 of tickets.csv" still
/// means that row of the file.
struct RowOrigins: Sendable {
    /// A file and the rows read from it.
    struct File: Sendable {
        /// The path as given or found.
        var path: String
        /// The number of rows in the file.
        var count: Int
        /// Whether the whole file is the text of one row.
        var isOneText = false
    }

    /// The dataset's name and split, if it was read by name.
    var name: (dataset: String, split: String?)?
    /// The files in the order of their rows.
    let files: [File]
    /// The selected stored rows, in order; nil for all.
    let selection: RowSelection?
    /// The first stored row of each file, followed by the number of all stored rows.
    private let starts: [Int]

    init(files: [File], selection: RowSelection? = nil, name: (dataset: String, split: String?)? = nil) {
        self.files = files
        self.selection = selection
        self.name = name
        starts = files.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }
    }

    /// Returns the file of a row and the row's zero-based index in that file; nil beyond the last row.
    func place(of row: Int) -> (file: File, row: Int)? {
        guard selection.map({ $0.rows.indices.contains(row) }) ?? true else { return nil }
        let stored = selection?.rows[row] ?? row
        guard stored >= 0, stored < starts[starts.count - 1] else { return nil }
        var (low, high) = (0, files.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= stored { low = middle } else { high = middle }
        }
        return (files[low], stored - starts[low])
    }

    /// Concatenates the origins of several datasets; nil if one is unknown.
    init?(joining parts: [RowOrigins?]) {
        let known = parts.compactMap { $0 }
        guard known.count == parts.count else { return nil }
        var selection: [Int]?
        if known.contains(where: { $0.selection != nil }) {
            var rows: [Int] = []
            var start = 0
            for part in known {
                let count = part.starts[part.starts.count - 1]
                rows += (part.selection?.rows ?? Array(0..<count)).map { $0 + start }
                start += count
            }
            selection = rows
        }
        self.init(files: known.flatMap(\.files), selection: selection.map(RowSelection.init))
    }
}

extension Dataset {
    /// Describes where a row is, for messages.
    ///
    /// - Parameter row: The zero-based index.
    /// - Returns: `row 18 of tickets.csv`, counted from 1 without the header; only the path if the file is one text;
    ///   `row 18` if the rows were not read from files.
    public func location(ofRow row: Int) -> String {
        guard let (file, row) = origins?.place(of: row) else { return "row \(row + 1)" }
        return file.isOneText ? file.path : "row \(row + 1) of \(file.path)"
    }

    /// Returns the file of a row and the row's index in that file.
    ///
    /// - Parameter row: The zero-based index in the dataset.
    /// - Returns: The path and the zero-based index in the file; nil if the rows were not read from files.
    package func place(ofRow row: Int) -> (path: String, row: Int)? {
        origins?.place(of: row).map { ($0.file.path, $0.row) }
    }

    /// Describes where several rows are, on one line.
    ///
    /// - Parameters:
    ///   - rows: The zero-based indices, at least one.
    ///   - most: The maximum number of rows to name.
    /// - Returns: `rows 3, 7, … of tickets.csv`, or the location of each row if they are in different files.
    public func locations(ofRows rows: [Int], most: Int = 5) -> String {
        let shown = rows.prefix(most)
        let more = rows.count > shown.count ? ", …" : ""
        let places = shown.map { origins?.place(of: $0) }
        let paths = Set(places.map { $0.map { Array($0.file.path.utf8) } })
        guard shown.count > 1, paths.count == 1, !(places[0]?.file.isOneText ?? false) else {
            return shown.map { location(ofRow: $0) }.joined(separator: ", ") + more
        }
        let numbers = zip(shown, places).map { "\(($1?.row ?? $0) + 1)" }.joined(separator: ", ")
        return "rows \(numbers)\(more)" + (places[0].map { " of \($0.file.path)" } ?? "")
    }

    /// The files that the rows were read from, in order; nil if they were not read from files.
    package var sourceFiles: [String]? { origins.map { $0.files.map(\.path) } }

    /// The name of the rows in messages: `sst, split "test"`; nil if they were not read by name.
    package var sourceName: String? {
        origins?.name.map { name in
            name.dataset + (name.split.map { ", split \"\($0)\"" } ?? "")
        }
    }

    /// Returns the same rows with a file as their origin.
    func read(from file: RowOrigins.File) -> Dataset { with(origins: RowOrigins(files: [file])) }

    /// Returns the same rows with the name under which they were read.
    func named(_ dataset: String, split: String?) -> Dataset {
        var origins = origins
        origins?.name = (dataset, split)
        return with(origins: origins)
    }

    private func with(origins: RowOrigins?) -> Dataset {
        Dataset(
            names: columnNames,
            columns: columns,
            nested: nestedColumns,
            warnings: warnings,
            origins: origins,
            storage: storage
        )
    }
}
