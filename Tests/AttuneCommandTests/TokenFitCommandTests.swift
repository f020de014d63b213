import Foundation
import JSON
import TestSupport
import Testing

/// Tokenizer and model that do not go together, as a person meets them.
struct TokenFitCommandTests {
    private func fixture(_ name: String) -> URL { Fixture.folder.appending(path: "pairs/\(name)") }

    private func copy(
        _ name: String,
        to folder: URL,
        changing file: String = "config.json",
        _ change: (inout JSONObject) -> Void = { _ in }
    ) throws -> String {
        let model = folder.appending(path: "model")
        try FileManager.default.copyItem(at: fixture(name), to: model)
        let url = model.appending(path: file)
        let text = (try? Data(contentsOf: url)) ?? Data("{}".utf8)
        var object = try JSONValue.parse(text).object ?? [:]
        change(&object)
        try Data(JSONValue.object(object).oneLineInOrder.utf8).write(to: url)
        return model.path(percentEncoded: false)
    }

    private func data(in folder: URL) throws -> String {
        let rows = (0..<8).map { "\($0 < 4 ? "sunny" : "rainy") day \($0),\($0 < 4 ? "sun" : "rain")" }
        let url = folder.appending(path: "data.csv")
        try Data(("text,label\n" + rows.joined(separator: "\n")).utf8).write(to: url)
        return url.path(percentEncoded: false)
    }

    @Test(arguments: ["roberta", "xlm-roberta", "bert-one-type", "gpt2", "deberta-v2"])
    func `pairs are predicted by a model with one token type or none`(name: String) throws {
        try withTemporaryFolder { folder in
            let model = try copy(name, to: folder, changing: "tokenizer_config.json") {
                $0["model_input_names"] = .array(
                    ["input_ids", "token_type_ids", "attention_mask"].map(JSONValue.string)
                )
            }
            let outcome = try attune([
                "predict", "--model", model, "--text", "The quick fox", "--text-pair", "jumps over",
            ])
            #expect(outcome.code == 0 && !outcome.errors.contains("error"), "\(outcome.errors)")
            // Of these, BERT's class alone gives the second text a type, which this model lacks.
            let isTold = outcome.errors.contains("token types up to 1, but the model has types 0 to 0")
            #expect(isTold == (name == "bert-one-type"), "\(outcome.errors)")
            #expect(outcome.output.contains("\"scores\""))
        }
    }

    @Test func `a token beyond the rows is refused before anything is trained or predicted`() throws {
        try withTemporaryFolder { folder in
            let token: JSONValue = .object(["content": .string("<new>"), "id": .int(9999)])
            let model = try copy("llama", to: folder, changing: "tokenizer.json") { root in
                let spare = (0..<3).map { JSONValue.object(["content": .string("<\($0)>")]) }
                root["added_tokens"] = .array((root["added_tokens"].array ?? []) + spare + [token])
            }
            let data = try data(in: folder)
            let out = folder.appending(path: "out").path(percentEncoded: false)
            let train = [
                "train", "--model", model, "--dataset", data, "--text-column", "text", "--label-column",
                "label",
                "--output-dir", out, "--max-steps", "1", "--reinit-head",
            ]
            func check(_ arguments: [String]) throws {
                let outcome = try attune(arguments)
                #expect(outcome.code == 65, "\(arguments[0]): \(outcome.errors)")
                #expect(
                    outcome.errors.contains("the token \"<new>\" with id")
                        && outcome.errors.contains("--resize-embeddings")
                        && !outcome.errors.contains("index out of range"),
                    "\(arguments[0]): \(outcome.errors)"
                )
            }
            try check(train)
            try check(train + ["--dry-run"])
            try check(["predict", "--model", model, "--text", "no new token here"])
            try check([
                "evaluate", "--model", model, "--dataset", data, "--text-column", "text", "--label-column",
                "label",
            ])
            #expect(!FileManager.default.fileExists(atPath: out))
            let inspected = try attune(["inspect", "--model", model])
            #expect(
                inspected.code == 0 && inspected.output.contains("does not fit the model: the tokenizer has")
            )
            let trained = try attune(train + ["--resize-embeddings"])
            #expect(trained.code == 0, "\(trained.errors)")
            #expect(trained.errors.contains("the token embedding has grown from"))
            let said = try attune(["predict", "--model", out, "--text", "a <new> day"])
            #expect(said.code == 0 && said.output.contains("\"rain\""), "\(said.errors)")
        }
    }

    @Test func `labels that do not name each row are refused with the map`() throws {
        try withTemporaryFolder { folder in
            let model = try copy("bert", to: folder) {
                $0["id2label"] = .object(["0": .string("a"), "1": .string("b"), "3": .string("c")])
            }
            let outcome = try attune(["predict", "--model", model, "--text", "a"])
            #expect(outcome.code == 65)
            #expect(outcome.errors.contains(#"it is {"0":"a","1":"b","3":"c"}"#), "\(outcome.errors)")
            let inspected = try attune(["inspect", "--model", model])
            #expect(inspected.output.contains("labels      not usable: "))
        }
    }

    @Test func `a number as a name comes out as its text`() throws {
        try withTemporaryFolder { folder in
            let model = try copy("bert", to: folder) {
                $0["id2label"] = .object(["0": .int(1), "1": .int(2), "2": .number("3.5")])
            }
            let outcome = try attune(["predict", "--model", model, "--text", "a"])
            let scores = try JSONValue.parse(outcome.output.utf8)["scores"].object
            #expect(scores?.members.map(\.name) == ["1", "2", "3.5"])
        }
    }
}
