import Checkpoints
import Classification
import Foundation
import JSON
import Models
import TestSupport
import Testing

/// The most tokens of a text that a model reads, and the notes about it.
struct TextLengthTests {
    private static let table = PositionLimit(tokens: 512, kind: .table)

    @Test(
        arguments: [
            (nil, nil, nil, nil), (nil, 16, nil, 16), (nil, nil, table, 512), (nil, 16, table, 16),
            (nil, 1000, table, 512),
            // As in transformers, a requested length has priority over the tokenizer's.
            (64, 16, table, 64), (64, 16, nil, 64), (8, 16, table, 8), (1000, 16, table, 512),
            (1000, nil, nil, 1000),
        ] as [(Int?, Int?, PositionLimit?, Int?)]
    )
    func `a requested length is used, else the tokenizer's, and positions limit both`(
        requested: Int?,
        tokenizer: Int?,
        positions: PositionLimit?,
        tokens: Int?
    ) {
        let length = TextLengthLimit(requested: requested, tokenizer: tokenizer, positions: positions)
        #expect(length.tokens == tokens)
        #expect(length.isCutDown == (requested == 1000 && positions != nil))
    }

    @Test func `a reduced length is noted with both lengths and the reason`() {
        let length = TextLengthLimit(requested: 1332, tokenizer: 512, positions: Self.table)
        #expect(
            length.note
                == "a maximum length of 1332 was requested, but texts are cut at 512 tokens: the model's table has 512 positions"
        )
        #expect(TextLengthLimit(requested: 512, tokenizer: nil, positions: Self.table).note == nil)
        #expect(TextLengthLimit(requested: nil, tokenizer: nil, positions: Self.table).note == nil)
    }

    @Test func `truncated texts are counted, with the reason`() {
        let tokenizer = TextLengthLimit(requested: nil, tokenizer: 16, positions: Self.table)
        #expect(
            tokenizer.cutNote(1, of: 40)
                == "1 of 40 texts is longer than 16 tokens and was cut: model_max_length of the tokenizer is 16"
        )
        #expect(
            TextLengthLimit(requested: 8, tokenizer: 16, positions: nil).cutNote(2, of: 2)
                == "2 of 2 texts are longer than 8 tokens and were cut"
        )
        #expect(tokenizer.cutNote(0, of: 40) == nil)
    }

    // MARK: Complete models

    /// Runs a closure with the tiny Llama of the fixtures, with changed fields in its configuration.
    private func withModel<Result>(
        _ changes: JSONObject,
        tokenizer: String? = nil,
        _ body: (String) throws -> Result
    ) throws -> Result {
        try withTemporaryFolder { folder in
            let tiny = Fixture.folder.appending(path: "models/tiny-base")
            for name in ["model.safetensors", "tokenizer.json", "tokenizer_config.json"] {
                try FileManager.default.copyItem(
                    at: tiny.appending(path: name),
                    to: folder.appending(path: name)
                )
            }
            if let tokenizer {
                try Data(tokenizer.utf8).write(to: folder.appending(path: "tokenizer_config.json"))
            }
            var fields = try Fixture.json("models/tiny-base/config.json").object ?? [:]
            for member in changes.members { fields[member.name] = member.value }
            try Data(JSONValue.object(fields).compact.utf8).write(to: folder.appending(path: "config.json"))
            return try body(folder.path(percentEncoded: false))
        }
    }

    private func rope(_ text: String) throws -> JSONObject {
        ["max_position_embeddings": .int(16), "rope_parameters": try JSONValue.parse(text.utf8)]
    }

    private static let words = String(repeating: "word ", count: 72)

    /// The tokens read of a long text, and the notes from loading.
    private func seen(_ path: String, maxLength: Int? = nil) throws -> (tokens: Int, notes: [String]) {
        var options = SequenceClassifier.LoadOptions()
        options.labels = ["no", "yes"]
        let (classifier, report) = try TextClassifier.load(path, options: options, maxLength: maxLength)
        let reading = try TextClassifier.tokenizerAndLimit(of: path, maxLength: maxLength)
        // All ways to ask must agree.
        #expect(reading.length == classifier.length && reading.lengthLimit == classifier.lengthLimit)
        #expect(reading.notes == report.notes)
        #expect(try TextClassifier.lengthLimit(of: path, maxLength: maxLength) == classifier.length)
        if maxLength == nil { #expect(try ModelInspection(path: path).length == classifier.length) }
        return (classifier.encode([Self.words]).length(of: 0), report.notes)
    }

    @Test(arguments: [
        #"{"rope_type":"dynamic","factor":4.0,"rope_theta":10000.0}"#,
        #"{"rope_type":"yarn","factor":4.0,"rope_theta":10000.0}"#,
        #"{"rope_type":"linear","factor":4.0,"rope_theta":10000.0}"#,
    ])
    func `scaled positions count in full, and a reduced length is noted`(parameters: String) throws {
        try withModel(rope(parameters)) { path in
            let plain = try seen(path)
            #expect(plain.tokens == 64 && plain.notes.isEmpty)
            let exact = try seen(path, maxLength: 64)
            #expect(exact.tokens == 64 && exact.notes.isEmpty)
            let short = try seen(path, maxLength: 30)
            #expect(short.tokens == 30 && short.notes.isEmpty)
            let long = try seen(path, maxLength: 70)
            #expect(long.tokens == 64)
            #expect(long.notes.count == 1)
            #expect(
                long.notes.first?.hasPrefix(
                    "a maximum length of 70 was requested, but texts are cut at 64 tokens"
                ) == true
            )
            #expect(long.notes.first?.contains("16, stretched 4 times by") == true)
        }
    }

    @Test func `the tokenizer's length is a default`() throws {
        let settings = #"{"eos_token": "</s>", "pad_token": "</s>", "model_max_length": 12}"#
        try withModel([:], tokenizer: settings) { path in
            #expect(try seen(path).tokens == 12)
            #expect(try seen(path, maxLength: 40).tokens == 40)
            let long = try seen(path, maxLength: 70)
            #expect(long.tokens == 64 && long.notes.count == 1)
        }
    }

    @Test func `a model with only its tokenizer has the tokenizer's length`() throws {
        try withModel([:], tokenizer: #"{"model_max_length": 12}"#) { path in
            for name in ["config.json", "model.safetensors"] {
                try FileManager.default.removeItem(atPath: path + "/" + name)
            }
            #expect(try TextClassifier.lengthLimit(of: path).tokens == 12)
        }
    }
}
