import Checkpoints
import Foundation
import JSON
import TestSupport
import Testing
import Torch

/// Reads and writes layers in bitsandbytes' form. (`Scripts/fixtures/make_quantized_fixtures.py`)
struct BitsAndBytesTests {
    private func file(_ name: String) throws -> SafetensorsFile {
        try SafetensorsFile(contentsOf: Fixture.folder.appending(path: "quantized/\(name)"))
    }

    private func bytes(_ tensor: Tensor) throws -> [UInt8] { try tensor.withUnsafeBytes { Array($0) } }

    private func expectEqual(_ ours: any Checkpoint, _ theirs: any Checkpoint) throws {
        #expect(ours.tensorNames == theirs.tensorNames)
        for name in theirs.tensorNames {
            let (mine, wanted) = (try ours.tensor(name), try theirs.tensor(name))
            #expect(mine.shape == wanted.shape, "\(name)")
            #expect(ours.info(name)?.shape == wanted.shape, "\(name)")
            #expect(try bytes(mine) == bytes(wanted), "\(name)")
        }
    }

    @Test func `layers of every form have their plain names and the values of bitsandbytes`() throws {
        let stored = try file("layers.safetensors")
        #expect(BitsAndBytesCheckpoint.isQuantized(stored))
        let layers = try BitsAndBytesCheckpoint(stored)
        try expectEqual(layers, try file("layers-dequantized.safetensors"))
        #expect(layers.byteCount == stored.byteCount)
        #expect(layers.files == stored.files)
        let storages = layers.tensorNames.map { "\($0) \(layers.info($0)?.storage ?? "")" }
        #expect(
            storages == [
                "model.bfloat16_storage.weight NF4", "model.double.weight NF4",
                "model.float32_storage.weight FP4",
                "model.int8.weight INT8", "model.norm.weight F32", "model.odd.weight FP4",
                "model.plain.bias F32", "model.plain.weight NF4",
            ]
        )
        #expect(try layers.quantized("model.norm.weight") == nil)
        #expect(try layers.quantized("model.double.weight")?.originalDType == .bfloat16)
        #expect(try layers.quantized("model.float32_storage.weight")?.originalDType == .float16)
        for name in ["model.plain.weight.absmax", "model.int8.SCB", "other"] {
            #expect(layers.info(name) == nil)
            #expect(throws: CheckpointError.self) { try layers.tensor(name) }
            #expect(throws: CheckpointError.self) { try layers.quantized(name) }
        }
    }

    @Test func `a matrix of GPT-2 is read transposed`() throws {
        let layers = try BitsAndBytesCheckpoint(file("layers.safetensors")) { $0 == "model.odd.weight" }
        let wanted = try file("layers-dequantized.safetensors").tensor("model.odd.weight")
        #expect(layers.info("model.odd.weight")?.shape == [13, 5])
        #expect(try bytes(layers.tensor("model.odd.weight")) == bytes(wanted.transposed(0, 1).contiguous()))
        #expect(try layers.quantized("model.odd.weight")?.shape == [5, 13])
    }

    @Test(arguments: ["nf4", "nf4-double", "fp4", "int8"])
    func `a classifier that transformers quantized has all its weights`(name: String) throws {
        let folder = Fixture.folder.appending(path: "quantized/llama-\(name)")
        let weights = try BitsAndBytesCheckpoint(openCheckpoint(folder: folder))
        #expect(weights.tensorNames.count == 21)
        let quantized = try weights.tensorNames.filter { try weights.quantized($0) != nil }
        #expect(quantized.count == 14)
        #expect(weights.info("model.layers.1.mlp.down_proj.weight")?.shape == [64, 128])
        #expect(weights.info("score.weight")?.storage == (name == "nf4-double" ? "BF16" : "F32"))
    }

    @Test(arguments: ["nf4", "nf4-double", "fp4", "int8"])
    func `settings are written as transformers writes them`(name: String) throws {
        let config = try Fixture.json("quantized/llama-\(name)/config.json")["quantization_config"]
        let settings = try BitsAndBytesConfiguration(parsing: config)
        #expect(settings.kind.rawValue == name.prefix { $0 != "-" })
        #expect(settings.isDoubleQuantized == (name == "nf4-double"))
        #expect(settings.computeDType == (name == "nf4-double" ? .bfloat16 : .float32))
        #expect(settings.json.formatted == config.formatted)
    }

    @Test(arguments: [
        (#"{"quant_method": "gptq", "bits": 4}"#, #"the quantization method "gptq" is not supported"#),
        (#"{"quant_method": 7, "load_in_4bit": true}"#, "is not supported"),
        (#"{"quant_method": "bitsandbytes"}"#, "exactly one of load_in_4bit and load_in_8bit"),
        (#"{"load_in_4bit": true, "load_in_8bit": true}"#, "exactly one of load_in_4bit and load_in_8bit"),
        (#"{"load_in_4bit": true, "bnb_4bit_quant_type": "int8"}"#, #"bnb_4bit_quant_type "int8""#),
        ("7", "is not supported"),
    ])
    func `settings of another method are refused`(text: String, part: String) throws {
        let json = try JSONValue.parse(Array(text.utf8))
        let error = #expect(throws: CheckpointError.self) { try BitsAndBytesConfiguration(parsing: json) }
        #expect(error?.message.contains(part) == true, "\(error?.message ?? "")")
    }

    @Test func `skipped modules survive a round trip`() throws {
        let settings = BitsAndBytesConfiguration(
            kind: .nf4,
            isDoubleQuantized: true,
            skippedModules: ["classifier"]
        )
        #expect(try BitsAndBytesConfiguration(parsing: settings.json) == settings)
    }

    @Test func `the tensors of bitsandbytes are written again byte for byte`() throws {
        let stored = try file("layers.safetensors")
        let layers = try BitsAndBytesCheckpoint(stored)
        try withTemporaryFolder { folder in
            var tensors: [(name: String, tensor: Tensor)] = []
            for name in layers.tensorNames {
                if let matrix = try layers.quantized(name) {
                    tensors += try bitsAndBytesTensors(name, matrix)
                } else {
                    tensors.append((name, try layers.tensor(name)))
                }
            }
            let url = folder.appending(path: "model.safetensors")
            try writeSafetensors(tensors, to: url)
            let written = try SafetensorsFile(contentsOf: url)
            #expect(written.tensorNames == stored.tensorNames)
            for name in stored.tensorNames {
                #expect(try bytes(written.tensor(name)) == bytes(stored.tensor(name)), "\(name)")
                // Codes in another storage type are written as uint8, transformers' default.
                guard !name.hasSuffix("_storage.weight") else { continue }
                #expect(written.info(name) == stored.info(name), "\(name)")
            }
            try expectEqual(BitsAndBytesCheckpoint(written), layers)
        }
    }

    @Test(arguments: [(Quantization.nf4, false), (.nf4, true), (.fp4, false), (.fp4, true), (.int8, false)])
    func `a quantized matrix is the same after writing and reading`(kind: Quantization, double: Bool) throws {
        let values = try Tensor.normal([131, 77], random: RandomSource(seed: 3)).to(dtype: .bfloat16)
        let matrix = try QuantizedMatrix.quantizing(values, to: kind, isDoubleQuantized: double)
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "model.safetensors")
            try writeSafetensors(bitsAndBytesTensors("a.weight", matrix), to: url)
            let read = try #require(
                try BitsAndBytesCheckpoint(SafetensorsFile(contentsOf: url)).quantized("a.weight")
            )
            #expect(read.shape == matrix.shape && read.storage == matrix.storage)
            #expect(read.originalDType == (kind == .int8 ? nil : .bfloat16))
            #expect(try bytes(read.dequantized()) == bytes(matrix.dequantized()))
        }
    }

    @Test func `a matrix that bitsandbytes cannot name or hold is not written`() throws {
        let matrix = try QuantizedMatrix.quantizing(.zeros([2, 64]), to: .int8)
        let error = #expect(throws: CheckpointError.self) { try bitsAndBytesTensors("table", matrix) }
        #expect(error?.message.contains(#""table""#) == true)
        let gguf = try GGUFFile(contentsOf: Fixture.folder.appending(path: "checkpoints/quantised.gguf"))
        let blocks = try #require(try gguf.quantized("q4_1"))
        let other = #expect(throws: CheckpointError.self) { try bitsAndBytesTensors("a.weight", blocks) }
        #expect(other?.message.contains("Q4_1 of a GGUF file") == true)
    }
}
