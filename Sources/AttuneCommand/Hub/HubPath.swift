import Attune
import Foundation
import Hub

/// Resolves every `--model` and `--dataset`: a local path stays as it is, an id of the Hub is downloaded.
///
/// There is no flag for a token here: it would end up in saved recipes and in the command that resumes a run.
enum HubPath {
    /// Resolves a model's folder, `.gguf` or `.attune` file.
    ///
    /// - Parameter name: A path, or `org/name[@revision]`.
    /// - Returns: A path.
    /// - Throws: The errors of downloading.
    static func model(_ name: String) throws -> String { try model(name, .model) }

    /// Resolves a model's folder, `.gguf` or `.attune` file, and downloads only its tokenizer.
    ///
    /// - Parameter name: A path, or `org/name[@revision]`.
    /// - Returns: A path.
    /// - Throws: The errors of downloading.
    static func tokenizer(_ name: String) throws -> String { try model(name, .tokenizer) }

    private static func model(_ name: String, _ selection: FileSelection) throws -> String {
        let progress = HubProgress()
        return try waiting {
            try await ModelSource(name).path(in: .process, selection) { progress.show($0) }
        }
    }

    /// Resolves the base model of an adapter.
    ///
    /// - Parameters:
    ///   - path: A model's path, as resolved before.
    ///   - named: The base model that was given; nil takes the one that the adapter names.
    ///   - selection: The files to download.
    /// - Returns: A path; nil for a whole model, or if the adapter's own name is a path.
    /// - Throws: The errors of downloading, and of reading the adapter's configuration.
    static func base(
        ofModelAt path: String,
        named: String? = nil,
        _ selection: FileSelection = .model
    ) throws -> String? {
        let progress = HubProgress()
        return try waiting {
            try await ModelSource.basePath(
                ofModelAt: path,
                named: named.map(ModelSource.init),
                in: .process,
                selection
            ) { progress.show($0) }
        }
    }

    /// Resolves a dataset's file, folder or pattern.
    ///
    /// - Parameter name: A path, a pattern, or `org/name[@revision]`.
    /// - Returns: A path or a pattern.
    /// - Throws: The errors of downloading.
    static func dataset(_ name: String) throws -> String {
        let progress = HubProgress()
        return try waiting { try await DataSource(name).path(in: .process) { progress.show($0) } }
    }

    /// A path to show, as it was given, without a slash at its end.
    static func path(_ place: URL) -> String {
        let path = place.relativePath
        return path.hasSuffix("/") ? String(path.dropLast()) : path
    }
}
