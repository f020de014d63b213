public import Foundation

// The door through which files come in: the format is told by the name, the reader is chosen here.
extension Dataset {
    /// Reads a file of rows: `.csv`, `.tsv`, Orange's `.tab`, `.jsonl`, `.ndjson`, `.parquet` or `.arrow`.
    ///
    /// Parquet's and Arrow's lists and nested columns are left out; numbers become the text that Python prints.
    ///
    /// - Parameter url: The file.
    /// - Throws: `.missingFile`, `.notAllowed`, `.unknownFormat`, or `.badFile` naming the line.
    public init(contentsOf url: URL) throws(DatasetError) {
        let path = url.path(percentEncoded: false)
        let format = url.pathExtension.lowercased()
        let known = ["csv", "tsv", "tab", "jsonl", "ndjson", "parquet", "arrow"]
        guard FileManager.default.fileExists(atPath: path) else {
            throw DatasetError(.missingFile, "cannot read \(path): there is no such file")
        }
        guard known.contains(format) else {
            throw DatasetError(
                .unknownFormat,
                "\(path): files ending in \"\(format)\" are not known; known are "
                    + known.joined(separator: ", ")
            )
        }
        guard FileManager.default.isReadableFile(atPath: path) else {
            throw DatasetError(.notAllowed, "cannot read \(path): check its permissions")
        }
        switch format {
        case "parquet": self = try ArrowReader(path: path, format: .parquet).dataset()
        case "arrow": self = try ArrowReader(path: path, format: .ipc).dataset()
        default: self = try Dataset(text: url, format: format, path: path)
        }
        guard count > 0 else {
            throw DatasetError(.badFile, "\(path) has a header and no rows")
        }
    }

    private init(text url: URL, format: String, path: String) throws(DatasetError) {
        guard let data = try? Data(contentsOf: url) else {
            throw DatasetError(.notAllowed, "cannot read \(path): check its permissions")
        }
        guard !data.isEmpty else { throw DatasetError(.badFile, "\(path) is empty; it must hold rows") }
        let bytes = Array(data)
        switch format {
        case "jsonl", "ndjson": self = try JSONLinesReader(bytes: bytes, path: path).dataset()
        case "csv":
            self = try DelimitedReader(bytes: bytes, delimiter: UInt8(ascii: ","), path: path).dataset()
        default: self = try DelimitedReader(bytes: bytes, delimiter: UInt8(ascii: "\t"), path: path).dataset()
        }
    }
}
