import Classification
import Datasets
import Files
import JSON
import Models

/// The rows of windows as tables with the same columns.
struct PredictionTable {
    private let problemType: ProblemType
    private let layout: PredictionLayout
    private let columns: [PredictionColumn]
    /// Whether numbers are written as text, so that those in float32 need fewer digits.
    private let isText: Bool
    /// The carried columns and their kinds of values, known from the first window.
    private var carried: [(name: String, feature: Feature)]?
    /// Whether the columns of the input have the same types in all windows.
    private let hasFixedTypes: Bool

    init(
        _ problemType: ProblemType,
        _ layout: PredictionLayout,
        isText: Bool,
        fixed: [(name: String, feature: Feature)]?
    ) {
        self.problemType = problemType
        self.layout = layout
        self.isText = isText
        columns = layout.columns(for: problemType, isTable: true)
        hasFixedTypes = fixed != nil
        if let fixed {
            let names = layout.carried(among: fixed.map(\.name), isTable: true)
            carried = names.compactMap { name in fixed.first { $0.name == name } }
        }
    }

    /// The table of no rows.
    mutating func empty() throws(DatasetError) -> Dataset {
        try table(carried: (carried ?? []).map { ($0.name, $0.feature, []) }, cells: columns.map { _ in [] })
    }

    /// The table of a window.
    ///
    /// - Parameter window: The answers, with the columns of their rows.
    /// - Returns: The carried columns, followed by those of predictions.
    /// - Throws: `DatasetError`.
    mutating func rows(_ window: PredictedWindow) throws(DatasetError) -> Dataset {
        if carried == nil, let first = window.source.tables.first {
            carried = layout.carried(among: first.columnNames, isTable: true)
                .map { ($0, .value(.string)) }
        }
        let carried = carried ?? []
        var carriedCells = carried.map { _ in [CellValue]() }
        var cells = columns.map { _ in [CellValue]() }
        var places = try CarriedCells(window, PredictionLayout(), names: [])
        let needed = carried.map(\.name) + [layout.idColumn].compactMap { $0 }
        var tables: [DatasetRows?] = []
        for table in window.source.tables {
            let names = needed.filter { table.columnNames.contains($0) }
            tables.append(names.isEmpty ? nil : try table.rows(columns: Array(Set(names))))
        }
        for index in window.answers.indices {
            let place = places.next(hasRow: window.source.failures[index] == nil)
            if case .failed = window.answers[index], layout.errors == .skip { continue }
            func cell(_ name: String) -> CellValue {
                guard let place, let table = place.table, let rows = tables[table] else { return .missing }
                return rows[place.row][name]
            }
            for (column, (name, _)) in carried.enumerated() {
                carriedCells[column].append(hasFixedTypes ? cell(name) : Self.text(cell(name)))
            }
            let prediction = window.prediction(index)
            for (slot, column) in columns.enumerated() {
                let value: CellValue =
                    switch column {
                    case .id: layout.idColumn.map { Self.text(cell($0)) } ?? .int(window.firstRow + index)
                    case .text: place.map { .string(window.text($0.text)) } ?? .missing
                    default: self.value(column, index, window, prediction)
                    }
                cells[slot].append(value)
            }
        }
        return try table(
            carried: zip(carried, carriedCells).map { ($0.name, $0.feature, $1) },
            cells: cells
        )
    }

    private func table(
        carried: [(name: String, feature: Feature, values: [CellValue])],
        cells: [[CellValue]]
    ) throws(DatasetError) -> Dataset {
        var table = try Dataset([:])
        let names = columns.map { $0.name(for: problemType) }
        for (name, feature, values) in carried {
            table = try table.addColumn(
                layout.carriedName(name, besides: names),
                values,
                feature: feature
            )
        }
        for (column, values) in zip(columns, cells) {
            table = try table.addColumn(
                column.name(for: problemType),
                values,
                feature: feature(of: column)
            )
        }
        return table
    }

    private func feature(of column: PredictionColumn) -> Feature {
        switch column {
        case .id: .value(layout.idColumn == nil ? .int64 : .string)
        case .label: problemType == .multiLabel ? .list(.value(.string)) : .value(.string)
        case .text, .scores, .error: .value(.string)
        case .score, .threshold: .value(.float64)
        case .set: .list(.value(.string))
        case .logits: .list(.value(.float64))
        case .truncated: .value(.bool)
        case .tokens: .value(.int64)
        }
    }

    private func value(
        _ column: PredictionColumn,
        _ index: Int,
        _ window: PredictedWindow,
        _ prediction: Prediction?
    ) -> CellValue {
        switch column {
        case .error:
            if case .failed(let reason) = window.answers[index] { return .string(reason) }
            return .missing
        case .truncated: return window.isTruncated(index).map(CellValue.bool) ?? .missing
        case .tokens: return window.tokens(index).map(CellValue.int) ?? .missing
        default: break
        }
        guard let prediction else { return .missing }
        switch column {
        case .label where problemType == .multiLabel:
            return .list(layout.labels(of: prediction).map(CellValue.string))
        case .label where problemType == .singleLabel:
            return layout.label(of: prediction).map(CellValue.string) ?? .missing
        case .score: return .double(prediction.score)
        case .threshold: return prediction.threshold.map(CellValue.double) ?? .missing
        case .set: return prediction.set.map { .list($0.map(CellValue.string)) } ?? .missing
        case .scores:
            let members = layout.shownIDs(of: prediction).map {
                (prediction.names[$0], JSONValue.double(prediction.scores[$0]))
            }
            return .string(JSONValue.object(JSONObject(members)).oneLineInOrder)
        case .logits:
            return .list(prediction.logits.map { .double(isText ? Double("\($0)") ?? 0 : Double($0)) })
        default: return .missing
        }
    }

    /// A value as text; nothing for a missing one.
    private static func text(_ value: CellValue) -> CellValue {
        switch value {
        case .missing, .string: value
        default: .string(CarriedCells.json(value).oneLineInOrder)
        }
    }
}
