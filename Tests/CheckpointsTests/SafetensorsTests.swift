import Checkpoints
import Foundation
import TestSupport
import Testing
import Torch

struct SafetensorsTests {
    private let url = Fixture.folder.appending(path: "checkpoints/mixed.safetensors")

    @Test func `reading and writing reproduces the file of safetensors for Python, byte for byte`() throws {
        let file = try SafetensorsFile(contentsOf: url)
        #expect(file.metadata == ["format": "pt"])
        try withTemporaryFolder { folder in
            let copy = folder.appending(path: "copy.safetensors")
            try writeSafetensors(file.tensorNames.map { ($0, try file.tensor($0)) }, to: copy)
            #expect(try Data(contentsOf: copy) == Data(contentsOf: url))
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false)) == [
                    "copy.safetensors"
                ]
            )
        }
    }

    @Test func `tensors keep dtype, shape and values`() throws {
        let file = try SafetensorsFile(contentsOf: url)
        #expect(file.info("a.bf16") == TensorInfo(shape: [2, 2], storage: "BF16"))
        #expect(try file.tensor("ids").array(of: Int64.self) == [0, 1, 2, 3, 4])
        #expect(try file.tensor("scalar").item() == 2.5)
        #expect(try file.tensor("empty").shape == [0, 4])
        #expect(throws: CheckpointError.self) { try file.tensor("nothing") }
    }

    @Test func `shards have an index, and files of an earlier save are removed`() throws {
        try withTemporaryFolder { folder in
            let tensors = try (0..<5).map { (name: "t\($0)", tensor: try Tensor.full(Double($0), [10])) }
            try saveSafetensors(tensors, toFolder: folder, maxShardSize: 80)
            let names = try FileManager.default.contentsOfDirectory(
                atPath: folder.path(percentEncoded: false)
            ).sorted()
            #expect(
                names == (1...3).map { "model-0000\($0)-of-00003.safetensors" } + [
                    "model.safetensors.index.json"
                ]
            )
            let opened = try openCheckpoint(folder: folder)
            #expect(opened.tensorNames == ["t0", "t1", "t2", "t3", "t4"])
            #expect(try opened.tensor("t4").array(of: Float.self) == [Float](repeating: 4, count: 10))
            try saveSafetensors(tensors, toFolder: folder)
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false)) == [
                    "model.safetensors"
                ]
            )
        }
    }

    /// The error message of opening a file with this header and `data` bytes; "nothing" if it opens.
    private func complaint(_ header: String, data: Int, statedLength: UInt64? = nil) throws -> String {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "x.safetensors")
            let length = statedLength ?? UInt64(header.utf8.count)
            let prefix = (0..<8).map { UInt8(truncatingIfNeeded: length >> ($0 * 8)) }
            try Data(prefix + Array(header.utf8) + [UInt8](repeating: 0, count: data)).write(to: url)
            do {
                _ = try SafetensorsFile(contentsOf: url)
                return "nothing"
            } catch { return "\(error)" }
        }
    }

    @Test(
        arguments: [
            (
                #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 8, UInt64(1 << 40),
                "its header claims to be"
            ),
            (
                #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 8, UInt64(5000),
                "but the whole file has"
            ),
            (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 4, nil, "but the file has 4"),
            (
                #"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#, 8, nil,
                "takes 12 bytes, but its offsets span 8"
            ),
            (
                #"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}"#, 0, nil,
                "larger than any memory"
            ),
            (
                #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#, 12, nil,
                "starts at byte 4 instead of 0"
            ),
            (
                #"{"a":{"dtype":"Q9","shape":[2],"data_offsets":[0,8]}}"#, 8, nil,
                #"has the unknown dtype "Q9"; supported are BF16"#
            ),
            (#"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#, 8, nil, "an invalid dimension"),
            (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, 8, nil, "two ascending offsets"),
            (
                #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#,
                2, nil, "two tensors have the name"
            ),
            ("[1]", 0, nil, "is not an object"), ("{", 0, nil, "is not valid JSON"),
        ] as [(String, Int, UInt64?, String)]
    )
    func `a false header is refused by name`(
        header: String,
        data: Int,
        length: UInt64?,
        part: String
    ) throws {
        #expect(try complaint(header, data: data, statedLength: length).contains(part))
    }

    @Test(arguments: ["../x.safetensors", "a/b.safetensors", "..", "model.bin"])
    func `an index may not point elsewhere`(file: String) throws {
        try withTemporaryFolder { folder in
            let index = folder.appending(path: "model.safetensors.index.json")
            try Data("{\"weight_map\": {\"w\": \"\(file)\"}}".utf8).write(to: index)
            #expect { try openCheckpoint(folder: folder) } throws: {
                "\($0)".contains("not a file next to the index")
            }
        }
    }
}
