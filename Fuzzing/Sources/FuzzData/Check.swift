import Datasets
import Foundation

/// A violated invariant.
struct Fault: Error, CustomStringConvertible {
    var description: String
}

/// Reads an input completely and uses its rows as a run does.
struct Check {
    let folder: URL
    var storage = StorageOptions()

    /// Returns whether the input could be read.
    ///
    /// - Throws: `Fault` if an invariant is violated.
    func read(_ url: URL, thoroughly: Bool) throws -> Bool {
        do {
            let data =
                url.lastPathComponent == "folder"
                ? try Dataset(url.path(percentEncoded: false), storage: storage)
                : try Dataset(contentsOf: url, storage: storage)
            try use(data)
            if thoroughly { try writeAndRead(data) }
            return true
        } catch let error as DatasetError {
            let message = error.message
            guard message.contains(url.lastPathComponent) else {
                throw Fault(description: "an error without the file's name: \(message)")
            }
            guard message.utf8.count < 1 << 16 else {
                throw Fault(description: "the error is too long: \(message)")
            }
            return false
        }
    }

    private func use(_ data: Dataset) throws {
        for (name, feature) in data.features {
            let rows = try data.rows(columns: [name])
            guard rows.count == data.count else {
                throw Fault(description: "\(name) has \(rows.count) rows of \(data.count)")
            }
            var bytes = 0
            for row in rows { bytes += size(row[name]) }
            let encoded = try data.classEncodeColumn(name)
            let few = data.shuffle(seed: UInt64(bytes)).select(0..<5)
            _ = try few.rows(columns: [name]).map { $0[name] }
            if case .list = feature { continue }
            let texts = try data.strings(name)
            // The classes of an encoded column have the texts as names.
            guard try encoded.strings(name).map(\.?.utf8.count) == texts.map(\.?.utf8.count) else {
                throw Fault(description: "the classes of \(name) are not its texts")
            }
        }
    }

    private func size(_ value: CellValue) -> Int {
        switch value {
        case .string(let text): text.utf8.count
        case .list(let values): values.reduce(1) { $0 + size($1) }
        case .int(let number): number & 1
        case .double(let number): number > 0 ? 1 : 0
        case .bool(let truth): truth ? 1 : 0
        case .missing: 0
        }
    }

    private func looksLikeOrange(_ data: Dataset) throws -> Bool {
        let words: Set = ["discrete", "continuous", "string", "text", "time", "basket"]
        let first = try data.select(0..<1).rows()
        return data.columnNames.contains { name in first.contains { words.contains($0[name].string ?? "") } }
    }

    /// Writes the rows in every format and checks that reading them gives the same rows.
    private func writeAndRead(_ data: Dataset) throws {
        // C ends names at a NUL, and rows that look like Orange's headers are read as headers.
        guard !data.columnNames.contains(where: { $0.utf8.contains(0) }), !(try looksLikeOrange(data)) else {
            return
        }
        for format in [DatasetFormat.parquet, .arrow, .jsonl, .csv] {
            let url = folder.appending(path: "written.\(format.rawValue)")
            defer { try? FileManager.default.removeItem(at: url) }
            let back: Dataset
            do {
                try data.write(to: url, as: format)
                back = try Dataset(contentsOf: url)
            } catch {
                throw Fault(description: "the written \(format) file cannot be read: \(error)")
            }
            guard back.count == data.count,
                back.columnNames.map({ Array($0.utf8) }) == data.columnNames.map({ Array($0.utf8) })
            else {
                throw Fault(
                    description:
                        "\(format): different columns or rows: \(back.columnNames), \(data.columnNames)"
                )
            }
            for (name, feature) in data.features {
                // Text formats store classes by name, and JSON has no NaN or infinity.
                if format == .csv, feature != .value(.string) { continue }
                if format == .jsonl, ![.value(.string), .value(.bool), .value(.int64)].contains(feature) {
                    continue
                }
                // A column of only missing texts stays a text column.
                let (old, new) = (try data.rows(columns: [name]), try back.rows(columns: [name]))
                for (a, b) in zip(old, new) where "\(a[name])" != "\(b[name])" {
                    throw Fault(
                        description: "\(format): \(name) row \(a.index) is \(b[name]), was \(a[name])"
                    )
                }
            }
        }
    }
}
