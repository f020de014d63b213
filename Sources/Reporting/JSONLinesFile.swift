import Files
public import Foundation
public import JSON

/// A file of JSON objects, one a line, that grows by whole lines.
public struct JSONLinesFile {
    private let file: AppendingFile

    /// Opens a file to add lines after those that it has; half a line that a killed process left goes.
    ///
    /// - Parameter url: The file; it and its folder are made if need be.
    /// - Throws: `FileError`.
    public init(_ url: URL) throws {
        try makeFolder(url.deletingLastPathComponent())
        file = try AppendingFile(at: url, recordsEndingIn: UInt8(ascii: "\n"))
    }

    /// Adds a line.
    ///
    /// - Parameter object: What it holds, in this order.
    /// - Throws: `FileError`; nothing of the line is in the file then.
    public func add(_ object: JSONObject) throws {
        try file.add(Array((JSONValue.object(object).oneLineInOrder + "\n").utf8))
    }
}
