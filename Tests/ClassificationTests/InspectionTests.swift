import Classification
import Foundation
import TestSupport
import Testing

/// Inspecting checkpoints by their tensors' names, for known and unknown families.
struct InspectionTests {
    /// Writes a safetensors file of zeros.
    private func write(_ tensors: [(String, [Int])], config: String? = nil, in folder: URL) throws {
        var header = ""
        var offset = 0
        for (name, shape) in tensors {
            let size = 2 * shape.reduce(1, *)
            header += header.isEmpty ? "{" : ", "
            header +=
                "\"\(name)\": {\"dtype\": \"BF16\", \"shape\": \(shape), \"data_offsets\": [\(offset), \(offset + size)]}"
            offset += size
        }
        header += "}"
        var data = Data()
        withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { data.append(contentsOf: $0) }
        data.append(Data(header.utf8))
        data.append(Data(count: offset))
        try data.write(to: folder.appending(path: "model.safetensors"))
        if let config { try Data(config.utf8).write(to: folder.appending(path: "config.json")) }
    }

    private func inspect(_ tensors: [(String, [Int])], config: String? = nil) throws -> ModelInspection {
        try withTemporaryFolder { folder in
            try write(tensors, config: config, in: folder)
            return try ModelInspection(path: folder.path(percentEncoded: false))
        }
    }

    @Test func `a model of an unknown family is described by its tensors' names`() throws {
        let layers = (0..<12).flatMap { index in
            [
                ("enc.layer.\(index).attention.self.query.weight", [4, 4]),
                ("enc.layer.\(index).attention.output.LayerNorm.weight", [4]),
                ("enc.layer.\(index).output.dense.weight", [index < 2 ? 8 : 6, 4]),
            ]
        }
        let inspection = try inspect(
            [("enc.embeddings.word.weight", [10, 4]), ("enc.embeddings.LayerNorm.weight", [4])] + layers
                + [
                    ("enc.pooler.dense.weight", [4, 4]), ("lm_head.weight", [10, 4]), ("what.ever", [3]),
                    ("enc.position_ids", [1, 512]),
                ],
            config: "{\"model_type\": \"novel\", \"max_position_embeddings\": 32, \"hidden_size\": 4}"
        )
        #expect(!inspection.isKnownFamily && inspection.contextLength == 32)
        let shown = inspection.blocks.map { block in
            let parts = block.parts.map { ", \($0.name) \($0.parameters)" }.joined()
            return "\(block.count) \(block.role.rawValue) at \(block.place): \(block.parameters)" + parts
        }
        #expect(
            shown == [
                "1 embeddings at enc.embeddings: 44",
                "2 layers at enc.layer: 104, attention 32, feed-forward 64, norms 8",
                "10 layers at enc.layer: 440, attention 160, feed-forward 240, norms 40",
                "1 pooler at enc.pooler.dense: 16", "1 other at what: 3",
                "1 language-model head at lm_head: 40",
            ]
        )
        #expect(inspection.parameterCount == 647)
        let memory = inspection.memory
        #expect(memory.parameters == 607 && memory.weightsInBFloat16 == 1214 && memory.training == 9712)
        // 8 texts of 32 tokens, 4 bytes each of twice 2 × 4 numbers for the hidden states and 3 × 16 for the feed-forward.
        #expect(memory.prediction == 8 * 32 * 4 * 2 * 56)
        let storage = try #require(inspection.storages.first)
        #expect((storage.name, storage.tensors, storage.parameters) == ("BF16", 41, 647))
        let names = inspection.tensors.map(\.name)
        #expect(
            try #require(names.firstIndex(of: "enc.layer.9.output.dense.weight"))
                < #require(names.firstIndex(of: "enc.layer.10.output.dense.weight"))
        )
    }

    @Test
    func `a folder without configuration and tokenizer still shows its tensors, and says what is missing`()
        throws
    {
        let inspection = try inspect([("a.weight", [2, 3])])
        #expect(inspection.configurationFault == "there is no config.json")
        #expect(inspection.tokenizerFault?.contains("tokenizer.json") == true)
        #expect(inspection.parameterCount == 6 && inspection.memory.prediction == nil)
        let broken = try inspect([("a.weight", [2, 3])], config: "[1]")
        #expect(broken.configurationFault?.contains("it contains a list instead of an object") == true)
    }

    @Test func `a missing model is an error that says so`() throws {
        #expect { try ModelInspection(path: "nowhere") } throws: {
            "\($0)".contains("there is no model at nowhere")
        }
        try withTemporaryFolder { (folder) -> Void in
            #expect { try ModelInspection(path: folder.path(percentEncoded: false)) } throws: {
                "\($0)".contains("contains no weights")
            }
        }
    }
}
