import Datasets
import Files
import Foundation

/// The parts of an output that is written piece by piece, so that a killed run can be resumed.
///
/// They are in the folder `OUTPUT.parts`, together with a manifest. A part has its final name only when it is complete and on
/// disk. After the last part they are joined into the output, and the folder is removed.
final class PredictionParts {
    private let folder: URL
    private let range: Range<Int>
    private let rowsPerPart: Int
    private let format: PredictionFormat
    private let claim: FolderClaim

    /// Opens the parts of an output, those of an earlier run or none.
    ///
    /// - Parameters:
    ///   - output: The output file.
    ///   - manifest: Everything that determines the output.
    ///   - range: The rows.
    ///   - rowsPerPart: The number of rows in a part.
    ///   - format: The format of the output.
    /// - Throws: `DatasetError` naming the field, if the folder belongs to another prediction; `FileError`.
    init(
        of output: URL,
        _ manifest: PredictionManifest,
        range: Range<Int>,
        rowsPerPart: Int,
        format: PredictionFormat
    ) throws {
        (self.range, self.rowsPerPart, self.format) = (range, rowsPerPart, format)
        let path = output.path(percentEncoded: false)
        // Parts whose removal was interrupted are complete in the output.
        try? FileManager.default.removeItem(at: URL(filePath: path + ".finished-parts"))
        folder = URL(filePath: path + ".parts", directoryHint: .isDirectory)
        claim = try FolderClaim(folder)
        removeTemporaries(in: folder)
        let file = folder.appending(path: "manifest.json")
        if let former = try PredictionManifest.read(file) {
            if let (field, own, other) = manifest.difference(from: former) {
                throw DatasetErrors.otherRun(folder.path(percentEncoded: false), field, own, other)
            }
        } else {
            try manifest.write(to: file)
        }
    }

    /// The rows of each part.
    var ranges: [Range<Int>] {
        stride(from: range.lowerBound, to: range.upperBound, by: rowsPerPart).map {
            $0..<min($0 + rowsPerPart, range.upperBound)
        }
    }

    /// The parts that are not written yet.
    var missing: [Range<Int>] {
        ranges.filter { !FileManager.default.fileExists(atPath: place(of: $0).path(percentEncoded: false)) }
    }

    /// The file of a part.
    func place(of part: Range<Int>) -> URL {
        let number = String((part.lowerBound - range.lowerBound) / rowsPerPart)
        let digits = String(repeating: "0", count: max(0, 5 - number.count)) + number
        return folder.appending(path: "part-\(digits).\(format.rawValue)")
    }

    /// Joins all parts.
    ///
    /// - Parameter sink: Receives the output.
    /// - Throws: `FileError`, `DatasetError`.
    func join(into sink: any ByteSink) throws {
        try PredictionJoin.join(ranges.map { (place(of: $0), 0) }, format, into: sink)
    }

    /// Removes the folder, after the output is complete.
    func remove() {
        // A folder under its own name always has all of its parts, or those of an unfinished run.
        let path = folder.deletingLastPathComponent().appending(
            path: folder.lastPathComponent.dropLast(".parts".count) + ".finished-parts"
        )
        let moved = (try? FileManager.default.moveItem(at: folder, to: path)) != nil
        try? FileManager.default.removeItem(at: moved ? path : folder)
    }
}

/// Joins files of predictions in the same format.
enum PredictionJoin {
    /// Joins files.
    ///
    /// - Parameters:
    ///   - files: The files in order, and the number of bytes to leave out at the start of each.
    ///   - format: Their format.
    ///   - sink: Receives the output, and is closed.
    /// - Throws: `FileError`, `DatasetError`.
    static func join(
        _ files: [(file: URL, skipped: Int)],
        _ format: PredictionFormat,
        into sink: any ByteSink
    ) throws {
        if format == .parquet {
            let stream = TableStream(format: .parquet) { bytes throws(FileError) in
                try sink.write(Array(bytes))
            }
            for (file, _) in files { try stream.append(parquet: file) }
            try stream.close()
        } else {
            for (file, skipped) in files {
                try MappedFile(contentsOf: file).withBytes { bytes in
                    for start in stride(from: skipped, to: bytes.count, by: 1 << 20) {
                        try sink.write(Array(bytes[start..<min(start + (1 << 20), bytes.count)]))
                    }
                }
            }
        }
        try sink.close()
    }
}
