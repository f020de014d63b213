import Foundation
import JSON
import TestSupport
import Testing

/// `attune export` on a small model.
struct ExportCommandTests {
    private static let train =
        "$ATTUNE train --model $BASE --dataset d.csv --text-column text --label-column label --test-size 0.25 "
        + "--max-steps 6 --per-device-train-batch-size 2 --learning-rate 0.01 --save-strategy no --quiet "

    /// Trains the model `run` on 24 texts.
    private func withRun(_ flags: String = "", _ body: (URL) throws -> Void) throws {
        try withTemporaryFolder { folder in
            try writeWeather(24, to: folder)
            let trained = try shell(Self.train + "--output-dir run " + flags, in: folder)
            try #require(trained.code == 0, "\(trained.errors)")
            try body(folder)
        }
    }

    private func exists(_ folder: URL, _ path: String) -> Bool {
        FileManager.default.fileExists(atPath: folder.appending(path: path).path(percentEncoded: false))
    }

    @Test func `a copy in bfloat16 is half as large, verified, and described with a next step`() throws {
        try withRun { folder in
            let outcome = try shell("$ATTUNE export run --format safetensors --dtype bf16", in: folder)
            #expect(outcome.code == 0, "\(outcome.errors)")
            for part in [
                "run-safetensors: safetensors, bfloat16", "model.safetensors", "weights before",
                "the scores of 32 neutral texts",
                "pipeline(\"text-classification\", model=\"run-safetensors\")",
                "next: attune verify --model run-safetensors",
            ] { #expect(outcome.output.contains(part), "\(part): \(outcome.output)") }
            let verified = try shell("$ATTUNE verify --model run-safetensors", in: folder)
            #expect(verified.code == 0, "\(verified.output)\(verified.errors)")
            let again = try shell("$ATTUNE export run --format safetensors --dtype bf16", in: folder)
            #expect(again.code == 73 && again.errors.contains("is not empty"), "\(again.errors)")
        }
    }

    @Test func `a smaller vocabulary keeps every label, and the metrics before and after are shown`() throws {
        try withRun { folder in
            let outcome = try shell(
                "$ATTUNE export run --format safetensors --keep-tokens d.csv --dataset d.csv --output small --json",
                in: folder
            )
            #expect(outcome.code == 0, "\(outcome.errors)")
            let result = try JSONValue.parse(Data(outcome.output.utf8))
            #expect(result["accuracy"]["rows"].int == 24 && result["accuracy"]["changed_rows"].int == 0)
            for metric in ["accuracy", "matthews_correlation"] {
                let values = ["before", "after"].map { result["accuracy"][$0][metric].double }
                #expect(values[0] != nil && values[0] == values[1], "\(metric)")
            }
            #expect(result["accuracy"]["before"] == result["accuracy"]["after"])
            let before = try #require(result["weight_bytes_before"].int)
            let files = try result["files"].elements()
            let weights = try #require(files.first { $0["name"].string == "model.safetensors" }?["bytes"].int)
            #expect(weights < before)
            #expect(try result["notes"].strings().contains { $0.hasPrefix("vocabulary: ") })
            let predict = "$ATTUNE predict --text 'sunny day 3' --logits --quiet --model "
            let (old, new) = (
                try shell(predict + "run", in: folder), try shell(predict + "small", in: folder)
            )
            #expect(old.output == new.output && new.code == 0, "\(new.errors)")
        }
    }

    @Test func `an adapter is merged before it is exported`() throws {
        try withRun("--adapter lora --lora-r 4") { folder in
            let outcome = try shell("$ATTUNE export run --format safetensors --output whole", in: folder)
            #expect(outcome.code == 0, "\(outcome.errors)")
            #expect(exists(folder, "whole/config.json") && !exists(folder, "whole/adapter_config.json"))
            #expect(exists(folder, "run/adapter_config.json"))
            let verified = try shell("$ATTUNE verify --model whole --against run", in: folder)
            #expect(verified.code == 0, "\(verified.output)\(verified.errors)")
        }
    }

    @Test(arguments: [
        ("onnx", "run-onnx/onnx/model.onnx"), ("gguf", "run.gguf"), ("attune", "run.attune"),
    ])
    func `every format is written to its usual place`(format: String, file: String) throws {
        try withRun { folder in
            let outcome = try shell("$ATTUNE export run --format \(format)", in: folder)
            #expect(outcome.code == 0, "\(outcome.errors)")
            #expect(exists(folder, file), "\(outcome.output)")
            #expect(outcome.output.contains("opened by"))
        }
    }

    @Test func `wrong flags and models are refused before anything is written`() throws {
        try withRun { folder in
            for (flags, code, message) in [
                ("run", 64, "--format"),
                ("run --format safetensors --quantize q8_0", 64, "safetensors is not quantized to q8_0"),
                ("run --format onnx --dtype bf16", 64, "float32, float16"),
                ("run --format gguf --opset 17", 64, "settings of onnx"),
                ("run --format safetensors --dtype fp16 --threads 0", 64, "--threads"),
                ("missing --format safetensors", 66, "missing"),
                ("$BASE --format safetensors", 65, "attune train"),
                ("run --format safetensors --keep-tokens none.csv", 66, "none.csv"),
                ("run --format safetensors --dataset d.csv --label-column kind", 65, "kind"),
            ] {
                let outcome = try shell("$ATTUNE export \(flags) --output out", in: folder)
                #expect(outcome.code == Int32(code), "\(flags): \(outcome.errors)")
                #expect(outcome.errors.contains(message), "\(flags): \(outcome.errors)")
                #expect(!exists(folder, "out"), "\(flags)")
            }
        }
    }
}
