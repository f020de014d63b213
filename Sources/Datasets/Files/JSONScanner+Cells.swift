import JSON

extension JSONScanner {
    /// Reads `true`, `false`, `null` or a number, including the non-finite numbers of Python's `json.dumps`.
    ///
    /// `NaN` is a missing value, as in datasets.
    mutating func cell() -> CellValue? {
        switch scalar() {
        case .null, .notANumber: .missing
        case .bool(let value): .bool(value)
        case .int(let value): .int(value)
        case .double(let value): .double(value)
        case nil: nil
        }
    }
}
