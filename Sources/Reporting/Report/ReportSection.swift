/// A section of a report, independent of its form.
struct ReportSection: Sendable {
    /// A part of a section.
    enum Block: Sendable {
        case paragraph(String)
        /// Headline numbers.
        case tiles([Tile])
        /// Charts, next to each other if there is room.
        case plots([Plot])
        case table(ReportTable)
        case matrix(ReportMatrix)
        case facts([ReportContent.FactGroup])
        case list([String])
        /// Text in lines, such as a recipe, with its name.
        case code(String, String)
    }

    /// A headline number.
    struct Tile: Sendable {
        let name: String
        let value: String
        /// The interval or an explanation.
        let detail: String
    }

    /// The anchor in the page.
    let id: String
    let title: String
    let blocks: [Block]
}

extension ReportSection {
    /// A section of paragraphs and tables.
    ///
    /// - Parameters:
    ///   - extra: The section.
    ///   - place: Its place among such sections.
    init(_ extra: ReportContent.ExtraSection, place: Int) {
        self.init(
            id: "extra-\(place)",
            title: extra.title,
            blocks: extra.paragraphs.map { .paragraph($0) } + extra.tables.map { .table($0) }
        )
    }
}

/// A table of a report; the first cell of each row is its heading.
public struct ReportTable: Sendable, Equatable {
    /// The kind of a column.
    public enum Column: Sendable, Equatable {
        /// A column of names.
        case name(String)
        /// A right-aligned column of numbers.
        case number(String)
        /// A column of long texts, which may be folded.
        case text(String)

        /// The column's heading.
        public var title: String {
            switch self {
            case .name(let title), .number(let title), .text(let title): title
            }
        }
    }

    /// The table's title.
    public let caption: String
    /// The columns.
    public let columns: [Column]
    /// The cells of each row.
    public let rows: [[String]]

    /// Creates a table.
    ///
    /// - Parameters:
    ///   - caption: The title.
    ///   - columns: The columns.
    ///   - rows: The cells of each row, one per column.
    public init(_ caption: String, _ columns: [Column], _ rows: [[String]]) {
        precondition(rows.allSatisfy { $0.count == columns.count }, "a cell for each column")
        (self.caption, self.columns, self.rows) = (caption, columns, rows)
    }
}

/// A confusion matrix to show: rows are true classes, columns are predictions.
struct ReportMatrix: Sendable {
    let caption: String
    /// How to read it.
    let explanation: String
    let labels: [String]
    /// The number of rows for each pair of classes.
    let counts: [[Int]]
}
