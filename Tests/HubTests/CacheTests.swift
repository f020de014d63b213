import Files
import Foundation
import TestSupport
import Testing

@testable import Hub

@Suite(.hangGuard)
struct HubCacheTests {
    private let commit = String(repeating: "a1", count: 20)

    private func repository(_ folder: URL) throws -> CachedRepository {
        HubCache(folder: folder).repository(try RepositoryID("org/name", kind: .model))
    }

    @Test func `a file of a commit is a relative link to its contents`() throws {
        try withTemporaryFolder { folder in
            let cached = try repository(folder)
            try writeAtomically(Data("x".utf8), to: cached.blob("e1"))
            try writeAtomically(Data("y".utf8), to: cached.blob("e2"))
            let place = try cached.link("onnx/deep/model.bin", at: commit, to: "e1")
            let path = place.path(percentEncoded: false)
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: path) == "../../../../blobs/e1")
            #expect(cached.file("onnx/deep/model.bin", at: commit) == .present(place))
            try cached.link("onnx/deep/model.bin", at: commit, to: "e2")
            #expect(try String(contentsOf: place, encoding: .utf8) == "y")
            #expect(cached.namesPresent(at: commit) == ["onnx/deep/model.bin"])
            try FileManager.default.removeItem(at: cached.blob("e2"))
            #expect(cached.file("onnx/deep/model.bin", at: commit) == .unknown)
        }
    }

    @Test func `revisions and missing files are remembered`() throws {
        try withTemporaryFolder { folder in
            let cached = try repository(folder)
            #expect(cached.commit(of: "main") == nil)
            try cached.remember("refs/pr/1", standsAt: commit)
            #expect(cached.commit(of: "refs/pr/1") == commit)
            #expect(cached.commit(of: commit) == commit)
            try cached.rememberAbsent("added_tokens.json", at: commit)
            #expect(cached.file("added_tokens.json", at: commit) == .absent)
            #expect(cached.file("../../refs/pr/1", at: commit) == .unknown)
            try Data("no commit".utf8).write(to: cached.folder.appending(path: "refs/main"))
            #expect(cached.commit(of: "main") == nil)
        }
    }

    @Test func `a commit's list of files is stored in the format of huggingface_hub`() throws {
        try withTemporaryFolder { folder in
            let cached = try repository(folder)
            let sha256 = String(repeating: "0f", count: 32)
            let files = [
                try #require(
                    RemoteFile(
                        name: "b.safetensors",
                        byteCount: 9,
                        gitHash: commit,
                        sha256: sha256,
                        xetHash: nil
                    )
                ),
                try #require(
                    RemoteFile(name: "a.json", byteCount: 2, gitHash: commit, sha256: nil, xetHash: nil)
                ),
            ]
            try cached.remember(files, at: commit)
            #expect(Set(cached.files(at: commit) ?? []) == Set(files))
            let list = cached.folder.appending(path: "trees/\(commit).json")
            // json.dumps of huggingface_hub 2.4.0's write_tree_cache, except for its spaces.
            #expect(
                try String(contentsOf: list, encoding: .utf8).replacing(" ", with: "")
                    == #"{"format_version":1,"files":{"a.json":{"size":2,"blob_id":"\#(commit)"},"b.safetensors":{"size":9,"blob_id":"\#(commit)","lfs_sha256":"\#(sha256)","lfs_size":9}}}"#
            )
            try Data(#"{"format_version":1,"files":{"../x":{"size":2,"blob_id":"\#(commit)"}}}"#.utf8).write(
                to: list
            )
            #expect(cached.files(at: commit) == nil)
        }
    }

    @Test func `a lock has one holder at a time and is released with it`() throws {
        try withTemporaryFolder { folder in
            let place = folder.appending(path: "locks/a.lock")
            let first = try FileLock(at: place)
            #expect(try isFree(place) == false)
            // The lock is released with its holder.
            switch consume first {
            case .none: Issue.record("the lock is not taken")
            case .some: break
            }
            #expect(try isFree(place))
        }
    }

    private func isFree(_ place: URL) throws -> Bool {
        switch try FileLock(at: place) {
        case .none: false
        case .some: true
        }
    }
}
