import Files
import Foundation
import JSON

/// A file of a commit, as the Hub lists it.
public struct RemoteFile: Sendable, Hashable {
    /// Its path in the repository, which never leads out of a folder.
    public let name: String
    /// Its size in bytes.
    public let byteCount: Int
    /// The Git hash of the object in the repository: the contents, or a pointer to them.
    let gitHash: String
    /// The contents' SHA-256, if they are stored outside the repository.
    let sha256: String?
    /// The contents' hash in the Hub's Xet store, kept for huggingface_hub.
    let xetHash: String?

    /// The name of the contents in the cache.
    var entityTag: String { sha256 ?? gitHash }

    /// Creates a file of a list; nil if its name or hashes cannot safely become paths here.
    init?(name: String, byteCount: Int, gitHash: String, sha256: String?, xetHash: String?) {
        guard isRelativePath(name), byteCount >= 0, isCommit(gitHash), sha256.map(isSHA256) ?? true else {
            return nil
        }
        self.name = name
        self.byteCount = byteCount
        self.gitHash = gitHash
        self.sha256 = sha256
        self.xetHash = xetHash
    }
}

/// Whether a string is a SHA-256 as the Hub writes it.
func isSHA256(_ text: String) -> Bool {
    text.utf8.count == 64
        && text.utf8.allSatisfy {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
        }
}

extension CachedRepository {
    private func treeFile(_ commit: String) -> URL { folder.appending(path: "trees/\(commit).json") }

    /// The files of a commit, if the list is in the cache; nil if it is missing or cannot be read.
    func files(at commit: String) -> [RemoteFile]? {
        guard isCommit(commit), let bytes = try? readFile(treeFile(commit), limit: 1 << 28),
            let document = try? JSONValue.parse(bytes), document["format_version"].int == 1,
            let members = document["files"].object
        else { return nil }
        var files: [RemoteFile] = []
        for member in members.members {
            let facts = member.value
            guard
                let file = RemoteFile(
                    name: member.name,
                    byteCount: facts["lfs_size"].int ?? facts["size"].int ?? -1,
                    gitHash: facts["blob_id"].string ?? "",
                    sha256: facts["lfs_sha256"].string,
                    xetHash: facts["xet_hash"].string
                )
            else { return nil }
            files.append(file)
        }
        return files
    }

    /// Remembers a commit's files, which never change.
    func remember(_ files: [RemoteFile], at commit: String) throws(FileError) {
        let members = files.sorted { $0.name < $1.name }.map { file in
            var facts: [(String, JSONValue)] = [
                ("size", .int(file.byteCount)), ("blob_id", .string(file.gitHash)),
            ]
            if let sha256 = file.sha256 {
                facts += [("lfs_sha256", .string(sha256)), ("lfs_size", .int(file.byteCount))]
            }
            if let xetHash = file.xetHash { facts.append(("xet_hash", .string(xetHash))) }
            return (file.name, JSONValue.object(JSONObject(facts)))
        }
        let document = JSONValue.object([
            "format_version": .int(1), "files": .object(JSONObject(members)),
        ])
        try writeAtomically(Data(document.oneLineInOrder.utf8), to: treeFile(commit))
    }

    /// The names of the commit's files in the cache, sorted.
    func namesPresent(at commit: String) -> [String] {
        let folder = snapshot(commit).path(percentEncoded: false)
        guard isCommit(commit), let found = FileManager.default.enumerator(atPath: folder) else { return [] }
        return found.compactMap { $0 as? String }.filter { name in
            var isFolder: ObjCBool = false
            let path = folder + (folder.hasSuffix("/") ? "" : "/") + name
            return isRelativePath(name)
                && FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
                && !isFolder.boolValue
        }.sorted()
    }
}
