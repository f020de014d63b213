import Checkpoints
import Files
import Foundation
import TestSupport
import Testing
import Torch

/// Folders to which several processes have written, each its own tensors or rows, as torch's distributed checkpoint does.
struct DistributedCheckpointTests {
    private static func numbers(_ shape: [Int], from first: Int = 0) throws -> Tensor {
        let count = shape.reduce(1, *)
        return try Tensor((first..<first + count).map(Float.init)).reshaped(shape)
    }

    private static func write(
        _ rank: Int,
        _ tensors: [(name: String, tensor: Tensor)],
        at offsets: [String: [Int]] = [:],
        in folder: URL
    ) throws {
        let file = folder.appending(path: RankShard.name(.model, rank: rank))
        try RankShard.write(tensors, to: file, offsets: offsets)
    }

    private static func complaint(in folder: URL) -> String {
        do {
            _ = try openCheckpoint(folder: folder)
            return "nothing"
        } catch { return "\(error)" }
    }

    @Test func `files have the names and the metadata of torch's writer`() throws {
        #expect(
            RankShard.name(.model, rank: 1, file: 2, of: 3) == "shard-00002-model-00003-of-00003.safetensors"
        )
        #expect(RankShard.isShard("shard-00001-optimizer-00001-of-00001.safetensors", .optimizer))
        #expect(!RankShard.isShard("shard-00001-optimizer-00001-of-00001.safetensors", .model))
        #expect(!RankShard.isShard("model-00001-of-00001.safetensors", .model))
        try withTemporaryFolder { folder in
            let tensors: [(name: String, tensor: Tensor)] = [
                ("w", try Self.numbers([2, 3])), ("b", try Self.numbers([2])),
                ("s", try Self.numbers([1]).reshaped([])),
            ]
            try Self.write(0, tensors, at: ["w": [4, 0]], in: folder)
            let file = try SafetensorsFile(
                contentsOf: folder.appending(path: "shard-00001-model-00001-of-00001.safetensors")
            )
            #expect(
                file.metadata == [
                    "format": "pt", "DCP_VERSION": "1.0",
                    "DCP_SHARDING_INFO":
                        #"{"w":{"saved_offsets":[4,0]},"b":{"saved_offsets":[0]},"s":{"saved_offsets":[]}}"#,
                ]
            )
        }
    }

    @Test func `a folder without an index is opened, and tensors that were cut are joined`() throws {
        try withTemporaryFolder { folder in
            let whole = try Self.numbers([5, 3])
            // The third process has no rows, as with an uneven division.
            try Self.write(
                0,
                [
                    ("w", try whole.narrowed(0, to: 0..<2)),
                    ("s", try Self.numbers([1], from: 7).reshaped([])),
                ],
                in: folder
            )
            try Self.write(
                1,
                [("w", try whole.narrowed(0, to: 2..<5)), ("b", try Self.numbers([4], from: 9))],
                at: ["w": [2, 0]],
                in: folder
            )
            try Self.write(2, [("w", try Tensor.zeros([0, 3]))], at: ["w": [5, 0]], in: folder)
            let checkpoint = try openCheckpoint(folder: folder)
            #expect(checkpoint.tensorNames == ["b", "s", "w"])
            #expect(checkpoint.info("w") == TensorInfo(shape: [5, 3], storage: "F32"))
            #expect(checkpoint.info("s")?.shape == [])
            #expect(checkpoint.files.count == 3 && checkpoint.byteCount == 4 * (15 + 4 + 1))
            #expect(try checkpoint.tensor("w").array(of: Float.self) == (0..<15).map(Float.init))
            #expect(try checkpoint.tensor("w").shape == [5, 3])
            #expect(try checkpoint.tensor("b").array(of: Float.self) == [9, 10, 11, 12])
            #expect(try checkpoint.tensor("s").array(of: Float.self) == [7])
            checkpoint.release("w")
            #expect(throws: CheckpointError.self) { try checkpoint.tensor("x") }
        }
    }

    @Test func `a file without offsets has whole tensors, and a tensor without rows stays empty`() throws {
        try withTemporaryFolder { folder in
            let file = folder.appending(path: RankShard.name(.model, rank: 0))
            try writeSafetensors([("w", try Self.numbers([2])), ("e", try Tensor.zeros([0, 3]))], to: file)
            try Self.write(1, [("e", try Tensor.zeros([0, 3]))], in: folder)
            let checkpoint = try openCheckpoint(folder: folder)
            #expect(try checkpoint.tensor("w").array(of: Float.self) == [0, 1])
            #expect(try checkpoint.tensor("e").shape == [0, 3])
        }
    }

    private static let falseOffsets: [(rows: [Int], offsets: [[Int]], part: String)] = [
        ([2, 3], [[0, 0], [3, 0]], "has rows 2 to 2 in no file"),
        ([2, 3], [[1, 0], [3, 0]], "has rows 0 to 0 in no file"),
        ([2, 3], [[0, 0], [1, 0]], "has the rows from 1 in"),
        ([2, 2], [[0, 0], [0, 0]], "has the rows from 0 in"),
        ([2, 3], [[0, 0], [2, 1]], "is cut along dimension 1"),
        ([2, 3], [[0, 0], [-1, 0]], "invalid saved_offsets [-1, 0]"),
        ([2, 3], [[0, 0], [2]], "invalid saved_offsets [2]"),
        ([2, 3], [[0, 0], [.max, 0]], "invalid saved_offsets [9223372036854775807, 0]"),
    ]

    @Test(arguments: falseOffsets.indices)
    func `parts that do not cover a tensor exactly are refused, with tensor and file`(index: Int) throws {
        let (rows, offsets, part) = Self.falseOffsets[index]
        try withTemporaryFolder { folder in
            for (rank, (count, offset)) in try paired(rows, offsets).enumerated() {
                try Self.write(rank, [("w", try Tensor.zeros([count, 2]))], at: ["w": offset], in: folder)
            }
            let message = Self.complaint(in: folder)
            #expect(message.contains(part) && message.contains("tensor \"w\""), "\(message)")
            #expect(message.contains("shard-0000"), "\(message)")
        }
    }

    @Test func `parts of other types or widths are refused`() throws {
        for other in [
            try Tensor.zeros([2, 2], dtype: .bfloat16), try Tensor.zeros([2, 3]), try Tensor.zeros([2]),
        ] {
            try withTemporaryFolder { folder in
                try Self.write(0, [("w", try Tensor.zeros([2, 2]))], in: folder)
                let offset = other.shape.indices.map { $0 == 0 ? 2 : 0 }
                try Self.write(1, [("w", other)], at: ["w": offset], in: folder)
                let message = Self.complaint(in: folder)
                #expect(message.contains("is F32 [2, 2] in") && message.contains("shard-00002"), "\(message)")
            }
        }
    }

    @Test(arguments: [
        ("{", "is not valid JSON"), ("[]", "is not an object"),
        ("{}", "has no saved_offsets of tensor \"w\""),
        (#"{"w":{"saved_offsets":7}}"#, "has no saved_offsets of tensor \"w\""),
        (#"{"w":{"saved_offsets":[0.5]}}"#, "invalid saved_offsets [0.5]"),
        (#"{"w":{"saved_offsets":["0"]}}"#, "invalid saved_offsets"),
        (#"{"w":{"saved_offsets":[99999999999999999999]}}"#, "invalid saved_offsets"),
    ])
    func `false offsets in a header are refused, with the file`(text: String, part: String) throws {
        try withTemporaryFolder { folder in
            try writeSafetensors(
                [("w", try Tensor.zeros([2]))],
                to: folder.appending(path: RankShard.name(.model, rank: 0)),
                metadata: ["format": "pt", "DCP_SHARDING_INFO": text]
            )
            let message = Self.complaint(in: folder)
            #expect(message.contains(part) && message.contains("shard-00001"), "\(message)")
        }
    }

    @Test func `a plan gives each rank its files, of limited size, and writes an index of all`() throws {
        try withTemporaryFolder { folder in
            let sizes = [("a", 4, 0), ("b", 6, 1), ("c", 2, 1), ("d", 3, 1), ("e", 20, 0)]
            let plan = ShardPlan(
                sizes.map {
                    ShardPlan.Entry(name: $0.0, count: $0.1, byteCount: 4 * $0.1, owner: $0.2)
                },
                maxShardSize: 32
            )
            let files = ["a": (0, 0), "b": (1, 0), "c": (1, 0), "d": (1, 1), "e": (0, 1)]
            for (name, count, rank) in sizes {
                let place = try #require(files[name])
                let file = RankShard.name(.model, rank: place.0, file: place.1, of: 2)
                #expect(plan.file(of: name) == file && place.0 == rank, "\(name)")
                let written = folder.appending(path: file)
                let former: [(name: String, tensor: Tensor)] =
                    FileManager.default.fileExists(atPath: written.path(percentEncoded: false))
                    ? [("b", try Self.numbers([6]))] : []
                try RankShard.write(former + [(name, try Self.numbers([count]))], to: written)
            }
            try plan.writeIndex(to: folder)
            let checkpoint = try openCheckpoint(folder: folder)
            #expect(checkpoint.tensorNames == ["a", "b", "c", "d", "e"] && checkpoint.notes.isEmpty)
            #expect(try checkpoint.tensor("e").array(of: Float.self) == (0..<20).map(Float.init))
            // A whole model in one file replaces them.
            try saveSafetensors([("w", try Self.numbers([2]))], toFolder: folder)
            let left = try FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false))
            #expect(left == ["model.safetensors"])
        }
    }
}
