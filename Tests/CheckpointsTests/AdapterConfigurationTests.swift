import Checkpoints
import Foundation
import JSON
import TestSupport
import Testing

/// `adapter_config.json`: what peft wrote is read, and what cannot be meant is refused by name.
struct AdapterConfigurationTests {
    private static let folder = Fixture.folder.appending(path: "adapters")

    private func read(_ text: String) throws -> AdapterConfiguration {
        try AdapterConfiguration.read(parsing: Array(text.utf8), source: "a.json").configuration
    }

    private func fault(_ text: String) -> CheckpointError? {
        do {
            _ = try read(text)
            return nil
        } catch { return error as? CheckpointError }
    }

    @Test func `missing fields have peft's defaults`() throws {
        let configuration = try read(#"{"peft_type": "LORA"}"#)
        #expect(configuration == AdapterConfiguration())
        #expect(
            configuration.rank == 8 && configuration.alpha == 8 && configuration.targets == .familyDefault
        )
    }

    @Test func `the head's names, which peft appends at every save, are read once`() throws {
        let text =
            #"{"peft_type": "LORA", "modules_to_save": ["score", "classifier", "score", "classifier", "score"]}"#
        #expect(try read(text).modulesToSave == ["score", "classifier"])
    }

    @Test func `a text as target is a regular expression, except all-linear`() throws {
        #expect(try read(#"{"peft_type": "LORA", "target_modules": "all-linear"}"#).targets == .allLinear)
        #expect(
            try read(#"{"peft_type": "LORA", "target_modules": ".*q_proj"}"#).targets == .pattern(".*q_proj")
        )
        #expect(
            try read(#"{"peft_type": "LORA", "target_modules": ["q_proj"]}"#).targets == .names(["q_proj"])
        )
    }

    @Test func `patterns keep the file's order, in which the first one counts`() throws {
        let text = #"{"peft_type": "LORA", "rank_pattern": {"z": 2, "a": 4}, "alpha_pattern": {"z": 2.5}}"#
        #expect(try read(text).rankPattern == [.init("z", 2), .init("a", 4)])
        #expect(try read(text).alphaPattern == [.init("z", 2.5)])
    }

    @Test func `unknown fields are noted`() throws {
        let text = #"{"peft_type": "LORA", "r": 4, "brand_new": 1}"#
        let notes = try AdapterConfiguration.read(parsing: Array(text.utf8), source: "a.json").notes
        #expect(notes == [#"a.json: unknown fields are ignored: "brand_new""#])
    }

    @Test(arguments: [
        (#"{"r": 4}"#, "peft_type"), (#"{"peft_type": "lora"}"#, "lora"), (#"{"peft_type": "IA3"}"#, "IA3"),
        (#"{"peft_type": "LORA", "r": 0}"#, "r is 0"), (#"{"peft_type": "LORA", "r": 1.5}"#, "r must be"),
        (#"{"peft_type": "LORA", "lora_dropout": 1}"#, "lora_dropout"),
        (#"{"peft_type": "LORA", "bias": "some"}"#, "bias"),
        (#"{"peft_type": "LORA", "init_lora_weights": "loftq"}"#, "loftq"),
        (#"{"peft_type": "LORA", "target_parameters": ["a"]}"#, "target_parameters"),
        (#"{"peft_type": "LORA", "layer_replication": [[0, 1]]}"#, "layer_replication"),
        (#"{"peft_type": "LORA", "use_qalora": true}"#, "use_qalora"),
        (#"{"peft_type": "LORA", "lora_bias": true, "use_dora": true}"#, "lora_bias"),
        (#"{"peft_type": "LORA", "layers_pattern": "layers"}"#, "layers_pattern"),
        (
            #"{"peft_type": "LORA", "target_modules": ".*", "layers_to_transform": [0]}"#,
            "layers_to_transform"
        ),
        (#"{"peft_type": "LORA", "target_modules": [1]}"#, "target_modules"),
        (#"{"peft_type": "LORA", "rank_pattern": {"q": "x"}}"#, "rank_pattern"), (#"[1]"#, "not an object"),
        (#"{"#, "JSON"),
    ])
    func `a wrong field is refused by its name`(text: String, name: String) throws {
        let error = try #require(fault(text), "\(text)")
        #expect(error.message.contains("a.json") && error.message.contains(name), "\(error.message)")
    }

    /// Files that peft reads without a word, but whose adapters it does not compute as they say, or that it refuses.
    private static let refused =
        (try? FileManager.default.contentsOfDirectory(
            atPath: folder.appending(path: "refused").path(percentEncoded: false)
        ))?.sorted() ?? []

    @Test(
        arguments: refused.filter {
            !["overlapping-ranks", "rank-pattern-null", "task-type-unknown"].contains($0)
        }
    )
    func `configurations of other adapters are refused`(name: String) {
        #expect(throws: CheckpointError.self) {
            try AdapterConfiguration.read(folder: Self.folder.appending(path: "refused/\(name)"))
        }
    }

    @Test func `what is written is read back the same, in peft's fields`() throws {
        var configuration = AdapterConfiguration(
            rank: 16,
            alpha: 32.5,
            dropout: 0.1,
            targets: .names(["v", "q"])
        )
        configuration.excluded = .pattern(".*x")
        configuration.layers = [0, 2]
        configuration.layersPattern = ["layers"]
        configuration.rankPattern = [.init("q", 4)]
        configuration.alphaPattern = [.init("q", 3)]
        configuration.usesRankStabilization = true
        configuration.bias = .all
        configuration.modulesToSave = ["classifier", "score"]
        configuration.initialization = .pissa
        configuration.baseModel = "org/name"
        configuration.baseRevision = "v1"
        let text = configuration.formatted(targets: configuration.targets, isTransposed: false)
        configuration.targets = .names(["q", "v"])
        #expect(try read(text) == configuration)
        let ours = try #require(JSONValue.parse(Array(text.utf8)).object)
        let theirs = try JSONValue.parse(
            Data(contentsOf: Self.folder.appending(path: "llama-lora/adapter_config.json"))
        )
        #expect(Set(ours.members.map(\.name)) == Set(try #require(theirs.object).members.map(\.name)))
    }
}

/// Names of tensors in an adapter's file.
struct AdapterKeyTests {
    @Test func `parts of adapters and whole parameters are told apart`() {
        func content(_ key: String) -> AdapterKey.Content? { AdapterKey("base_model.model." + key).content }
        #expect(content("a.q_proj.lora_A.weight") == .part(.a, path: "a.q_proj"))
        #expect(content("a.q_proj.lora_B.default.weight") == .part(.b, path: "a.q_proj"))
        #expect(content("a.q_proj.lora_B.bias") == .part(.biasOfB, path: "a.q_proj"))
        #expect(content("a.q_proj.lora_magnitude_vector") == .part(.magnitude, path: "a.q_proj"))
        #expect(
            content("a.q_proj.lora_magnitude_vector.default.weight") == .part(.magnitude, path: "a.q_proj")
        )
        #expect(content("wte.lora_embedding_A") == .part(.tableA, path: "wte"))
        #expect(content("wte.lora_embedding_B.default") == .part(.tableB, path: "wte"))
        #expect(content("score.weight") == .parameter("score.weight"))
        #expect(content("a.query.base_layer.bias") == .parameter("a.query.bias"))
        #expect(content("classifier.original_module.bias") == .original)
        #expect(content("score.modules_to_save.weight") == .parameter("score.weight"))
        #expect(content("score.modules_to_save.default.weight") == .parameter("score.weight"))
        #expect(content("a.q_proj.lora_C.weight") == nil)
        #expect(AdapterKey("model.score.weight").content == nil)
    }
}
