import Datasets
import Foundation

// Reads every value of a file, a folder or a pattern, and says how many rows there were, or what is wrong.
// Exit codes as the command's: 0, 65 bad data, 66 missing input, 77 not allowed. Scripts/broken-data watches it.

/// Counts everything.
func summary(of name: String) throws -> String {
    let data = try Dataset(name)
    var values = 0
    for column in data.columnNames {
        for row in try data.rows(columns: [column]) where row[column] != .missing { values += 1 }
    }
    let warnings = data.warnings.map { "; " + $0 }.joined()
    return "\(data.count) rows, \(data.columnNames.count) columns, \(values) values" + warnings
}

guard CommandLine.arguments.count == 2 else {
    FileHandle.standardError.write(Data("usage: ReadData FILE|FOLDER|PATTERN\n".utf8))
    exit(64)
}
do {
    print(try summary(of: CommandLine.arguments[1]))
} catch {
    print(error)
    switch (error as? DatasetError)?.code {
    case .missingFile: exit(66)
    case .notAllowed: exit(77)
    case nil: exit(70)
    default: exit(65)
    }
}
