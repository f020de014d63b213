import Files
import Foundation
import JSON
import TestSupport
import Testing

struct VerifyCommandTests {
    /// Trains models on the same rows with two seeds.
    private func withModels(_ body: (URL, (String) -> String) throws -> Void) throws {
        try withTemporaryFolder { folder in
            let rows = (0..<20).map { "number \($0) is \($0.isMultiple(of: 2) ? "sunny,sun" : "rainy,rain")" }
            let file = folder.appending(path: "d.csv")
            try Data((["text,kind"] + rows).joined(separator: "\n").utf8).write(to: file)
            func path(_ name: String) -> String { folder.appending(path: name).path(percentEncoded: false) }
            let base = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
            for (name, seed) in [("a", "1"), ("b", "2")] {
                let trained = try attune([
                    "train", "--model", base, "--dataset", path("d.csv"), "--text-column", "text",
                    "--label-column", "kind", "--max-steps", "4", "--learning-rate", "0.05", "--seed", seed,
                    "--save-strategy", "no", "--output-dir", path(name),
                ])
                try #require(trained.code == 0, "\(trained.errors)")
            }
            try body(folder, path)
        }
    }

    @Test func `a saved model gives its recorded answers, also in bfloat16, and another model does not`()
        throws
    {
        try withModels { folder, path in
            let same = try attune(["verify", "--model", path("a")])
            #expect(same.code == 0, "\(same.output)\(same.errors)")
            #expect(same.output.contains("compared 32 texts"))
            #expect(same.output.contains("labels that changed: none"))
            #expect(same.output.contains("the model answers as after training"))
            let narrow = try attune([
                "verify", "--model", path("a"), "--precision", "bf16", "--weights-dtype", "bf16",
            ])
            #expect(narrow.code == 0 && narrow.output.contains("(allowed: 0.0500)"), "\(narrow.output)")
            let integers = try attune(["verify", "--model", path("a"), "--quantize", "int8"])
            #expect(integers.code == 0 && integers.output.contains("(allowed: 0.2500)"), "\(integers.output)")
            #expect(integers.errors.contains("layers in 8-bit integers"), "\(integers.errors)")
            let other = try attune(["verify", "--model", path("b"), "--against", path("a"), "--json"])
            #expect(other.code == 65, "\(other.output)\(other.errors)")
            let result = try JSONValue.parse(Data(other.output.utf8))
            #expect(result["within_tolerance"] == .bool(false) && result["texts"].int == 32)
            #expect(try #require(result["logit_difference"].double) > 0.01)
            let shorter = try attune([
                "verify", "--model", path("b"), "--against", path("a"), "--tolerance", "1.5",
            ])
            #expect(shorter.code == 0, "\(shorter.output)")
        }
    }

    @Test func `evaluate and predict report the effect of products in 8-bit integers`() throws {
        try withModels { folder, path in
            let results = path("results.json")
            let evaluated = try attune([
                "evaluate", "--model", path("a"), "--dataset", path("d.csv"), "--quantize", "int8",
                "--output", results,
            ])
            #expect(evaluated.code == 0 && evaluated.output.contains("accuracy"), "\(evaluated.errors)")
            #expect(evaluated.errors.contains("of 32 parity texts keep their label"), "\(evaluated.errors)")
            let json = try JSONValue.parse(Data(contentsOf: URL(filePath: results)))
            #expect(json["quantization"]["type"] == .string("int8"))
            #expect(json["quantization"]["parity_texts"].int == 32)
            let predicted = try attune([
                "predict", "--model", path("a"), "--text", "number 2 is sunny", "--quantize", "int8",
            ])
            #expect(predicted.code == 0 && predicted.output.contains("\"label\""), "\(predicted.errors)")
            #expect(predicted.errors.contains("in 8-bit integers") && !predicted.errors.contains("parity"))
            let unknown = try attune([
                "predict", "--model", path("a"), "--text", "x", "--quantize", "nf4",
            ])
            #expect(unknown.code == 64 && unknown.errors.contains("int8"), "\(unknown.errors)")
        }
    }

    @Test func `a missing or damaged record is named, and Python code is printed`() throws {
        try withModels { folder, path in
            let python = try attune(["verify", "--model", path("a"), "--python"])
            #expect(python.code == 0 && python.output.contains("AutoTokenizer.from_pretrained(folder)"))
            #expect(python.output.hasSuffix("sys.exit(1 if failed else 0)\n"), "\(python.output)")
            let record = folder.appending(path: "a/parity.json")
            let text = try String(contentsOf: record, encoding: .utf8)
            #expect(!text.contains("sunny"))
            try Data(text.prefix(200).utf8).write(to: record)
            let damaged = try attune(["verify", "--model", path("a")])
            #expect(
                damaged.code == 65 && damaged.errors.contains("parity.json is damaged"),
                "\(damaged.errors)"
            )
            try FileManager.default.removeItem(at: record)
            let missing = try attune(["verify", "--model", path("a")])
            #expect(missing.code == 66 && missing.errors.contains("--against"), "\(missing.errors)")
        }
    }
}
