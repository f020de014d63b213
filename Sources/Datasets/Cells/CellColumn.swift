/// How to read a text column whose cells are all lists or label objects written as text.
struct CellColumn {
    private enum Form: Equatable {
        /// Every cell is a list.
        case lists(ColumnType)
        /// Every cell is an object with these names and values 0 and 1.
        case scores([String])
        /// Every cell holds Label Studio's choices, or one choice as plain text.
        case choices
    }

    private let form: Form
    private let example: String

    /// Examines a column's cells.
    ///
    /// If the column is in a file, its first batch decides whether the rest is examined.
    ///
    /// - Returns: Nil if the cells are plain texts or of different kinds. Errors in the file are ignored here; they are
    ///   reported when the column is read.
    init?(_ column: Column) {
        guard column.selection == nil, column.count > 0, (try? Self.isWorthReading(column)) ?? false else {
            return nil
        }
        var survey = Survey()
        do throws(DatasetError) {
            for piece in column.pieces.indices {
                try column.read(piece: piece) { (batch) throws(DatasetError) in try survey.add(batch) }
            }
        } catch {
            return nil
        }
        guard let form = survey.form else { return nil }
        self.form = form
        example = shortened(survey.example, to: 40)
    }

    /// A note that says how the column is read.
    var note: String {
        switch form {
        case .lists: "holds lists written as text, such as \(example); they are read as lists"
        case .scores(let names):
            "holds objects of 0 and 1 written as text, read as lists of the labels set to 1, out of "
                + names.prefix(8).map { "\"\($0)\"" }.joined(separator: ", ") + (names.count > 8 ? ", …" : "")
        case .choices:
            "holds Label Studio's choices, such as \(example) for several choices and plain text for one; they are read as lists"
        }
    }

    /// Returns the converted column; nil if its lists hold different types.
    ///
    /// - Throws: `.badFile`.
    func column(_ column: Column, _ storage: StorageOptions) throws(DatasetError) -> Column? {
        let type: ColumnType =
            switch form {
            case .lists(let type): type
            case .scores: ColumnType(.int64, isList: true)
            case .choices: ColumnType(.string, isList: true)
            }
        var builder = ColumnBuilder(type: type)
        var store = BatchStore(names: ["column"], types: [type], options: storage)
        for piece in column.pieces.indices {
            try column.read(piece: piece) { (batch) throws(DatasetError) in
                for row in 0..<batch.count {
                    builder.append(batch.isMissing(row) ? .missing : value(of: batch.values.utf8(row)))
                    if builder.isFull { try store.append([builder.finish()]) }
                }
            }
        }
        try store.append([builder.finish()])
        var read = try store.finish()[0]
        if case .scores(let names) = form { read.feature = .list(.classLabel(ClassLabel(names: names))) }
        return read
    }

    private func value(of cell: UnsafeBufferPointer<UInt8>) -> CellValue {
        switch (form, SpelledCell(cell)) {
        case (_, .list(let values)), (_, .choices(let values)): return .list(values)
        case (.scores(let names), .object(let members)):
            let on = Set(members.filter { $0.value.score == true }.map(\.name))
            return .list(names.indices.filter { on.contains(names[$0]) }.map(CellValue.int))
        default: return .list([.string(String(decoding: cell, as: UTF8.self))])
        }
    }

    /// Whether the cells may be lists written as text, judging by the first ones.
    private static func isWorthReading(_ column: Column) throws(DatasetError) -> Bool {
        let enough = DatasetError(.badData, "")
        var isWorth = false
        do throws(DatasetError) {
            for piece in column.pieces.indices {
                let isInFile = if case .file = column.pieces[piece] { true } else { false }
                try column.read(piece: piece) { (batch) throws(DatasetError) in
                    var plain = 0
                    var bracketed = 0
                    for row in 0..<batch.count where !batch.isMissing(row) {
                        let cell = batch.values.utf8(row)
                        guard SpelledCell.mayStart(cell) else {
                            plain += 1
                            continue
                        }
                        bracketed += 1
                        if Survey.mayBeChoices(cell) { isWorth = true }
                    }
                    isWorth = isWorth || bracketed > 0 && plain == 0
                    if isWorth || isInFile && plain > 0 { throw enough }
                }
            }
        } catch {
            if error != enough { throw error }
        }
        return isWorth
    }

    /// The kinds of the cells seen so far.
    private struct Survey {
        private var type: ColumnType?
        private var lists = 0
        private var names: [String]?
        private var scores = 0
        private var choices = 0
        private var plain = 0
        private(set) var example = ""

        static func mayBeChoices(_ cell: UnsafeBufferPointer<UInt8>) -> Bool {
            cell.starts(with: "{\"choices\"".utf8) || cell.starts(with: "{'choices'".utf8)
        }

        /// Examines more cells.
        ///
        /// - Throws: A placeholder error, to stop, when the cells differ in kind.
        mutating func add(_ batch: ArrowBatch) throws(DatasetError) {
            for row in 0..<batch.count where !batch.isMissing(row) {
                guard add(batch.values.utf8(row)) else { throw DatasetError(.badData, "") }
            }
        }

        private mutating func add(_ cell: UnsafeBufferPointer<UInt8>) -> Bool {
            guard SpelledCell.mayStart(cell) else {
                // An empty text is not a label.
                plain += 1
                return lists == 0 && scores == 0 && cell.contains { $0 > 0x20 }
            }
            switch SpelledCell(cell) {
            case .list(let values):
                lists += 1
                guard plain == 0, scores == 0, choices == 0, fits(.list(values)) else { return false }
                if lists == 1 || example.count <= 2 { show(cell) }
            case .object(let members):
                scores += 1
                guard plain == 0, lists == 0, choices == 0, fits(members) else { return false }
                if scores == 1 { show(cell) }
            case .choices:
                choices += 1
                if choices == 1 { show(cell) }
                return lists == 0 && scores == 0
            case nil: return false
            }
            return true
        }

        private mutating func show(_ cell: UnsafeBufferPointer<UInt8>) {
            example = String(decoding: cell.prefix(200), as: UTF8.self)
        }

        private mutating func fits(_ list: CellValue) -> Bool {
            guard !list.isUntypedList else { return true }
            guard let found = list.type else { return false }
            guard let known = type else {
                type = found
                return true
            }
            guard let common = known.holding(found, isFixed: false) else { return false }
            type = common
            return true
        }

        private mutating func fits(_ members: [SpelledCell.Member]) -> Bool {
            guard !members.isEmpty, members.allSatisfy({ $0.value.score != nil }) else { return false }
            let found = members.map(\.name)
            guard let names else {
                names = found
                return Set(found).count == found.count
            }
            return names == found || found.count == names.count && Set(found) == Set(names)
        }

        /// The form of all cells; nil if they have no common form.
        var form: Form? {
            if lists > 0 { return .lists(type ?? ColumnType(.string, isList: true)) }
            if scores > 0 { return names.map(Form.scores) }
            return choices > 0 ? .choices : nil
        }
    }
}

extension CellValue {
    /// Whether a score is 1; nil if it is neither 0 nor 1.
    var score: Bool? {
        switch self {
        case .bool(let truth): truth
        case .int(1), .double(1): true
        case .int(0), .double(0): false
        default: nil
        }
    }
}
