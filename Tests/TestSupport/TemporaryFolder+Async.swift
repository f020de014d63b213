public import Foundation

/// A folder that goes when `body` returns.
///
/// - Parameter body: Gets the folder.
/// - Returns: What `body` returns.
/// - Throws: What `body` throws.
public func withTemporaryFolder<Result>(_ body: (URL) async throws -> Result) async throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appending(
        path: "attune-tests-\(UInt64.random(in: 0 ... .max))",
        directoryHint: .isDirectory
    )
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try await body(folder)
}
