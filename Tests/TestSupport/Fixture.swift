public import Foundation
public import JSON

/// Files written by other libraries, under `Tests/Fixtures`.
public enum Fixture {
    /// The folder of all fixtures.
    public static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent()
        .appending(path: "Fixtures", directoryHint: .isDirectory)

    /// Reads a JSON fixture.
    ///
    /// - Parameter path: The path within the folder of all fixtures.
    /// - Returns: The document.
    /// - Throws: An error if it is missing or not JSON.
    public static func json(_ path: String) throws -> JSONValue {
        try JSONValue.parse(Data(contentsOf: folder.appending(path: path)))
    }

    /// Reads the `cases` of a JSON fixture.
    ///
    /// - Parameter path: The path within the folder of all fixtures.
    /// - Returns: The cases, at least one.
    /// - Throws: An error if the file is missing or not JSON, or has no cases, because a test without cases would pass.
    public static func cases(_ path: String) throws -> [JSONValue] {
        guard let cases = try json(path)["cases"].array else {
            throw FixtureError("\(path) has no list \"cases\"")
        }
        guard !cases.isEmpty else { throw FixtureError("the list \"cases\" of \(path) is empty") }
        return cases
    }
}

/// The error for a fixture that lacks something a test needs.
public struct FixtureError: Error, CustomStringConvertible {
    /// The missing part and its place.
    public let description: String

    /// Creates an error.
    ///
    /// - Parameter description: The missing part and its place.
    public init(_ description: String) { self.description = description }
}

extension JSONValue {
    /// Returns the elements of an array.
    ///
    /// - Returns: The elements.
    /// - Throws: An error if this is not an array; with `?? []` a test would pass on nothing.
    public func elements() throws -> [JSONValue] {
        guard let array else { throw FixtureError("\(oneLine.prefix(80)) is not a list") }
        return array
    }

    /// Returns the elements of an array of whole numbers.
    ///
    /// - Returns: The elements.
    /// - Throws: An error if this is anything else.
    public func integers() throws -> [Int] { try elements(as: "a whole number", \.int) }

    /// Returns the elements of an array of numbers.
    ///
    /// - Returns: The elements.
    /// - Throws: An error if this is anything else.
    public func doubles() throws -> [Double] { try elements(as: "a number", \.double) }

    /// Returns the elements of an array of strings.
    ///
    /// - Returns: The elements.
    /// - Throws: An error if this is anything else.
    public func strings() throws -> [String] { try elements(as: "a string", \.string) }

    private func elements<Element>(
        as kind: String,
        _ read: (JSONValue) -> Element?
    ) throws -> [Element] {
        try elements().map { element in
            guard let value = read(element) else {
                throw FixtureError("\(element.oneLine.prefix(80)) is not \(kind)")
            }
            return value
        }
    }
}

/// Pairs the elements of two collections.
///
/// - Parameters:
///   - first: A collection.
///   - second: A collection with as many elements.
/// - Returns: The pairs.
/// - Throws: An error if the numbers of elements differ; `zip` would silently drop the rest.
public func paired<First: Collection, Second: Collection>(
    _ first: First,
    _ second: Second
) throws -> [(First.Element, Second.Element)] {
    guard first.count == second.count else {
        throw FixtureError("\(first.count) elements cannot be paired with \(second.count)")
    }
    return Array(zip(first, second))
}

/// Runs a closure with a temporary folder, which is deleted afterwards.
///
/// - Parameter body: Receives the folder.
/// - Returns: The result of `body`.
/// - Throws: The error of `body`.
public func withTemporaryFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appending(
        path: "attune-tests-\(UInt64.random(in: 0 ... .max))",
        directoryHint: .isDirectory
    )
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
}
