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
    /// - Returns: The cases, at least one.
    /// - Throws: If the file is missing or not JSON, or has no cases: a test over nothing would pass.
    public static func cases(_ path: String) throws -> [JSONValue] {
        guard let cases = try json(path)["cases"].array else {
            throw FixtureError("\(path) has no list \"cases\"")
        }
        guard !cases.isEmpty else { throw FixtureError("the list \"cases\" of \(path) is empty") }
        return cases
    }
}

/// A fixture that does not hold what a test reads from it.
public struct FixtureError: Error, CustomStringConvertible {
    /// What is missing, and where.
    public let description: String

    /// An error.
    ///
    /// - Parameter description: What is missing, and where.
    public init(_ description: String) { self.description = description }
}

extension JSONValue {
    /// The elements of a list.
    ///
    /// - Returns: All of them.
    /// - Throws: If this is not a list; `?? []` would let a test pass on nothing.
    public func elements() throws -> [JSONValue] {
        guard let array else { throw FixtureError("\(oneLine.prefix(80)) is not a list") }
        return array
    }

    /// The elements of a list of whole numbers.
    ///
    /// - Returns: All of them.
    /// - Throws: If this is not such a list.
    public func integers() throws -> [Int] { try elements(as: "a whole number", \.int) }

    /// The elements of a list of numbers.
    ///
    /// - Returns: All of them.
    /// - Throws: If this is not such a list.
    public func doubles() throws -> [Double] { try elements(as: "a number", \.double) }

    /// The elements of a list of texts.
    ///
    /// - Returns: All of them.
    /// - Throws: If this is not such a list.
    public func strings() throws -> [String] { try elements(as: "a text", \.string) }

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
///   - first: Some elements.
///   - second: As many.
/// - Returns: The pairs.
/// - Throws: If one has more elements than the other; `zip` would leave these out without a word.
public func paired<First: Collection, Second: Collection>(
    _ first: First,
    _ second: Second
) throws -> [(First.Element, Second.Element)] {
    guard first.count == second.count else {
        throw FixtureError("\(first.count) elements beside \(second.count)")
    }
    return Array(zip(first, second))
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
