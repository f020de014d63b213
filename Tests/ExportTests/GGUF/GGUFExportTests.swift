import Checkpoints
import Classification
import Evaluation
import Foundation
import JSON
import NN
import TestSupport
import Testing
import Torch

@testable import Export
@testable import Models

/// Classifiers as GGUF files, opened again.
struct GGUFExportTests {
    /// The families that llama.cpp computes, with their architecture and the place of the head there.
    static let families: [(name: String, architecture: String, head: GGUFDescription.Head)] = [
        ("bert", "bert", .tensors), ("roberta", "bert", .tensors), ("roberta-two-types", "bert", .tensors),
        ("xlm-roberta", "bert", .tensors), ("llama", "llama", .metadata), ("mistral", "llama", .metadata),
        ("phi3", "phi3", .metadata), ("qwen2", "qwen2", .metadata), ("qwen3", "qwen3", .tensors),
        ("gpt2", "gpt2", .metadata),
    ]

    private func export(
        _ classifier: TextClassifier,
        to folder: URL,
        _ weights: GGUFWeights = .float32
    ) throws -> (file: URL, report: ExportReport) {
        let file = folder.appending(path: "model.gguf")
        return (file, try GGUFExport.write(classifier, to: file, weights))
    }

    @Test(arguments: families)
    func `a file in float32 is the same classifier with the same tokenizer`(
        name: String,
        architecture: String,
        head: GGUFDescription.Head
    ) throws {
        let classifier = try PairModel(name).classifier
        try withTemporaryFolder { folder in
            let (file, report) = try export(classifier, to: folder)
            let size = try Data(contentsOf: file).count
            #expect(report.files.count == 1 && report.files[0].bytes == size)
            let copy = try PairModel.open(file)
            #expect(copy.labels == classifier.labels && copy.problemType == classifier.problemType)
            #expect(copy.settings == classifier.settings)
            #expect(try PairModel.logits(copy) == PairModel.logits(classifier))
            let path = file.path(percentEncoded: false)
            #expect(try ParityRecord(model: path).compare(copy).isWithinTolerance)
            #expect(try ClassifierHead(model: path)?.labels == classifier.labels)
            // What llama.cpp reads.
            let gguf = try GGUFFile(contentsOf: file)
            #expect(gguf.metadata["general.architecture"]?.string == architecture)
            #expect(gguf.metadata["\(architecture).classifier.output_labels"]?.strings == classifier.labels)
            #expect(gguf.metadata["\(architecture).pooling_type"]?.int == (head == .tensors ? 4 : 3))
            #expect((gguf.info("cls.output.weight") != nil) == (head == .tensors))
            let tokens = gguf.metadata["tokenizer.ggml.tokens"]?.strings
            #expect(tokens == nil || tokens?.count == gguf.info("token_embd.weight")?.shape[0])
            #expect(
                FileManager.default.subpaths(atPath: folder.path(percentEncoded: false)) == ["model.gguf"]
            )
        }
    }

    /// The states depend on every hyperparameter: on windows, frequencies, epsilons and scales.
    @Test(arguments: ["bert", "llama", "mistral", "phi3", "qwen2", "qwen3", "gpt2"])
    func `llama.cpp's metadata alone describes the same network`(name: String) throws {
        let classifier = try PairModel(name).classifier
        try withTemporaryFolder { folder in
            let file = try GGUFFile(contentsOf: export(classifier, to: folder).file)
            let configuration = try ModelConfiguration(metadataOf: file, source: name)
            var options = SequenceClassifier.LoadOptions()
            options.labels = configuration.isClassifier ? nil : classifier.labels
            let (model, report) = try SequenceClassifier.load(
                HubNamedGGUF(file),
                configuration: configuration,
                options: options,
                random: RandomSource(seed: 1)
            )
            #expect(report.fresh.isEmpty || !configuration.isClassifier, "\(report.summary)")
            let ids: [Int32] = [3, 9, 4, 11, 5, 9, 2, 6, 50, 31, 5, 40, 7]
            let batch = try PackedBatch(ids: ids, cuSeqlens: [0, 5, 13], padTokenID: 0)
            let states: [Float] = try model.hiddenStates(batch).array()
            let expected: [Float] = try classifier.model.hiddenStates(batch).array()
            #expect(states == expected)
            if configuration.isClassifier {
                let logits: [Float] = try model.logits(batch).array()
                let expected: [Float] = try classifier.model.logits(batch).array()
                #expect(logits == expected)
            }
        }
    }

    @Test func `ModernBERT's head is written for the pooling that llama.cpp has`() throws {
        let classifier = try PairModel("modernbert", changing: ["classifier_pooling": .string("mean")])
            .classifier
        try withTemporaryFolder { folder in
            let (file, _) = try export(classifier, to: folder)
            #expect(try PairModel.logits(PairModel.open(file)) == PairModel.logits(classifier))
            let gguf = try GGUFFile(contentsOf: file)
            #expect(
                ["cls.weight", "cls.norm.weight", "cls.output.weight"].allSatisfy { gguf.info($0) != nil }
            )
            let fields = try ModelConfiguration(metadataOf: gguf, source: "x")
            #expect(fields.isClassifier && fields["classifier_pooling"].string == "mean")
        }
    }

    // 1e-5: a Gemma file has one added to its norms, which loses their last bits.
    @Test(arguments: ["gemma2", "gemma3"])
    func `Gemma's norms and layers survive`(name: String) throws {
        try withTemporaryFolder { folder in
            let fields = try Fixture.json("gguf/configs.json")["models"][name]["config"]
            try Data(fields.formatted.utf8).write(to: folder.appending(path: "config.json"))
            try FileManager.default.copyItem(
                at: Fixture.folder.appending(path: "gguf/\(name).safetensors"),
                to: folder.appending(path: "model.safetensors")
            )
            let tokenizer = """
                {"version": "1.0", "added_tokens": [], "pre_tokenizer": {"type": "WhitespaceSplit"},
                 "model": {"type": "WordLevel", "vocab": {"The": 0, "x": 1, "quick": 2}, "unk_token": "x"}}
                """
            try Data(tokenizer.utf8).write(to: folder.appending(path: "tokenizer.json"))
            // The stages of the file, not those of Gemma's class.
            let generic = #"{"tokenizer_class": "PreTrainedTokenizerFast"}"#
            try Data(generic.utf8).write(to: folder.appending(path: "tokenizer_config.json"))
            var options = SequenceClassifier.LoadOptions()
            options.labels = ["a", "b", "c"]
            let path = folder.path(percentEncoded: false)
            let classifier = try TextClassifier.load(path, options: options).classifier
            let (file, report) = try export(classifier, to: folder.appending(path: "out"))
            let before = try PairModel.logits(classifier).joined()
            let after = try PairModel.logits(PairModel.open(file)).joined()
            for (a, b) in try paired(Array(before), Array(after)) { #expect(abs(a - b) < 1e-5) }
            // The tokenizer is of a kind that llama.cpp lacks.
            #expect(report.notes.contains { $0.contains("token ids instead of texts") })
        }
    }

    @Test(arguments: GGUFWeights.allCases)
    func `every storage opens with the classifier's labels, and small tensors stay exact`(
        weights: GGUFWeights
    ) throws {
        let classifier = try PairModel("llama").classifier
        try withTemporaryFolder { folder in
            let (file, report) = try export(classifier, to: folder, weights)
            let gguf = try GGUFFile(contentsOf: file)
            #expect(gguf.metadata["general.file_type"]?.int == weights.fileType)
            // Rows of 8 are no whole number of any block.
            let stored = gguf.info("blk.0.attn_q.weight")?.storage
            #expect(stored == ["float32": "F32", "bfloat16": "BF16"][weights.rawValue] ?? "F16")
            #expect(gguf.info("blk.0.attn_norm.weight")?.storage == "F32")
            let copy = try PairModel.open(file)
            #expect(copy.labels == classifier.labels)
            for parameter in classifier.model.parameters.parameters {
                let other = try #require(copy.model.parameters[parameter.name])
                let before: [Float] = try parameter.value.array()
                let after: [Float] = try other.value.array()
                // A bfloat16 has 8 bits, a float16 has 11; other tensors are exact.
                let rounding: Float = weights == .float32 || parameter.shape.count == 1 ? 0 : 1 / 256
                for (a, b) in try paired(before, after) { #expect(abs(a - b) <= rounding * abs(a) + 0x1p-24) }
            }
            #expect(report.notes[0].contains("neutral text"))
        }
    }

    @Test func `wide matrices are quantized, and the head is not`() throws {
        var fields = try Fixture.json("pairs/llama/config.json").object ?? [:]
        for (name, value) in ["hidden_size": 256, "intermediate_size": 512, "head_dim": 128] {
            fields[name] = .int(value)
        }
        try withTemporaryFolder { folder in
            let configuration = ModelConfiguration(fields: fields, source: "wide")
            var options = SequenceClassifier.LoadOptions()
            options.labels = ["a", "b"]
            let model = try SequenceClassifier.fresh(
                configuration: configuration,
                options: options,
                random: RandomSource(seed: 3)
            )
            let wide = folder.appending(path: "wide", directoryHint: .isDirectory)
            try model.save(to: wide)
            try FileManager.default.copyItem(
                at: Fixture.folder.appending(path: "pairs/llama/tokenizer.json"),
                to: wide.appending(path: "tokenizer.json")
            )
            let classifier = try PairModel.open(wide)
            let (file, report) = try export(classifier, to: folder, .q4_k)
            let gguf = try GGUFFile(contentsOf: file)
            #expect(gguf.info("blk.0.ffn_up.weight")?.storage == "Q4_K")
            #expect(gguf.info("token_embd.weight")?.storage == "Q6_K")
            #expect(gguf.metadata["general.quantization_version"]?.int == 2)
            #expect(report.files[0].bytes < report.weightBytesBefore / 4)
            let head: [Float] = try HubNamedGGUF(gguf).tensor("score.weight").array()
            let score = try #require(classifier.model.parameters["score.weight"])
            let expected: [Float] = try score.value.array()
            #expect(head == expected)
            // The queries of a head are interleaved in the file, in blocks as in float.
            let query = "model.layers.0.self_attn.q_proj.weight"
            let parameter = try #require(classifier.model.parameters[query])
            let before: [Float] = try parameter.value.array()
            let after: [Float] = try HubNamedGGUF(gguf).tensor(query).array()
            let largest = before.map(abs).max() ?? 0
            // Four bits: half a step of a fifteenth of the range, and the rounding of scale and minimum.
            for (a, b) in try paired(before, after) { #expect(abs(a - b) < 0.12 * largest) }
        }
    }

    @Test func `settings and decisions come along`() throws {
        let classifier = try PairModel("bert").classifier
        var settings = classifier.settings
        settings.textColumn = "body"
        settings.maxLength = 24
        classifier.remember(settings)
        var decisions = Decisions(labels: classifier.labels, problemType: classifier.problemType)
        decisions.scaling = .temperature(2)
        classifier.decisions = decisions
        try withTemporaryFolder { folder in
            let (file, _) = try export(classifier, to: folder)
            let copy = try PairModel.open(file)
            #expect(copy.settings.textColumn == "body" && copy.decisions == decisions)
            let path = file.path(percentEncoded: false)
            #expect(try ClassifierSettings(model: path).textColumn == "body")
            #expect(try copy.classify(PairModel.texts) == classifier.classify(PairModel.texts))
        }
    }

    @Test(arguments: [
        ("distilbert", "models of type \"distilbert\""), ("electra", "models of type \"electra\""),
        ("deberta-v2", "models of type \"deberta-v2\""), ("gpt-neox", "models of type \"gpt_neox\""),
        ("modernbert", "pools the mean"), ("gemma2", "query_pre_attn_scalar"),
    ])
    func `a model that llama.cpp would compute differently is refused, with another format`(
        name: String,
        reason: String
    ) throws {
        let classifier = try PairModel(name).classifier
        try withTemporaryFolder { folder in
            #expect { try export(classifier, to: folder) } throws: {
                "\($0)".contains(reason) && "\($0)".contains("--format onnx")
            }
            #expect(FileManager.default.subpaths(atPath: folder.path(percentEncoded: false)) == [])
        }
    }

    @Test func `a number that float16 cannot hold is named, and nothing is left`() throws {
        let classifier = try PairModel("llama").classifier
        let weight = try #require(classifier.model.parameters["model.layers.0.mlp.up_proj.weight"])
        try weight.set(Tensor.full(1e6, weight.shape))
        try withTemporaryFolder { folder in
            #expect { try export(classifier, to: folder, .float16) } throws: {
                "\($0)".contains("mlp.up_proj.weight") && "\($0)".contains("bfloat16")
            }
            #expect(FileManager.default.subpaths(atPath: folder.path(percentEncoded: false)) == [])
        }
    }
}
