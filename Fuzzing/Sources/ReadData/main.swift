import Datasets
import Foundation

// Reads every value of a file, a folder or a pattern, and prints the number of rows, or the error.
// Its exit codes are the command's: 0, 65 bad data, 66 missing input, 77 not allowed. Scripts/broken-data runs it.

/// Reads everything and counts it.
func summary(of name: String) throws -> String {
    let data = try Dataset(name)
    var values = 0
    for column in data.columnNames {
        for row in try data.rows(columns: [column]) where row[column] != .missing { values += 1 }
    }
    let warnings = data.warnings.map { "; " + $0 }.joined()
    return "\(data.count) rows, \(data.columnNames.count) columns, \(values) values" + warnings
}

/// Writes the rows to another file, in the format of its name (Scripts/check-features).
func copy(_ name: String, to path: String) throws {
    let url = URL(filePath: path)
    try Dataset(name).write(to: url, as: DatasetFormat(rawValue: url.pathExtension) ?? .csv)
}

let arguments = CommandLine.arguments
guard arguments.count == 2 || arguments.count == 3 else {
    FileHandle.standardError.write(Data("usage: ReadData FILE|FOLDER|PATTERN [COPY]\n".utf8))
    exit(64)
}
do {
    if arguments.count == 3 {
        try copy(arguments[1], to: arguments[2])
    } else {
        print(try summary(of: arguments[1]))
    }
} catch {
    print(error)
    switch (error as? DatasetError)?.code {
    case .missingFile: exit(66)
    case .notAllowed: exit(77)
    case nil: exit(70)
    default: exit(65)
    }
}
