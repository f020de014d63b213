import Checkpoints
import Classification
import Foundation
import JSON
import Models
import NN
import TestSupport
import Testing
import Torch

/// An adapter's folder is a model: loaded with its base, trained on, saved, merged.
struct AdapterFolderTests {
    private static let adapters = Fixture.folder.appending(path: "adapters")
    private let texts = ["good text 3", "bad number", "quite a good text 17"]

    private func path(_ url: URL) -> String { url.path(percentEncoded: false) }

    /// A base model with a tokenizer, and an adapter that peft wrote for it.
    private func withAdapter<Result>(
        _ name: String = "llama-lora",
        _ body: (_ adapter: URL, _ base: URL) throws -> Result
    ) throws -> Result {
        try withTemporaryFolder { folder in
            let about = try Fixture.json("adapters/\(name)/case.json")
            let (adapter, base) = (folder.appending(path: "adapter"), folder.appending(path: "base"))
            let model = Fixture.folder.appending(path: try "models/\(#require(about["model"].string))")
            try FileManager.default.copyItem(at: Self.adapters.appending(path: name), to: adapter)
            try FileManager.default.createDirectory(at: base, withIntermediateDirectories: true)
            for file in ["config.json", "model.safetensors"] {
                try FileManager.default.copyItem(
                    at: model.appending(path: file),
                    to: base.appending(path: file)
                )
            }
            try SmallTokenizer.write(to: base)
            return try body(adapter, base)
        }
    }

    private func message(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "nothing"
        } catch { return "\(error)" }
    }

    @Test(arguments: ["llama-lora", "llama-dora", "gpt2-lora", "bert-dora", "roberta-lora", "embedding"])
    func `an adapter of peft is loaded, saved and loaded again with the same logits`(name: String) throws {
        try withAdapter(name) { adapter, base in
            let (classifier, report) = try TextClassifier.load(path(adapter), base: path(base))
            #expect(report.fresh.isEmpty)
            // peft's file has no labels; those of a base model that is a classifier fit.
            #expect(try classifier.labels == TextClassifier.load(path(base)).classifier.labels)
            let logits = try classifier.logits(classifier.encode(texts))
            let saved = adapter.deletingLastPathComponent().appending(path: "saved")
            try classifier.save(to: saved)
            let names = try FileManager.default.contentsOfDirectory(atPath: path(saved))
            #expect(!names.contains("config.json") && !names.contains("model.safetensors"))
            let (again, _) = try TextClassifier.load(path(saved), base: path(base))
            #expect(try again.logits(again.encode(texts)) == logits)
            #expect(again.labels == classifier.labels)
        }
    }

    @Test func `a merged adapter is a whole classifier with the same predictions`() throws {
        try withAdapter { adapter, base in
            let (classifier, _) = try TextClassifier.load(path(adapter), base: path(base))
            let before = try classifier.logits(classifier.encode(texts))
            try classifier.mergeAdapter()
            let whole = adapter.deletingLastPathComponent().appending(path: "whole")
            try classifier.save(to: whole)
            let (merged, report) = try TextClassifier.load(path(whole))
            #expect(report.fresh.isEmpty && merged.adapter == nil)
            let after = try merged.logits(merged.encode(texts))
            // 1e-5: W + s·B·A is added before the product instead of after it.
            for (a, b) in zip(before.joined(), after.joined()) { #expect(abs(a - b) < 1e-5) }
        }
    }

    @Test(arguments: ["pissa", "olora", "gpt2-pissa"])
    func `an adapter taken from the weights becomes plain LoRA of twice the rank`(name: String) throws {
        try withAdapter(name) { adapter, base in
            let (classifier, _) = try TextClassifier.load(path(adapter), base: path(base))
            let before = try classifier.logits(classifier.encode(texts))
            let plain = adapter.deletingLastPathComponent().appending(path: "plain")
            try classifier.savePlainAdapter(to: plain)
            let (again, _) = try TextClassifier.load(path(plain), base: path(base))
            let settings = try #require(again.adapter)
            let former = try #require(classifier.adapter)
            #expect(settings.initialization == .standard && settings.rank == 2 * former.rank)
            let after = try again.logits(again.encode(texts))
            for (a, b) in zip(before.joined(), after.joined()) { #expect(abs(a - b) < 1e-4) }
        }
    }

    @Test func `labels, problem type and pad token travel with an adapter`() throws {
        try withAdapter { adapter, base in
            var options = SequenceClassifier.LoadOptions()
            options.labels = ["no", "perhaps", "yes"]
            options.problemType = .multiLabel
            options.reinitializesHead = true
            let (classifier, report) = try TextClassifier.load(path(base), options: options)
            try classifier.attach(AdapterConfiguration(), report: report)
            let saved = adapter.deletingLastPathComponent().appending(path: "saved")
            try classifier.save(to: saved)
            let (again, _) = try TextClassifier.load(path(saved), base: path(base))
            #expect(again.labels == ["no", "perhaps", "yes"] && again.problemType == .multiLabel)
            #expect(again.model.configuration.padTokenID == classifier.model.configuration.padTokenID)
        }
    }

    @Test func `another base with the same shapes is warned about`() throws {
        try withAdapter { adapter, base in
            let (classifier, report) = try TextClassifier.load(path(base))
            try classifier.attach(AdapterConfiguration(targets: .allLinear), report: report)
            let saved = adapter.deletingLastPathComponent().appending(path: "saved")
            try classifier.save(to: saved)
            #expect(try TextClassifier.load(path(saved), base: path(base)).report.notes.isEmpty)
            let other = adapter.deletingLastPathComponent().appending(path: "other")
            try FileManager.default.copyItem(at: base, to: other)
            let file = try SafetensorsFile(contentsOf: base.appending(path: "model.safetensors"))
            try writeSafetensors(
                file.tensorNames.map { ($0, try file.tensor($0) * 1.5) },
                to: other.appending(path: "model.safetensors")
            )
            let notes = try TextClassifier.load(path(saved), base: path(other)).report.notes
            #expect(notes.contains { $0.contains("trained on other weights") }, "\(notes)")
        }
    }

    // MARK: What cannot be used

    @Test func `a base model that is missing is named with the flag`() throws {
        try withAdapter { adapter, _ in
            let place = adapter.appending(path: AdapterConfiguration.fileName)
            var configuration = try AdapterConfiguration.read(folder: adapter).configuration
            for name in ["org/elsewhere", nil] {
                configuration.baseModel = name
                try Data(configuration.formatted(targets: configuration.targets, isTransposed: false).utf8)
                    .write(to: place)
                let text = message { _ = try TextClassifier.load(path(adapter)) }
                #expect(
                    text.contains(name ?? "names no base model") && text.contains("--adapter-base"),
                    "\(text)"
                )
            }
        }
    }

    /// Rewrites the adapter's file.
    private func change(
        _ adapter: URL,
        _ body: (inout [(name: String, tensor: Tensor)]) throws -> Void
    ) throws {
        let place = adapter.appending(path: AdapterFile.weightsName)
        let file = try SafetensorsFile(contentsOf: place)
        var tensors = try file.tensorNames.map { (name: $0, tensor: try file.tensor($0).copy()) }
        try body(&tensors)
        try writeSafetensors(tensors, to: place)
    }

    @Test func `missing, unknown, misshapen and not finite tensors are named`() throws {
        typealias Change = (inout [(name: String, tensor: Tensor)]) throws -> Void
        let changes: [(Change, String)] = [
            ({ $0.removeAll { $0.name.hasSuffix("layers.0.self_attn.q_proj.lora_A.weight") } }, "missing"),
            ({ $0.removeAll { $0.name.contains("score") } }, "has no classification head"),
            (
                { $0.append(("base_model.model.model.layers.9.x.lora_A.weight", try .zeros([4, 4]))) },
                "unknown"
            ),
            ({ $0.append(("lora_A.weight", try .zeros([4, 4]))) }, "unknown"),
            ({ $0[0].tensor = try .zeros([3, 5]) }, "misshapen"),
            ({ $0[0].tensor = try .full(.nan, $0[0].tensor.shape) }, "NaN"),
        ]
        for (body, part) in changes {
            try withAdapter { adapter, base in
                try change(adapter, body)
                let text = message { _ = try TextClassifier.load(path(adapter), base: path(base)) }
                #expect(text.contains(part), "\(text)")
            }
        }
    }

    @Test func `an adapter of another model is refused by shape`() throws {
        try withAdapter("llama-lora") { adapter, _ in
            try withAdapter("phi3-lora") { _, base in
                let text = message { _ = try TextClassifier.load(path(adapter), base: path(base)) }
                #expect(text.contains("does not fit its adapter_config.json and its base model"), "\(text)")
            }
        }
    }

    @Test func `an adapter that peft saved without its head is refused`() throws {
        try withAdapter("refused-files/converted-without-head") { adapter, base in
            let text = message { _ = try TextClassifier.load(path(adapter), base: path(base)) }
            #expect(text.contains("has no classification head"), "\(text)")
        }
    }

    @Test func `new rows of an embedding are refused, because an adapter would not save them`() throws {
        try withAdapter { adapter, base in
            var options = SequenceClassifier.LoadOptions()
            options.resizesEmbeddings = true
            let text = message {
                _ = try TextClassifier.load(path(adapter), base: path(base), options: options)
            }
            #expect(text.contains("--resize-embeddings"), "\(text)")
        }
    }

    @Test func `settings that fit no layer are refused by their flag`() throws {
        var overlapping = AdapterConfiguration(targets: .allLinear)
        overlapping.rankPattern = [.init("q_proj", 2), .init("layers.0.self_attn.q_proj", 4)]
        var whole = AdapterConfiguration()
        whole.modulesToSave = ["nothing"]
        let cases: [(AdapterConfiguration, String)] = [
            (AdapterConfiguration(rank: 0), "--lora-r is 0"),
            (AdapterConfiguration(rank: 1000), "--lora-r 1000 is larger than the layer"),
            (
                AdapterConfiguration(targets: .names(["q_prog"])),
                "--lora-target-modules q_prog matches no layer"
            ),
            (AdapterConfiguration(targets: .names(["score"])), "because that module is trained whole"),
            (AdapterConfiguration(targets: .pattern(".*(")), "regular expression"),
            (overlapping, "do not overlap"), (whole, "--modules-to-save nothing"),
        ]
        try withAdapter { _, base in
            for (settings, part) in cases {
                let (classifier, report) = try TextClassifier.load(path(base))
                let text = message { try classifier.attach(settings, report: report) }
                #expect(text.contains(part), "\(text)")
            }
        }
    }
}

/// The start values of adapters.
struct AdapterStartTests {
    @Test func `a new adapter changes nothing, and its numbers are those of peft for the same seed`() throws {
        // peft-semantics: torch.manual_seed(1), then get_peft_model draws nn.Linear's A and B before its own A.
        let random = try RandomSource(seed: 1)
        let store = ParameterStore()
        let layer = try Linear(ParameterScope(store)["q_proj"], from: 32, to: 32)
        try layer.weight.initialize(random: RandomSource(seed: 0))
        let weight = try #require(store.adaptedWeights.first)
        let adapter = try LowRankAdapter(
            "q_proj",
            of: .linear,
            weight: [32, 32],
            AdapterOptions(rank: 4, scaling: 2)
        )
        try adapter.initialize(weight, .standard, random: random)
        let a = try adapter.a.value.array(of: Float.self)
        // Eight digits, as printed by Python.
        for (ours, theirs) in zip(a, [0.10195390, 0.10867067, -0.010245183, -0.021761661] as [Float]) {
            #expect(abs(ours - theirs) < 1e-8)
        }
        #expect(try adapter.b.value.array(of: Float.self).allSatisfy { $0 == 0 })
        let x = try Tensor.normal([3, 32], random: random)
        let before = try layer(x, ForwardContext()).array(of: Float.self)
        weight.adapter = adapter
        #expect(try layer(x, ForwardContext()).array(of: Float.self) == before)
    }
}
