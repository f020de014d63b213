import Files
public import Foundation
public import JSON

/// A file of JSON objects, one a line, that grows.
public struct JSONLinesFile {
    private let handle: FileHandle

    /// Opens a file to add lines after those that it has.
    ///
    /// - Parameter url: The file; it and its folder are made where they are missing.
    /// - Throws: `FileError`, or the file handle's error.
    public init(_ url: URL) throws {
        try makeFolder(url.deletingLastPathComponent())
        if !FileManager.default.fileExists(atPath: url.path(percentEncoded: false)) {
            try Data().write(to: url)
        }
        handle = try FileHandle(forWritingTo: url)
        try handle.seekToEnd()
    }

    /// Adds a line.
    ///
    /// - Parameter object: What it holds, in this order.
    /// - Throws: The file handle's error.
    public func add(_ object: JSONObject) throws {
        try handle.write(contentsOf: Data((JSONValue.object(object).oneLineInOrder + "\n").utf8))
    }
}
