import Checkpoints
import Foundation
import JSON
import Models
import NN
import TestSupport
import Testing
import Torch

/// Classifiers that transformers quantized with bitsandbytes. (`Scripts/fixtures/make_quantized_fixtures.py`)
struct QuantizedClassifierTests {
    private static func configuration(in folder: URL) throws -> ModelConfiguration {
        try ModelConfiguration(
            parsing: Data(contentsOf: folder.appending(path: "config.json")),
            source: folder.lastPathComponent
        )
    }

    @Test(arguments: ["nf4", "nf4-double", "fp4", "int8"], [FrozenStorage.floatingPoint, .asStored])
    func `logits equal those of a float32 computation with the dequantized weights`(
        name: String,
        storage: FrozenStorage
    ) throws {
        let folder = Fixture.folder.appending(path: "quantized/llama-\(name)")
        let fixture = try Fixture.json("quantized/llama-\(name)/logits.json")
        let configuration = try Self.configuration(in: folder)
        var options = SequenceClassifier.LoadOptions()
        options.frozenStorage = storage
        let (model, report) = try SequenceClassifier.load(
            configuration.readingQuantized(openCheckpoint(folder: folder)),
            configuration: configuration,
            options: options,
            random: RandomSource(seed: 0)
        )
        #expect(report.missing.isEmpty && report.unexpected.isEmpty && report.mismatched.isEmpty)
        let kept = model.parameters.parameters.compactMap(\.quantized)
        #expect(kept.isEmpty == (storage == .floatingPoint))
        let ids = try fixture["input_ids"].elements().map { try $0.integers() }
        let offsets = ids.reduce(into: [Int32(0)]) { $0.append($0[$0.count - 1] + Int32($1.count)) }
        let batch = try PackedBatch(ids: ids.joined().map(Int32.init), cuSeqlens: offsets, padTokenID: 1)
        let logits = try model.logits(batch).array(of: Double.self)
        let expected = try fixture["logits"].elements().flatMap { try $0.doubles() }
        for (ours, theirs) in try paired(logits, expected) {
            #expect(abs(ours - theirs) <= 1e-4 * max(1, abs(theirs)))
        }
    }

    /// The storages that a float checkpoint can be quantized to.
    private static let storages: [FrozenStorage] = [
        .quantized(.nf4, isDouble: false), .quantized(.nf4, isDouble: true),
        .quantized(.fp4, isDouble: false), .quantized(.int8, isDouble: false),
    ]

    // 1e-4: float32 sums in another order.
    @Test(arguments: ["llama-gqa", "gpt2-plain", "bert-gelu", "deberta-v3", "phi3-partial"], storages)
    func
        `an adapter on a base that is quantized while loading has the logits and gradients of dequantized weights`(
            name: String,
            storage: FrozenStorage
        ) throws
    {
        var options = SequenceClassifier.LoadOptions()
        options.frozenStorage = storage
        let folder = Fixture.folder.appending(path: "models/\(name)")
        func model() throws -> SequenceClassifier {
            let configuration = try Self.configuration(in: folder)
            let loaded = try SequenceClassifier.load(
                openCheckpoint(folder: folder),
                configuration: configuration,
                options: options,
                random: RandomSource(seed: 0)
            ).classifier
            #expect(loaded.parameters.parameters.contains { $0.quantized != nil })
            return loaded
        }
        let settings = AdapterConfiguration(rank: 3, alpha: 6, targets: .allLinear)
        var dora = settings
        dora.usesMagnitudes = true
        for configuration in [settings, dora] {
            let (stored, plain) = (try model(), try model())
            // The same values in floating point.
            for matrix in plain.parameters.adaptedWeights { try matrix.dequantize() }
            var results: [[Float]] = []
            for model in [stored, plain] {
                try model.attach(
                    AdapterAttachment(configuration, compile: ReferenceAdapter.compile),
                    random: RandomSource(seed: 1)
                )
                let random = try RandomSource(seed: 2)
                for parameter in model.adapter?.parameters ?? [] where parameter.name.contains("lora_") {
                    let noise = try Tensor.normal(parameter.shape, std: 0.1, random: random)
                    try parameter.set(parameter.value + noise)
                }
                try model.parameters.setFrozenAsUntrained()
                try model.parameters.setRequiresGradient(true)
                let batch = try PackedBatch(ids: [3, 4, 5, 6, 7], cuSeqlens: [0, 2, 5], padTokenID: 1)
                let logits = try model.logits(batch)
                try (logits * logits).sum().backward()
                let gradients = try model.adapterTensors().map { name, tensor in
                    try #require(try tensor.gradient(), "\(name)").array(of: Float.self)
                }
                results.append(try logits.detached().array(of: Float.self) + gradients.joined())
            }
            for (a, b) in try paired(results[0], results[1]) {
                #expect(abs(a - b) <= 1e-4 * max(1, abs(b)))
            }
            let fingerprint = try #require(stored.adapter?.baseFingerprint)
            // GPT-2's matrices are transposed when they are quantized, so other elements are at their ends.
            #expect((fingerprint == plain.adapter?.baseFingerprint) == (name != "gpt2-plain"))
        }
    }

    private static func ends(_ parameter: Parameter) throws -> [[Float]] {
        try parameter.sampledEnds().map { try $0.array(of: Float.self) }
    }

    /// Loads a model whole and on each of two ranks, and compares the parts of the ranks.
    private static func compareDivided(_ folder: URL, _ storage: FrozenStorage) throws {
        func model(_ shard: (rank: Int, count: Int)?) throws -> SequenceClassifier {
            let configuration = try Self.configuration(in: folder)
            var options = SequenceClassifier.LoadOptions()
            (options.frozenStorage, options.shard) = (storage, shard)
            return try SequenceClassifier.load(
                configuration.readingQuantized(openCheckpoint(folder: folder)),
                configuration: configuration,
                options: options,
                random: RandomSource(seed: 0)
            ).classifier
        }
        let whole = try model(nil)
        for rank in 0..<2 {
            let divided = try model((rank, 2))
            let shards = try #require(divided.blockWeights as? BlockShards)
            let matrices = divided.parameters.parameters.filter { $0.block != nil && $0.quantized != nil }
            #expect(!matrices.isEmpty)
            // The tensors of a matrix are predicted before it is read.
            for matrix in matrices { #expect(shards[matrix.name] != nil, "\(matrix.name)") }
            for slot in shards.all {
                let expected = try #require(whole.parameters[slot.parameter.name])
                #expect(slot.tensors.map(\.spec) == expected.tensors.map(\.spec))
                #expect(try ends(slot.parameter) == ends(expected))
                guard slot.owner == rank else { continue }
                for (ours, theirs) in try paired(slot.tensors, expected.tensors) {
                    let bytes = try [ours, theirs].map { try $0.withUnsafeBytes { Data($0) } }
                    #expect(bytes[0] == bytes[1], "\(expected.name)")
                }
            }
            let parts = shards.parts.joined()
            let own = parts.filter { $0.owner == rank }.reduce(0) { $0 + $1.bytes.count }
            let all = parts.reduce(0) { $0 + $1.bytes.count }
            // Each goes to the rank with fewer bytes, so the ranks differ by one matrix at most. Tensors fill multiples of 64 bytes.
            let largest = shards.all.map { slot in
                slot.tensors.reduce(0) { $0 + ($1.spec.byteCount + 63) / 64 * 64 }
            }
            #expect(try abs(2 * own - all) <= #require(largest.max()))
            #if os(Linux)
            #expect(parts.allSatisfy { $0.owner == rank || $0.residentByteCount == 0 })
            #endif
        }
    }

    @Test(arguments: ["nf4", "nf4-double", "fp4", "int8"])
    func `each rank keeps its part of a checkpoint that bitsandbytes has quantized`(name: String) throws {
        try Self.compareDivided(Fixture.folder.appending(path: "quantized/llama-\(name)"), .asStored)
    }

    @Test(arguments: ["llama-gqa", "gpt2-plain", "bert-gelu"], storages)
    func `each rank keeps its part of a base that is quantized while loading`(
        name: String,
        storage: FrozenStorage
    ) throws {
        try Self.compareDivided(Fixture.folder.appending(path: "models/\(name)"), storage)
    }

    @Test
    func `a quantized model is written in bitsandbytes' form and read again, and merged in floating point`()
        throws
    {
        try withTemporaryFolder { folder in
            let source = Fixture.folder.appending(path: "quantized/llama-nf4-double")
            func load(_ folder: URL) throws -> SequenceClassifier {
                let configuration = try Self.configuration(in: folder)
                var options = SequenceClassifier.LoadOptions()
                options.frozenStorage = .asStored
                return try SequenceClassifier.load(
                    configuration.readingQuantized(openCheckpoint(folder: folder)),
                    configuration: configuration,
                    options: options,
                    random: RandomSource(seed: 0)
                ).classifier
            }
            let model = try load(source)
            let saved = folder.appending(path: "saved")
            try model.save(to: saved)
            let stored = try Self.configuration(in: saved)["quantization_config"]
            #expect(stored["bnb_4bit_quant_type"] == .string("nf4"))
            #expect(stored["bnb_4bit_use_double_quant"] == .bool(true))
            #expect(stored["llm_int8_skip_modules"] == .array([.string("score")]))
            let again = try load(saved)
            let batch = try PackedBatch(ids: [3, 4, 5], cuSeqlens: [0, 3], padTokenID: 1)
            let logits = try model.logits(batch).array(of: Float.self)
            #expect(try again.logits(batch).array(of: Float.self) == logits)
            try again.attach(
                AdapterAttachment(AdapterConfiguration(rank: 2), compile: ReferenceAdapter.compile),
                random: RandomSource(seed: 1)
            )
            try again.mergeAdapter()
            #expect(again.parameters.parameters.allSatisfy { $0.quantized == nil })
            // The adapter changes nothing yet: 1e-5 for float32 sums in another order.
            for (a, b) in zip(try again.logits(batch).array(of: Float.self), logits) {
                #expect(abs(a - b) < 1e-5)
            }
        }
    }
}
