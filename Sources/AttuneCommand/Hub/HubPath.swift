import Foundation
import Hub

/// Resolves every `--model` and `--dataset`: a local path stays as it is, an id of the Hub is downloaded.
///
/// There is no flag for a token here: it would end up in saved recipes and in the command that resumes a run.
enum HubPath {
    /// Resolves a model's folder or `.gguf` file.
    ///
    /// - Parameter name: A path, or `org/name[@revision]`.
    /// - Returns: A path.
    /// - Throws: The errors of downloading.
    static func model(_ name: String) throws -> String { try model(name, .model) }

    /// Resolves a model's folder or `.gguf` file, and downloads only its tokenizer.
    ///
    /// - Parameter name: A path, or `org/name[@revision]`.
    /// - Returns: A path.
    /// - Throws: The errors of downloading.
    static func tokenizer(_ name: String) throws -> String { try model(name, .tokenizer) }

    private static func model(_ name: String, _ selection: FileSelection) throws -> String {
        guard isID(name), !name.lowercased().hasSuffix(".gguf") else { return name }
        let snapshot = try download(name, .model, selection)
        let gguf = snapshot.files.filter { $0.lowercased().hasSuffix(".gguf") }
        let place = gguf.first.map { snapshot.folder.appending(path: $0) } ?? snapshot.folder
        return path(place)
    }

    /// Resolves a dataset's file, folder or pattern.
    ///
    /// - Parameter name: A path, a pattern, or `org/name[@revision]`.
    /// - Returns: A path or a pattern.
    /// - Throws: The errors of downloading.
    static func dataset(_ name: String) throws -> String {
        guard isID(name) else { return name }
        do {
            return path(try download(name, .dataset, .dataset).folder)
        } catch let error as HubError where error.code == .unsupported && !name.contains("@") {
            // If the repository's own files cannot be read here, the Hub may have converted them to Parquet.
            guard let converted = try? download("\(name)@refs/convert/parquet", .dataset, .dataset) else {
                throw error
            }
            return path(converted.folder)
        }
    }

    /// An id of the Hub without its revision; nil for a local path.
    ///
    /// - Parameter name: A path, or `org/name[@revision]`.
    /// - Returns: `org/name`.
    static func id(_ name: String) -> String? {
        isID(name) ? name.split(separator: "@").first.map(String.init) : nil
    }

    private static func isID(_ name: String) -> Bool {
        !FileManager.default.fileExists(atPath: name) && RepositoryID.looksLikeID(name)
    }

    /// A path to show, without a slash at its end.
    static func path(_ place: URL) -> String {
        let path = place.path(percentEncoded: false)
        return path.hasSuffix("/") ? String(path.dropLast()) : path
    }

    private static func download(
        _ name: String,
        _ kind: RepositoryID.Kind,
        _ selection: FileSelection
    ) throws -> HubClient.Snapshot {
        let progress = HubProgress()
        do {
            return try waiting {
                let environment = HubOptions.environment
                let token = try await Token.find(in: environment)
                return try await HubClient.with(.init(environment: environment, token: token)) { client in
                    try await client.snapshot(of: RepositoryID(name, kind: kind), selection) {
                        progress.show($0)
                    }
                }
            }
        } catch let error as HubError {
            throw error.adding("no local file or folder \(name), and on the Hub: ")
        }
    }
}
