import Files
public import Foundation
public import JSON

/// A file of JSON objects, one per line, that grows by whole lines.
public struct JSONLinesFile {
    private let file: AppendingFile

    /// Opens a file to append lines, and removes an incomplete last line left by a killed process.
    ///
    /// - Parameter url: The file; it and its folder are created if necessary.
    /// - Throws: `FileError`.
    public init(_ url: URL) throws {
        try makeFolder(url.deletingLastPathComponent())
        file = try AppendingFile(at: url, recordsEndingIn: UInt8(ascii: "\n"))
    }

    /// Appends a line.
    ///
    /// - Parameter object: The line's members, in this order.
    /// - Throws: `FileError`. The file then has no part of the line.
    public func add(_ object: JSONObject) throws {
        try file.add(Array((JSONValue.object(object).oneLineInOrder + "\n").utf8))
    }
}
