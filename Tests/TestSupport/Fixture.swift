public import Foundation
public import JSON

/// Files that the reference wrote, under `Tests/Fixtures`.
public enum Fixture {
    /// The folder of all fixtures.
    public static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent()
        .appending(path: "Fixtures", directoryHint: .isDirectory)

    /// A fixture that is JSON.
    ///
    /// - Parameter path: From the folder of all fixtures.
    /// - Returns: The document.
    /// - Throws: Where it is missing or not JSON.
    public static func json(_ path: String) throws -> JSONValue {
        try JSONValue.parse(Data(contentsOf: folder.appending(path: path)))
    }

    /// The `cases` of a fixture that is JSON.
    ///
    /// - Parameter path: From the folder of all fixtures.
    /// - Returns: The cases.
    /// - Throws: Where it is missing or not JSON.
    public static func cases(_ path: String) throws -> [JSONValue] { try json(path)["cases"].array ?? [] }
}

/// A folder that goes when `body` returns.
///
/// - Parameter body: Gets the folder.
/// - Returns: What `body` returns.
/// - Throws: What `body` throws.
public func withTemporaryFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appending(
        path: "attune-tests-\(UInt64.random(in: 0 ... .max))",
        directoryHint: .isDirectory
    )
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
}
