import Files
import Foundation
import JSON

/// The identity of files by their contents, for the manifests of predictions.
enum ContentFingerprint {
    /// The largest file whose contents are hashed.
    private static let mostHashed = 1 << 30
    /// The part at each end of a larger file of weights that is hashed.
    private static let end = 64 << 20

    /// Describes an input file: its name, size and SHA-256, or its time of change if it is larger than 1 GB.
    ///
    /// - Parameter path: The file.
    /// - Returns: An object for a manifest.
    /// - Throws: `FileError`.
    static func ofInput(_ path: String) throws(FileError) -> JSONValue {
        let file = try MappedFile(contentsOf: URL(filePath: path))
        var members: [(String, JSONValue)] = [
            ("name", .string(URL(filePath: path).lastPathComponent)), ("bytes", .int(file.bytes.count)),
        ]
        if file.bytes.count <= mostHashed {
            members.append(("sha256", .string(file.sha256)))
        } else {
            let attributes = try? FileManager.default.attributesOfItem(atPath: path)
            let changed = (attributes?[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
            members.append(("modified", .double(changed)))
        }
        return .object(JSONObject(members))
    }

    /// The SHA-256 of a model: of its configuration, tokenizer, settings and weights.
    ///
    /// - Parameter paths: Folders or files; of files larger than 1 GB, size and both ends count.
    /// - Returns: The digest in hexadecimal.
    /// - Throws: `FileError`.
    static func ofModel(_ paths: [String]) throws(FileError) -> String {
        var hash = SHA256()
        for path in paths {
            for file in files(of: path) {
                let mapped = try MappedFile(contentsOf: file)
                hash.update("\(file.lastPathComponent) \(mapped.bytes.count)\n".utf8)
                mapped.withBytes { bytes in
                    if bytes.count <= mostHashed {
                        hash.update(bytes)
                    } else {
                        hash.update(UnsafeRawBufferPointer(rebasing: bytes.prefix(end)))
                        hash.update(UnsafeRawBufferPointer(rebasing: bytes.suffix(end)))
                    }
                }
            }
        }
        return hash.hexadecimalDigest()
    }

    /// The files of a model that determine its predictions, in the order of their names.
    private static func files(of path: String) -> [URL] {
        let url = URL(filePath: path)
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else { return [url] }
        let configurations: Set = [
            "config.json", "attune.json", "decisions.json", "adapter_config.json", "tokenizer.json",
            "tokenizer_config.json",
            "special_tokens_map.json", "vocab.txt", "vocab.json", "merges.txt", "added_tokens.json",
        ]
        let weights = [".safetensors", ".gguf", ".model", ".bin"]
        return names.sorted().filter { name in
            configurations.contains(name) || weights.contains(where: name.hasSuffix)
        }
        .map { url.appending(path: $0) }
    }
}

extension MappedFile {
    /// Passes the bytes to a closure, and keeps the file mapped until it returns.
    ///
    /// - Parameter body: Reads the bytes.
    /// - Returns: The result of `body`.
    /// - Throws: The errors of `body`.
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try withExtendedLifetime(self) { try body(bytes) }
    }

    /// The SHA-256 of the contents in hexadecimal.
    var sha256: String {
        withBytes { bytes in
            var hash = SHA256()
            hash.update(bytes)
            return hash.hexadecimalDigest()
        }
    }
}
