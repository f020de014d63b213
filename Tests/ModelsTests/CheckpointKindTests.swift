import Checkpoints
import Foundation
import JSON
import Models
import NN
import TestSupport
import Testing
import Torch

/// Loading checkpoints of other kinds as classifiers.
struct CheckpointKindTests {
    @Test func `a base model gets a head, and its language-model head is not loaded`() throws {
        let folder = Fixture.folder.appending(path: "models/tiny-base")
        let configuration = try ModelConfiguration(
            parsing: Data(contentsOf: folder.appending(path: "config.json")),
            source: "config.json"
        )
        var options = SequenceClassifier.LoadOptions()
        options.labels = ["x", "y", "z"]
        let (model, report) = try SequenceClassifier.load(
            openCheckpoint(folder: folder),
            configuration: configuration,
            options: options,
            random: RandomSource(seed: 3)
        )
        #expect(report.fresh == ["score.weight"] && report.unexpected.isEmpty)
        #expect(model.labels == ["x", "y", "z"])
        #expect(model.parameters["score.weight"]?.shape == [3, 16])
    }

    /// A checkpoint without a classifier, and the expected report.
    struct Base: CustomTestStringConvertible {
        var name: String
        /// Initialized tensors: the head, and the pooler if the checkpoint has none.
        var fresh: [String]
        /// Prefixes of dropped tensors of another head.
        var dropped: [String] = []
        /// Prefixes of ignored buffers.
        var computed: [String] = []

        var testDescription: String { name }
    }

    private static let bertHead = ["classifier.weight", "classifier.bias"]
    private static let bertPooler = ["bert.pooler.dense.weight", "bert.pooler.dense.bias"]
    private static let debertaPooler = ["pooler.dense.weight", "pooler.dense.bias"]
    private static let robertaHead = ["dense.weight", "dense.bias", "out_proj.weight", "out_proj.bias"].map {
        "classifier." + $0
    }

    @Test(arguments: [
        Base(name: "bert-base-model", fresh: bertHead),
        Base(name: "bert-masked-lm", fresh: bertPooler + bertHead, dropped: ["cls."]),
        Base(name: "bert-legacy-names", fresh: bertPooler + bertHead, dropped: ["cls."]),
        Base(name: "sentence-transformers", fresh: bertHead),
        Base(name: "roberta-masked-lm", fresh: robertaHead, dropped: ["lm_head."]),
        Base(name: "deberta-masked-lm", fresh: debertaPooler + bertHead, dropped: ["cls."]),
        Base(name: "gpt2-base", fresh: ["score.weight"], computed: ["h."]),
        Base(name: "phi3-bf16-sharded", fresh: ["score.weight"], dropped: ["lm_head."]),
        Base(name: "llama-fp16", fresh: ["score.weight"], dropped: ["lm_head."]),
    ])
    func `base models of every kind become classifiers with a fresh head`(base: Base) throws {
        var options = SequenceClassifier.LoadOptions()
        options.labels = ["x", "y", "z"]
        let (model, report) = try ReferenceModel.load(base.name, options: options)
        #expect(report.fresh == base.fresh)
        #expect(report.unexpected.isEmpty && report.missing.isEmpty && report.unreadFields.isEmpty)
        for tensor in report.dropped {
            #expect(base.dropped.contains { tensor.name.hasPrefix($0) }, "\(tensor.name)")
        }
        #expect(report.dropped.isEmpty == base.dropped.isEmpty)
        for name in report.computed { #expect(base.computed.contains(where: name.hasPrefix), "\(name)") }
        #expect(report.computed.isEmpty == base.computed.isEmpty)
        let logits = try model.logits(PackedBatch(ids: [3, 4, 5, 3], cuSeqlens: [0, 3, 4], padTokenID: nil))
        #expect(logits.shape == [2, 3])
        #expect(try logits.isFinite())
    }

    @Test func `bfloat16 weights may stay mapped, and give nearly the logits of float32`() throws {
        func logits(_ change: (inout SequenceClassifier.LoadOptions) -> Void) throws -> [Float] {
            var options = SequenceClassifier.LoadOptions()
            options.labels = ["x", "y", "z"]
            change(&options)
            let (model, _) = try ReferenceModel.load("phi3-bf16-sharded", options: options)
            return try model.logits(PackedBatch(ids: [3, 4, 5, 3], cuSeqlens: [0, 3, 4], padTokenID: nil))
                .array()
        }
        let exact = try logits { _ in }
        let mapped = try logits { ($0.weightsDType, $0.mapsWeights) = (.bfloat16, true) }
        let copied = try logits { $0.weightsDType = .bfloat16 }
        #expect(mapped == copied)
        // The file's weights are bfloat16; products of bfloat16 inputs have a relative error of up to 2⁻⁸ per term.
        let scale = exact.map(abs).max() ?? 0
        for (a, b) in try paired(exact, mapped) { #expect(abs(a - b) < 0.05 * scale) }
        // A CPU without bfloat16 instructions multiplies those weights in float32, without an error.
        #expect((exact == mapped) == ProductRoutes.suggested.multipliesInFloat32(.bfloat16, on: .cpu))
    }

    @Test(arguments: [DType.float32, .bfloat16])
    func `saving, loading and saving again gives the same bytes, also in shards`(dtype: DType) throws {
        var options = SequenceClassifier.LoadOptions()
        options.labels = ["x", "y"]
        options.weightsDType = dtype
        let (model, _) = try ReferenceModel.load("phi3-bf16-sharded", options: options)
        try withTemporaryFolder { folder in
            let (first, second) = (folder.appending(path: "1"), folder.appending(path: "2"))
            try model.save(to: first, maxShardSize: 20_000)
            var again = SequenceClassifier.LoadOptions()
            again.weightsDType = dtype
            let (reopened, report) = try SequenceClassifier.load(
                openCheckpoint(folder: first),
                configuration: ModelConfiguration(
                    parsing: Data(contentsOf: first.appending(path: "config.json")),
                    source: "config.json"
                ),
                options: again,
                random: RandomSource(seed: 9)
            )
            #expect(report.fresh.isEmpty)
            try reopened.save(to: second, maxShardSize: 20_000)
            let names = try FileManager.default.contentsOfDirectory(
                atPath: first.path(percentEncoded: false)
            )
            #expect(names.count > 3)
            for name in names {
                #expect(
                    try Data(contentsOf: first.appending(path: name))
                        == Data(contentsOf: second.appending(path: name)),
                    "\(name)"
                )
            }
        }
    }

    @Test func `an unread field is listed, or refused if it would change the result`() throws {
        func load(_ field: String) throws -> LoadReport {
            let folder = Fixture.folder.appending(path: "models/llama-gqa")
            let text = try String(contentsOf: folder.appending(path: "config.json"), encoding: .utf8)
            return try SequenceClassifier.load(
                openCheckpoint(folder: folder),
                configuration: ModelConfiguration(
                    parsing: text.replacing("{", with: "{ \(field),", maxReplacements: 1).utf8,
                    source: "config.json"
                ),
                random: RandomSource(seed: 0)
            ).report
        }
        #expect(try load("\"flavour\": 3").unreadFields == ["flavour"])
        #expect(try load("\"quantization_config\": null").unreadFields.isEmpty)
        for (quantization, message) in [
            (#"{"bits": 4}"#, "exactly one of load_in_4bit and load_in_8bit"),
            (#"{"quant_method": "gptq", "bits": 4}"#, #"the quantization method "gptq" is not supported"#),
            (#"{"load_in_8bit": true}"#, "describes quantized weights, but the checkpoint has none"),
        ] {
            #expect { try load("\"quantization_config\": \(quantization)") } throws: {
                "\($0)".contains(message)
            }
        }
        #expect { try load("\"sliding_window\": 7") } throws: { "\($0)".contains("sliding_window") }
    }

    @Test func `a head for other labels is refused unless it may be replaced`() throws {
        let folder = Fixture.folder.appending(path: "models/llama-gqa")
        let configuration = try ModelConfiguration(
            parsing: Data(contentsOf: folder.appending(path: "config.json")),
            source: "config.json"
        )
        var options = SequenceClassifier.LoadOptions()
        options.labels = ["b", "a"]
        func load() throws -> LoadReport {
            try SequenceClassifier.load(
                openCheckpoint(folder: folder),
                configuration: configuration,
                options: options,
                random: RandomSource(seed: 0)
            ).report
        }
        #expect { try load() } throws: { error in
            "\(error)".contains("\"a\", \"b\", \"c\"") && "\(error)".contains("--reinit-head")
        }
        options.reinitializesHead = true
        #expect(try load().fresh == ["score.weight"])
    }
}
