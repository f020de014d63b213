import Checkpoints
import Files
import Foundation
import TestSupport
import Testing
import Torch

/// Files with false headers, and folders with links to other places.
struct HostileSafetensorsTests {
    /// The message of the error that a closure throws; "nothing" if it throws none.
    private func complaint(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "nothing"
        } catch { return "\(error)" }
    }

    /// Writes a safetensors file with a header and `data` zero bytes.
    private func write(_ header: String, data: Int, to url: URL) throws {
        let length = (0..<8).map { UInt8(truncatingIfNeeded: UInt64(header.utf8.count) >> ($0 * 8)) }
        try Data(length + Array(header.utf8) + [UInt8](repeating: 0, count: data)).write(to: url)
    }

    private func write(_ text: String, to url: URL) throws { try Data(text.utf8).write(to: url) }

    /// Writes a shard in which each name is a tensor of two float32 numbers.
    private func writeShard(_ names: [String], to url: URL) throws {
        try writeSafetensors(names.map { ($0, try Tensor.full(1, [2])) }, to: url)
    }

    @Test(arguments: [
        (
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#,
            12, #"tensor "b" starts at byte 4 instead of 8"#
        ),
        (
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
            8, #"starts at byte 0 instead of 8"#
        ),
        (
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}"#,
            12, #"tensor "b" ends at byte 16 of the data, but the file has 12 bytes of data: it is truncated"#
        ),
        (
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 12,
            "its tensors take 8 bytes, but the file has 12 bytes of data"
        ),
        (
            #"{"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]}}"#, 4,
            #"tensor "a" has too many dimensions (9)"#
        ),
        (
            #"{"a":{"dtype":"F32","shape":[0,4611686018427387904,4611686018427387904],"data_offsets":[0,0]}}"#,
            0, #"tensor "a" would be larger than any memory"#
        ),
        (
            #"{"a":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}"#, 8,
            #"tensor "a" has an invalid dimension"#
        ),
        (
            #"{"a":{"dtype":"F32","shape":[18446744073709551616],"data_offsets":[0,8]}}"#, 8,
            #"tensor "a" has an invalid dimension"#
        ),
        (#"{"a":{"dtype":"F32","shape":[2]}}"#, 8, #"tensor "a" lacks a dtype"#),
        (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}"#, 8, #"tensor "a" lacks a dtype"#),
        (#"{"a":7}"#, 8, #"tensor "a" lacks a dtype"#),
    ])
    func `a false header is refused by the tensor's name`(header: String, data: Int, part: String) throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "x.safetensors")
            try write(header, data: data, to: url)
            let message = complaint { _ = try SafetensorsFile(contentsOf: url) }
            #expect(message.contains(part), "\(message)")
            #expect(message.contains("x.safetensors"))
        }
    }

    @Test func `a file truncated at any byte is refused`() throws {
        let data = try Data(contentsOf: Fixture.folder.appending(path: "checkpoints/mixed.safetensors"))
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "x.safetensors")
            for count in 0..<data.count {
                try data.prefix(count).write(to: url)
                #expect(throws: CheckpointError.self, "\(count)") { try SafetensorsFile(contentsOf: url) }
            }
        }
    }

    @Test func `a name with a million letters and escapes makes a short message`() throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "x.safetensors")
            let name = "\\u001b[2J" + String(repeating: "a", count: 1_000_000)
            try write(#"{"\#(name)":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#, data: 8, to: url)
            let message = complaint { _ = try SafetensorsFile(contentsOf: url) }
            #expect(message.count < 1000 && !message.contains("\u{1B}") && message.contains("takes 12 bytes"))
        }
    }

    @Test func `anything but a regular file is refused without hanging`() throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "model.safetensors")
            mkfifo(url.path(percentEncoded: false), 0o600)
            #expect(complaint { _ = try openCheckpoint(folder: folder) }.contains("is not a file"))
            try FileManager.default.removeItem(at: url)
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
            #expect(complaint { _ = try openCheckpoint(folder: folder) }.contains("is not a file"))
        }
    }

    @Test func `a file that shrinks after opening is an error, not a crash`() throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "model.safetensors")
            try writeSafetensors([("w", try Tensor.full(1, [100_000]))], to: url)
            let checkpoint = try openCheckpoint(folder: folder)
            let size = try Data(contentsOf: url).count
            truncate(url.path(percentEncoded: false), 100)
            let message = complaint { _ = try checkpoint.tensor("w") }
            #expect(message.contains("had \(size) bytes when it was opened and has 100 now"), "\(message)")
        }
    }

    @Test func `a file that is replaced or deleted after opening is still read`() throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "model.safetensors")
            try writeSafetensors([("w", try Tensor.full(1, [1000]))], to: url)
            let checkpoint = try openCheckpoint(folder: folder)
            try writeSafetensors([("w", try Tensor.full(2, [2]))], to: url)
            #expect(try checkpoint.tensor("w").array(of: Float.self) == [Float](repeating: 1, count: 1000))
            try FileManager.default.removeItem(at: url)
            #expect(try checkpoint.tensor("w").shape == [1000])
        }
    }

    // MARK: Shards

    /// The error message of opening an index with two shards, `a` in the first and `b` in the second.
    private func complaint(
        index: String,
        change: (URL) throws -> Void = { _ in }
    ) throws -> String {
        try withTemporaryFolder { folder in
            try writeShard(["a"], to: folder.appending(path: "1.safetensors"))
            try writeShard(["b"], to: folder.appending(path: "2.safetensors"))
            try write(index, to: folder.appending(path: "model.safetensors.index.json"))
            try change(folder)
            return complaint { _ = try openCheckpoint(folder: folder) }
        }
    }

    @Test(arguments: [
        (
            #"{"weight_map":{"a":"1.safetensors","b":"2.safetensors","a":"1.safetensors"}}"#,
            #""a" is listed twice"#
        ),
        (
            #"{"weight_map":{"a":"1.safetensors","b":"3.safetensors"}}"#,
            #"it contains tensor "b" of the model"#
        ),
        (#"{"weight_map":{"a":7}}"#, #"tensor "a" has no file name"#),
        (#"{"weight_map":["a"]}"#, "it has no `weight_map`"), (#"{"weight_map""#, "not valid JSON"),
        (#"{"weight_map":{"a":"1.safetensors\u0000.safetensors"}}"#, "not a file next to the index"),
        (#"{"weight_map":{"a":"/etc/x.safetensors"}}"#, "not a file next to the index"),
        (#"{"weight_map":{"a":"../1.safetensors"}}"#, "not a file next to the index"),
    ])
    func `an invalid index is refused by the tensor's name`(index: String, part: String) throws {
        let message = try complaint(index: index)
        #expect(message.contains(part), "\(message)")
    }

    @Test(arguments: [
        (
            #"{"weight_map":{"a":"2.safetensors","b":"1.safetensors"}}"#,
            #"lists 2 tensors in the wrong file ("a", "b"); they are read from the files"#
        ),
        (
            #"{"weight_map":{"a":"1.safetensors","c":"2.safetensors"}}"#,
            #"lists 1 tensor that no file contains ("c"); as in transformers, that matters only if the model needs them"#
        ),
    ])
    func `an inaccurate index is read as in transformers, with a note`(
        index: String,
        part: String
    ) throws {
        try withTemporaryFolder { folder in
            try writeShard(["a"], to: folder.appending(path: "1.safetensors"))
            try writeShard(["b"], to: folder.appending(path: "2.safetensors"))
            try write(index, to: folder.appending(path: "model.safetensors.index.json"))
            let checkpoint = try openCheckpoint(folder: folder)
            #expect(checkpoint.tensorNames == ["a", "b"])
            #expect(try checkpoint.tensor("b").array(of: Float.self) == [1, 1])
            #expect(checkpoint.notes.count == 1)
            #expect(checkpoint.notes.first?.contains(part) == true, "\(checkpoint.notes)")
        }
    }

    @Test func `a tensor in two shards is refused`() throws {
        let message = try complaint(index: #"{"weight_map":{"a":"1.safetensors","b":"2.safetensors"}}"#) {
            try writeShard(["a", "b"], to: $0.appending(path: "2.safetensors"))
        }
        #expect(message.contains(#"tensor "a" is in 1.safetensors and in 2.safetensors"#), "\(message)")
    }

    @Test
    func `tensors that an index does not list are loaded, as in transformers, and its totals are ignored`()
        throws
    {
        try withTemporaryFolder { folder in
            try writeShard(["a", "extra"], to: folder.appending(path: "1.safetensors"))
            try write(
                #"{"metadata":{"total_size":-5},"weight_map":{"a":"1.safetensors"}}"#,
                to: folder.appending(path: "model.safetensors.index.json")
            )
            let checkpoint = try openCheckpoint(folder: folder)
            #expect(checkpoint.tensorNames == ["a", "extra"])
            #expect(checkpoint.byteCount == 16)
            #expect(
                checkpoint.files.map(\.path) == [
                    folder.appending(path: "1.safetensors").path(percentEncoded: false)
                ]
            )
            #expect(checkpoint.info("extra") == TensorInfo(shape: [2], storage: "F32"))
        }
    }

    // MARK: Links

    /// Makes folders and links, opens the model folder and returns the error message; "nothing" if it opens.
    private func complaint(model: String, links: [(String, to: String)]) throws -> String {
        try withTemporaryFolder { root in
            func place(_ path: String) -> URL { root.appending(path: path) }
            try writeShard(["w"], to: place("secret/model.safetensors"))
            try writeShard(["w"], to: place("real2/model.safetensors"))
            try writeShard(["w"], to: place("hub/models--o--n/blobs/abc"))
            try writeShard(["w"], to: place("real/weights/w.safetensors"))
            for folder in ["hub/models--o--n/snapshots/123", "real/weights", "other"] {
                try FileManager.default.createDirectory(at: place(folder), withIntermediateDirectories: true)
            }
            for (link, target) in links {
                try FileManager.default.createSymbolicLink(
                    atPath: place(link).path(percentEncoded: false),
                    withDestinationPath: target
                )
            }
            return complaint { _ = try openCheckpoint(folder: place(model)).tensor("w") }
        }
    }

    private let snapshot = "hub/models--o--n/snapshots/123"

    @Test func `the Hub's cache, links within the folder and a linked folder are accepted`() throws {
        let blob = ("\(snapshot)/model.safetensors", to: "../../blobs/abc")
        #expect(try complaint(model: snapshot, links: [blob]) == "nothing")
        #expect(try complaint(model: "mine", links: [blob, ("mine", to: snapshot)]) == "nothing")
        let inside = ("real/model.safetensors", to: "weights/w.safetensors")
        #expect(try complaint(model: "real", links: [inside]) == "nothing")
        #expect(try complaint(model: "mine", links: [inside, ("mine", to: "real")]) == "nothing")
    }

    @Test func `links out of the folder are refused, also from the Hub's cache`() throws {
        let out = try complaint(
            model: "other",
            links: [("other/model.safetensors", to: "../secret/model.safetensors")]
        )
        #expect(
            out.contains("other/model.safetensors is a link to") && out.contains("outside the model's folder")
        )
        for target in ["../../../../secret/model.safetensors", "../../../models--o--m/blobs/abc"] {
            let link = ("\(snapshot)/model.safetensors", to: target)
            #expect(try complaint(model: snapshot, links: [link]) != "nothing")
        }
        // A sibling folder with the folder's name as its prefix.
        let neighbour = try complaint(
            model: "real",
            links: [("real/model.safetensors", to: "../real2/model.safetensors")]
        )
        #expect(neighbour.contains("outside the model's folder"))
    }

    @Test func `shards and the index may not link out of the folder either`() throws {
        let secret = try complaint(
            model: "other",
            links: [("other/model.safetensors.index.json", to: "../secret/model.safetensors")]
        )
        #expect(secret.contains("index.json is a link to"))
        let shard = try complaint(index: #"{"weight_map":{"a":"1.safetensors"}}"#) { folder in
            let path = folder.appending(path: "1.safetensors").path(percentEncoded: false)
            try FileManager.default.removeItem(atPath: path)
            try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/etc/hostname")
        }
        #expect(shard.contains("1.safetensors is a link to") && shard.contains("outside the model's folder"))
    }

    @Test func `a broken link is reported`() throws {
        let message = try complaint(
            model: snapshot,
            links: [("\(snapshot)/model.safetensors", to: "../../blobs/gone")]
        )
        #expect(message.contains("is a link to ../../blobs/gone, which does not exist"))
    }
}
