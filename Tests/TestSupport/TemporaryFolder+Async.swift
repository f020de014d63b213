public import Foundation

/// Runs a closure with a temporary folder, which is deleted afterwards.
///
/// - Parameter body: Receives the folder.
/// - Returns: The result of `body`.
/// - Throws: The error of `body`.
public func withTemporaryFolder<Result>(_ body: (URL) async throws -> Result) async throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appending(
        path: "attune-tests-\(UInt64.random(in: 0 ... .max))",
        directoryHint: .isDirectory
    )
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try await body(folder)
}
