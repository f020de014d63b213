import Checkpoints
import Foundation
import TestSupport
import Testing
import Torch

/// GGUF files of every architecture compared with the original weights (Scripts/fixtures/make_gguf_fixtures.py).
struct HubNamedGGUFTests {
    private static let models = [
        "llama", "llama3", "llama-stretched", "mistral", "qwen2", "qwen3", "phi3", "phi3-longrope", "gemma2",
        "gemma3",
        "gpt2", "gptneox", "bert", "modern-bert",
    ]

    @Test(arguments: models)
    func `names, shapes and values equal the original weights, bit for bit`(name: String) throws {
        let folder = Fixture.folder.appending(path: "gguf")
        let ours = try HubNamedGGUF(GGUFFile(contentsOf: folder.appending(path: "\(name).gguf")))
        let theirs = try SafetensorsFile(contentsOf: folder.appending(path: "\(name).safetensors"))
        #expect(ours.tensorNames == theirs.tensorNames)
        for tensor in theirs.tensorNames {
            #expect(ours.info(tensor)?.shape == theirs.info(tensor)?.shape, "\(tensor)")
            let values = try ours.tensor(tensor)
            #expect(values.shape == theirs.info(tensor)?.shape, "\(tensor)")
            let bits = try values.array(of: Float.self).map(\.bitPattern)
            #expect(try bits == theirs.tensor(tensor).array(of: Float.self).map(\.bitPattern), "\(tensor)")
        }
    }

    @Test func `size and files are known without reading`() throws {
        let url = Fixture.folder.appending(path: "checkpoints/quantised.gguf")
        let file = try GGUFFile(contentsOf: url)
        // 768 values each: Q4_K takes 144 bytes per 256 values, Q8_0 34 bytes per 32.
        #expect(file.info("q4_k")?.byteCount == 432 && file.info("q8_0")?.byteCount == 816)
        #expect(file.byteCount == file.tensorNames.reduce(0) { $0 + (file.info($1)?.byteCount ?? 0) })
        let size = try Data(contentsOf: url).count
        #expect(file.files == [CheckpointFile(path: url.path(percentEncoded: false), byteCount: size)])
        let named = try HubNamedGGUF(GGUFFile(contentsOf: Fixture.folder.appending(path: "gguf/gpt2.gguf")))
        #expect(named.byteCount > 0 && named.files.count == 1)
    }

    /// The error message of opening a file with these values and tensors; "nothing" if it opens.
    private func complaint(
        _ values: [(String, UInt32)],
        architecture: String,
        tensors: [(String, [UInt64])]
    ) throws
        -> String
    {
        var writer = HostileGGUFTests.Writer(tensors: UInt64(tensors.count), values: UInt64(values.count + 1))
        writer.string("general.architecture")
        writer.number(UInt32(8))
        writer.string(architecture)
        for (name, value) in values { writer.value(name, value) }
        var offset: UInt64 = 0
        for (name, sizes) in tensors {
            writer.tensor(name, sizes, offset: offset)
            offset += (sizes.reduce(1, *) * 4 + 31) / 32 * 32
        }
        writer.data(Int(offset))
        return try withTemporaryFolder { folder in
            let url = folder.appending(path: "x.gguf")
            try Data(writer.bytes).write(to: url)
            do {
                let named = try HubNamedGGUF(GGUFFile(contentsOf: url))
                for name in named.tensorNames { _ = try named.tensor(name) }
                return "nothing"
            } catch { return "\(error)" }
        }
    }

    @Test func `tensors that do not divide into the heads are refused by name`() throws {
        let heads = [("llama.attention.head_count", UInt32(3))]
        #expect(
            try complaint(heads, architecture: "llama", tensors: [("blk.0.attn_q.weight", [4, 8])])
                .contains(
                    "\"blk.0.attn_q.weight\" of shape [8, 4] does not divide into the 3 attention heads"
                )
        )
        let many = [("gptneox.attention.head_count", UInt32.max)]
        #expect(
            try complaint(many, architecture: "gptneox", tensors: [("blk.0.attn_qkv.bias", [24])])
                .contains("does not divide")
        )
        #expect(
            try complaint(
                [("llama.attention.head_count", 4), ("llama.attention.head_count_kv", 0)],
                architecture: "llama",
                tensors: [("blk.0.attn_k.weight", [4, 8])]
            ).contains("does not divide")
        )
    }

    @Test func `duplicate names, split models and unknown architectures are refused`() throws {
        let heads = [("llama.attention.head_count", UInt32(2))]
        #expect(
            try complaint(
                heads,
                architecture: "llama",
                tensors: [("output.weight", [4]), ("lm_head.weight", [4])]
            )
            .contains("two tensors map to \"lm_head.weight\"")
        )
        #expect(
            try complaint(heads + [("split.count", 3)], architecture: "llama", tensors: [])
                .contains("is part 1 of 3 of a split model")
        )
        #expect(try complaint([], architecture: "mamba", tensors: []).contains("supported are: bert, gemma2"))
        #expect(try complaint([], architecture: "llama", tensors: []).contains("how many attention heads"))
    }

    @Test func `a tensor that the architecture does not know keeps its name`() throws {
        let heads = [("llama.attention.head_count", UInt32(2))]
        for name in [
            "blk.0.attn_sinks.weight", "blk.x.attn_q.weight", "blk", "weight", "", "..weight", "blk.1.weight",
        ] {
            #expect(
                try complaint(heads, architecture: "llama", tensors: [(name, [4])]) == "nothing",
                "\(name)"
            )
        }
    }
}
