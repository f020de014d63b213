import Foundation
import Hub

/// The origin of a model: a path, or an id of the Hub.
public struct ModelSource: Sendable, Equatable, Hashable, CustomStringConvertible {
    /// A path, or an id of the Hub: `org/name` or `org/name@revision`.
    ///
    /// A file or folder of that name on this machine takes precedence over the Hub.
    public let name: String

    /// Creates a source from a path or an id of the Hub, as typed.
    ///
    /// - Parameter name: `models/bert`, `model.gguf`, `org/name` or `org/name@revision`.
    public init(_ name: String) { self.name = name }

    /// A model of the Hub.
    ///
    /// - Parameters:
    ///   - id: `org/name`.
    ///   - revision: A branch, a tag or a commit; nil uses `main`.
    /// - Returns: The source.
    public static func hub(_ id: String, revision: String? = nil) -> ModelSource {
        ModelSource(id + (revision.map { "@" + $0 } ?? ""))
    }

    /// A folder in the Hub's layout.
    ///
    /// - Parameter path: The folder.
    /// - Returns: The source.
    public static func folder(_ path: String) -> ModelSource { ModelSource(pathText(path)) }

    /// A `.gguf` file.
    ///
    /// - Parameter path: The file.
    /// - Returns: The source.
    public static func gguf(_ path: String) -> ModelSource { ModelSource(pathText(path)) }

    /// The path or id.
    public var description: String { name }
}

/// The origin of labelled texts: a path, or an id of the Hub.
public struct DataSource: Sendable, Equatable, Hashable, CustomStringConvertible {
    /// A path, a pattern of paths, or an id of the Hub: `org/name` or `org/name@revision`.
    ///
    /// A file or folder of that name on this machine takes precedence over the Hub.
    public var name: String
    /// The split of a folder to train on; nil uses `train`, or the only split.
    public var split: String?
    /// One of the configurations that the folder's README.md lists; nil uses the default one.
    public var configuration: String?

    /// Creates a source from a path or an id of the Hub, as typed.
    ///
    /// - Parameters:
    ///   - name: `tweets.csv`, `data`, `data/*.parquet`, `org/name` or `org/name@revision`.
    ///   - split: The split of a folder to train on.
    ///   - configuration: The configuration.
    public init(_ name: String, split: String? = nil, configuration: String? = nil) {
        (self.name, self.split, self.configuration) = (name, split, configuration)
    }

    /// A file of rows: CSV, TSV, JSON, Parquet, Arrow, text.
    ///
    /// - Parameter path: The file, or a pattern.
    /// - Returns: The source.
    public static func file(_ path: String) -> DataSource { DataSource(pathText(path)) }

    /// Rows in memory, which ``RunOptions`` holds.
    ///
    /// A recipe with such rows can be stored, but only a program that has the rows can run it.
    public static var memory: DataSource { DataSource("rows in memory") }

    /// A folder of files.
    ///
    /// - Parameters:
    ///   - path: The folder.
    ///   - split: The split to train on.
    ///   - configuration: The configuration.
    /// - Returns: The source.
    public static func folder(
        _ path: String,
        split: String? = nil,
        configuration: String? = nil
    ) -> DataSource {
        DataSource(pathText(path), split: split, configuration: configuration)
    }

    /// A dataset of the Hub.
    ///
    /// - Parameters:
    ///   - id: `org/name`.
    ///   - revision: A branch, a tag or a commit; nil uses `main`.
    ///   - split: The split to train on.
    ///   - configuration: The configuration.
    /// - Returns: The source.
    public static func hub(
        _ id: String,
        revision: String? = nil,
        split: String? = nil,
        configuration: String? = nil
    ) -> DataSource {
        DataSource(id + (revision.map { "@" + $0 } ?? ""), split: split, configuration: configuration)
    }

    /// The path or id.
    public var description: String { name }
}

/// A path that cannot be taken for an id of the Hub.
private func pathText(_ path: String) -> String { RepositoryID.looksLikeID(path) ? "./" + path : path }
