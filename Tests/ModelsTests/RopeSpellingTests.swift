import Checkpoints
import Foundation
import JSON
import Models
import TestSupport
import Testing
import Torch

/// Rotary parameters in both spellings, resolved like in transformers (Scripts/fixtures/make_rope_fixtures.py).
struct RopeSpellingTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var model: String
        var removed: [String]
        var changed: JSONObject
        /// Nil if transformers does not open the model.
        var logits: [[Double]]?

        var testDescription: String { name }

        init?(_ json: JSONValue) {
            guard let name = json["name"].string, let model = json["model"].string,
                let changed = json["changed"].object, (json["logits"] == .null) != (json["error"] == .null)
            else { return nil }
            (self.name, self.model, self.changed) = (name, model, changed)
            removed = json["removed"].array?.compactMap(\.string) ?? []
            logits = json["logits"].array?.map { $0.array?.compactMap(\.double) ?? [] }
        }

        /// The model's configuration with the case's changes.
        func configuration() throws -> ModelConfiguration {
            var fields = try ReferenceModel.configuration(model).fields
            for field in removed { fields[field] = .null }
            for member in changed.members { fields[member.name] = member.value }
            return ModelConfiguration(fields: fields, source: "config.json")
        }
    }

    static let cases = ((try? Fixture.cases("rope/cases.json")) ?? []).compactMap(Case.init)

    @Test func `the fixture has all its cases`() { #expect(Self.cases.count == 43) }

    @Test(arguments: cases)
    func `logits equal those of transformers`(example: Case) throws {
        let reference = try ReferenceModel(example.model)
        func load() throws -> SequenceClassifier {
            try SequenceClassifier.load(
                openCheckpoint(folder: reference.folder),
                configuration: example.configuration(),
                random: RandomSource(seed: 0)
            ).classifier
        }
        guard let expected = example.logits else {
            // Configurations on which transformers fails are refused.
            #expect(throws: ModelError.self) { try load() }
            return
        }
        let model = try load()
        let texts = try reference.texts()
        #expect(texts.count == expected.count)
        for (text, row) in zip(texts, expected) {
            let ours: [Double] = try model.logits(reference.batch([text])).array()
            #expect(ours.count == row.count)
            // float32, relative to the largest value as in FamilyTests.
            let scale = row.map(abs).max() ?? 1
            for (a, b) in zip(ours, row) { #expect(abs(a - b) < 1e-4 * scale, "\(ours) \(row)") }
        }
    }

    // MARK: Notes

    private func notes(_ name: String) throws -> [String] {
        try #require(Self.cases.first { $0.name == name }).configuration().notes()
    }

    @Test func `a difference is reported once, with the parameters in use and the lost base`() throws {
        let notes = try notes("llama linear over default")
        #expect(notes.count == 1)
        let note = try #require(notes.first)
        #expect(
            note.hasPrefix("config.json: `rope_scaling` and `rope_parameters` differ; `rope_scaling` is used")
        )
        #expect(
            note.contains(#"{"factor":2.0,"rope_type":"linear"}"#)
                || note.contains(#"{"rope_type":"linear","factor":2.0}"#)
        )
        #expect(note.hasSuffix("the base `rope_theta` is 10000.0 instead of 500.0"))
    }

    @Test(arguments: [
        "mistral yarn over default", "qwen3 dynamic over default", "gemma2 linear over default",
        "gpt-neox linear over default", "phi3 longrope over default", "gemma3 linear over both",
        "modernbert linear over both",
    ])
    func `every family reports that both spellings differ`(name: String) throws {
        #expect(try notes(name).contains { $0.contains("differ; `rope_scaling` is used") })
    }

    @Test(arguments: [
        "llama the same twice", "llama empty rope_scaling", "llama no rope_scaling",
        "gemma3 old spelling alone",
        "gemma3 yarn", "llama yarn, longer texts",
    ])
    func `a single spelling, or two equal ones, gives no note`(name: String) throws {
        #expect(try notes(name).isEmpty)
    }

    @Test func `parameters that a family ignores are reported`() throws {
        #expect(try notes("gemma3 one set for all").contains { $0.contains("one set for all layers") })
        #expect(try notes("llama by type of layer").contains { $0.contains("per layer type") })
        #expect(try notes("gemma3 old name alone").contains { $0.contains("read only `rope_type`") })
        #expect(try notes("phi3 original length inside only").contains { $0.contains("use 4096") })
    }

    @Test func `the report of a loaded model contains the notes`() throws {
        let example = try #require(Self.cases.first { $0.name == "llama linear over default" })
        let (_, report) = try SequenceClassifier.load(
            openCheckpoint(folder: Fixture.folder.appending(path: "models/llama-gqa")),
            configuration: example.configuration(),
            random: RandomSource(seed: 0)
        )
        #expect(try report.notes == example.configuration().notes())
    }
}

/// The text length that a model's positions support.
struct PositionLimitTests {
    private func limit(_ model: String, _ changes: JSONObject) throws -> PositionLimit? {
        var fields = try ReferenceModel.configuration(model).fields
        for member in changes.members { fields[member.name] = member.value }
        return ModelConfiguration(fields: fields, source: model).positionLimit
    }

    @Test(arguments: [
        // The file states the original length: the scaled one counts.
        (#"{"rope_type":"dynamic","factor":4.0}"#, 16, 64),
        (#"{"rope_type":"linear","factor":2.5}"#, 16, 40),
        (#"{"rope_type":"yarn","factor":4.0}"#, 16, 64),
        (#"{"rope_type":"yarn","factor":4.0,"original_max_position_embeddings":16}"#, 16, 64),
        (#"{"type":"yarn","factor":4.0,"original_max_position_embeddings":16}"#, 16, 64),
        (
            #"{"rope_type":"llama3","factor":8.0,"low_freq_factor":1.0,"high_freq_factor":4.0,"original_max_position_embeddings":16}"#,
            16, 128
        ),
        (
            #"{"rope_type":"longrope","factor":3.0,"original_max_position_embeddings":16,"short_factor":[1,1,1,1,1,1,1,1],"long_factor":[1,1,1,1,1,1,1,1]}"#,
            16, 48
        ),
        // The file states the scaled length: it counts.
        (#"{"rope_type":"yarn","factor":4.0,"original_max_position_embeddings":16}"#, 64, 64),
        (#"{"rope_type":"yarn","factor":4.0,"original_max_position_embeddings":16}"#, 80, 80),
        (
            #"{"rope_type":"llama3","factor":8.0,"low_freq_factor":1.0,"high_freq_factor":4.0,"original_max_position_embeddings":4}"#,
            80, 80
        ),
        (#"{"rope_type":"default"}"#, 16, 16), (#"{"rope_type":"default","factor":4.0}"#, 16, 16),
    ])
    func `a scaled length counts if it is longer`(parameters: String, stated: Int, tokens: Int) throws {
        let rope = try JSONValue.parse(parameters.utf8)
        for field in ["rope_parameters", "rope_scaling"] {
            var changes: JSONObject = ["max_position_embeddings": .int(stated)]
            changes[field] = rope
            #expect(try limit("llama-gqa", changes)?.tokens == tokens, "\(field)")
        }
    }

    @Test func `families with parameters per layer type use those of layers that see whole texts`() throws {
        let rope: JSONValue = .object([
            "full_attention": .object(["rope_type": .string("yarn"), "factor": .number("4.0")]),
            "sliding_attention": .object(["rope_type": .string("default")]),
        ])
        for model in ["gemma3-short-pattern", "modernbert-cls"] {
            let limit = try limit(model, ["max_position_embeddings": .int(16), "rope_parameters": rope])
            #expect(limit?.tokens == 64)
            #expect(limit?.kind == .stretched(type: "yarn", factor: 4, original: 16))
        }
        // Gemma 3's own files state the scaled length together with linear scaling.
        let linear: JSONValue = .object([
            "full_attention": .object(["rope_type": .string("linear"), "factor": .number("8.0")])
        ])
        #expect(try limit("gemma3-short-pattern", ["rope_parameters": linear])?.tokens == 80)
    }

    @Test func `a table of positions is a limit, with RoBERTa's offset`() throws {
        #expect(try limit("bert-gelu", [:])?.kind == .table)
        #expect(try limit("gpt2-plain", [:])?.kind == .table)
        let roberta = try #require(try limit("roberta-offset", [:]))
        let configuration = try ReferenceModel.configuration("roberta-offset")
        let rows = try #require(configuration["max_position_embeddings"].int)
        let padding = try #require(configuration.padTokenID)
        #expect(roberta == PositionLimit(tokens: rows - Int(padding) - 1, kind: .table))
        #expect(roberta.explanation == "the model's table has \(roberta.tokens) positions")
    }

    @Test func `each kind is explained`() {
        #expect(
            PositionLimit(tokens: 16, kind: .stated).explanation
                == "the model supports 16 positions (max_position_embeddings)"
        )
        #expect(
            PositionLimit(tokens: 40, kind: .stretched(type: "linear", factor: 2.5, original: 16)).explanation
                == "the model supports 40 positions (16, scaled by 2.5 with linear rope)"
        )
    }
}
