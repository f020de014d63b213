import Datasets
import Foundation
import JSON
import TestSupport

/// Reads a file with these contents.
func read(
    _ bytes: [UInt8],
    as name: String,
    storage: StorageOptions = StorageOptions()
) throws -> Dataset {
    try withTemporaryFolder { folder in
        let url = folder.appending(path: name)
        try Data(bytes).write(to: url)
        return try Dataset(contentsOf: url, storage: storage)
    }
}

func read(_ text: String, as name: String) throws -> Dataset { try read(Array(text.utf8), as: name) }

/// The error from reading a file with these contents, without the path.
func complaint(_ text: String, as name: String) -> String {
    do {
        _ = try read(text, as: name)
        return "nothing"
    } catch { return "\(error)".components(separatedBy: name).last ?? "" }
}

extension Dataset {
    /// All values by column, for comparison.
    func contents() throws -> [String: [CellValue]] {
        let rows = try rows()
        return Dictionary(
            columnNames.map { name in (name, rows.map { $0[name] }) },
            uniquingKeysWith: { first, _ in first }
        )
    }
}

extension CellValue {
    /// Converts a JSON value; a number with a fraction or an exponent is not an integer.
    init(_ json: JSONValue) {
        switch json {
        case .string(let text): self = .string(text)
        case .bool(let truth): self = .bool(truth)
        case .array(let values): self = .list(values.map(CellValue.init))
        case .number(let text):
            self = Int(text).map(CellValue.int) ?? Double(text).map(CellValue.double) ?? .missing
        default: self = .missing
        }
    }
}
