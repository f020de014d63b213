import Datasets
import JSON

/// The cells of a window's rows that are carried from the input to the output.
struct CarriedCells {
    /// The place of a row that could be read.
    struct Place {
        /// The index among the texts.
        var text: Int
        /// The table, and the row in it; nil if the input has no columns.
        var table: Int?
        var row: Int
    }

    private let tables: [Dataset]
    private let idColumn: String?
    private var formatters: [RowText?]
    private var upcoming = Place(text: 0, table: 0, row: 0)

    /// Prepares the cells of a window.
    ///
    /// - Parameters:
    ///   - window: The window.
    ///   - layout: The columns to carry.
    ///   - names: The names of the columns of predictions, which carried columns must not have.
    /// - Throws: `DatasetError` for an unknown column.
    init(_ window: PredictedWindow, _ layout: PredictionLayout, names: [String]) throws(DatasetError) {
        tables = window.source.tables
        idColumn = layout.idColumn
        formatters = []
        for table in tables {
            // Lines of JSON need not all have the same members.
            let carried = layout.carried(among: table.columnNames, isTable: false)
                .filter { table.columnNames.contains($0) }
            guard !carried.isEmpty else {
                formatters.append(nil)
                continue
            }
            var shown = try table.selectColumns(carried).loaded()
            for name in carried {
                shown = try shown.renameColumn(name, to: layout.carriedName(name, besides: names))
            }
            formatters.append(RowText(shown, delimiter: nil))
        }
    }

    /// The place of the next row.
    ///
    /// - Parameter hasRow: Whether the row could be read.
    /// - Returns: Nil for a row that could not be read.
    mutating func next(hasRow: Bool) -> Place? {
        guard hasRow else { return nil }
        while let table = upcoming.table, table < tables.count, upcoming.row >= tables[table].count {
            (upcoming.table, upcoming.row) = (table + 1, 0)
        }
        var place = upcoming
        if let table = place.table, table >= tables.count { place.table = nil }
        upcoming.text += 1
        upcoming.row += 1
        return place
    }

    /// Appends the members of a row's carried cells.
    mutating func append(_ place: Place?, to line: inout [UInt8]) {
        guard let place, let table = place.table, formatters[table] != nil else { return }
        formatters[table]?.appendCells(of: place.row, to: &line)
    }

    /// The identifier of a row.
    func id(_ place: Place?) -> JSONValue {
        guard let idColumn, let place, let table = place.table else { return .null }
        return Self.json(Self.value(idColumn, of: tables[table], row: place.row))
    }

    /// A cell of a table; a class by its name.
    static func value(_ column: String, of table: Dataset, row: Int) -> CellValue {
        guard let value = try? table.rows(columns: [column])[row][column] else { return .missing }
        guard case .int(let id) = value, let names = (try? table.feature(of: column))?.classLabel?.names
        else {
            return value
        }
        return names.indices.contains(id) ? .string(names[id]) : .missing
    }

    /// A value in JSON.
    static func json(_ value: CellValue) -> JSONValue {
        switch value {
        case .missing: .null
        case .string(let text): .string(text)
        case .int(let number): .int(number)
        case .double(let number): .double(number)
        case .bool(let truth): .bool(truth)
        case .list(let values): .array(values.map(json))
        }
    }
}
