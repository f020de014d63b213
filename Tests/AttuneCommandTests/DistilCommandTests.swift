import Foundation
import JSON
import TestSupport
import Testing

/// `attune distil` with small models.
struct DistilCommandTests {
    /// Trains the teacher `large` on 24 labelled texts, and writes the same texts without labels.
    private func withTeacher(_ body: (URL) throws -> Void) throws {
        try withTemporaryFolder { folder in
            try writeWeather(24, to: folder)
            let script = """
                cut -d, -f1 d.csv >plain.csv &&
                    $ATTUNE train --model $BASE --dataset d.csv --text-column text --label-column label --max-steps 12 \
                    --learning-rate 0.01 --save-strategy no --quiet --output-dir large
                """
            let trained = try shell(script, in: folder)
            try #require(trained.code == 0, "\(trained.errors)")
            try body(folder)
        }
    }

    private func text(_ path: String, in folder: URL) throws -> String {
        try String(contentsOf: folder.appending(path: path), encoding: .utf8)
    }

    @Test
    func `a student is trained without labels, with chosen settings in its recipe, and resumed from there`()
        throws
    {
        try withTeacher { folder in
            let command =
                "$ATTUNE distil --teacher large --student $BASE --dataset plain.csv --max-steps 6 "
                + "--save-steps 3 --learning-rate 0.01 --temperature 3 --output-dir small"
            let first = try shell(command, in: folder)
            #expect(first.code == 0, "\(first.errors)")
            #expect(first.errors.contains("loaded the teacher large"))
            #expect(first.output.contains("the model agrees with"), "\(first.output)")
            let recipe = try text("small/recipe.yaml", in: folder)
            for line in [
                "teacher: large", "distillation_temperature: 3.0", "distillation_alpha: 0.5",
                "text_column: text", "test_size: 0.1", "label_column: null",
            ] { #expect(recipe.contains("\n\(line)\n"), "\(line): \(recipe)") }
            let config = try JSONValue.parse(Data(text("small/config.json", in: folder).utf8))
            #expect(config["id2label"]["0"].string == "rain" && config["id2label"]["1"].string == "sun")
            // The recipe repeats the run, and the logits that it left are read.
            let again = try shell(
                "$ATTUNE train small/recipe.yaml --max-steps 8 --resume-from-checkpoint latest --output-dir small",
                in: folder
            )
            #expect(again.code == 0, "\(again.errors)")
            #expect(!again.errors.contains("loaded the teacher"))
            #expect(again.errors.contains("the teacher's logits of all"))
            let said = try shell("$ATTUNE predict --model small --text 'sunny day 3'", in: folder)
            #expect(said.code == 0 && said.output.contains("\"label\""), "\(said.errors)")
        }
    }

    @Test func `a dry run shows the teacher, and trains nothing`() throws {
        try withTeacher { folder in
            let outcome = try shell(
                "$ATTUNE distil --teacher large --student $BASE --dataset d.csv --label-column label --eval-dataset d.csv "
                    + "--alpha 0.7 --output-dir small --dry-run",
                in: folder
            )
            #expect(outcome.code == 0, "\(outcome.errors)")
            #expect(outcome.output.contains("large, temperature 2.0, alpha 0.7"), "\(outcome.output)")
            #expect(outcome.output.contains("rain 12 (50.0 %)"), "\(outcome.output)")
            let small = folder.appending(path: "small").path(percentEncoded: false)
            #expect(!FileManager.default.fileExists(atPath: small))
        }
    }

    @Test func `mistakes are named before anything is computed`() throws {
        try withTeacher { folder in
            try Data("body,other\na,b\nc,d\n".utf8).write(to: folder.appending(path: "two.csv"))
            let rest = " --student $BASE --output-dir small"
            for (flags, code, message) in [
                ("--dataset plain.csv", 64, "--teacher <model>"),
                ("plain.csv --teacher large", 64, "--dataset plain.csv"),
                ("--dataset two.csv --teacher large", 65, "--text-column"),
                (
                    "--dataset plain.csv --teacher large --temperature 0", 64,
                    "--distillation-temperature must be"
                ),
                ("--dataset plain.csv --teacher large --alpha 2", 64, "--distillation-alpha must be"),
                ("--dataset plain.csv --teacher $BASE --text-column text", 65, "is not a classifier"),
                ("--dataset plain.csv --teacher nowhere --text-column text", 66, "nowhere"),
            ] as [(String, Int32, String)] {
                let outcome = try shell("$ATTUNE distil " + flags + rest, in: folder)
                #expect(outcome.code == code, "\(flags): \(outcome.code) \(outcome.errors)")
                #expect(outcome.errors.contains(message), "\(flags): \(outcome.errors)")
            }
            let small = folder.appending(path: "small").path(percentEncoded: false)
            #expect(!FileManager.default.fileExists(atPath: small))
            let alone = try shell(
                "$ATTUNE train --model $BASE --dataset d.csv --text-column text --label-column label "
                    + "--distillation-alpha 0.7 --output-dir small",
                in: folder
            )
            #expect(
                alone.code == 64 && alone.errors.contains("has no effect without --teacher"),
                "\(alone.errors)"
            )
        }
    }
}
