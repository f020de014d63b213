import Foundation
import JSON
import TestSupport
import Testing

/// `attune verify` of exported copies.
struct VerifyExportTests {
    private static let train =
        "$ATTUNE train --model $BASE --dataset d.csv --text-column text --label-column label --max-steps 4 "
        + "--save-strategy no --quiet --output-dir run"

    /// Trains the model `run` on 24 texts.
    private func withRun(_ body: (URL) throws -> Void) throws {
        try withTemporaryFolder { folder in
            try writeWeather(24, to: folder)
            let trained = try shell(Self.train, in: folder)
            try #require(trained.code == 0, "\(trained.errors)")
            try body(folder)
        }
    }

    private func touch(_ name: String, in folder: URL) throws {
        try Data().write(to: folder.appending(path: name))
    }

    @Test func `an ONNX folder is not checked here, and its program for ONNX Runtime is printed`() throws {
        try withRun { folder in
            let exported = try shell("$ATTUNE export run --format onnx --output copy", in: folder)
            #expect(exported.code == 0, "\(exported.errors)")
            #expect(exported.output.contains("next: attune verify --model copy --python > verify.py"))
            let told = try shell("$ATTUNE verify --model copy", in: folder)
            #expect(told.code == 65 && told.errors.contains("nothing was checked"), "\(told.errors)")
            #expect(told.errors.contains("does not run ONNX files itself"), "\(told.errors)")
            let printed = try shell("$ATTUNE verify --model copy --python", in: folder)
            #expect(printed.code == 0 && printed.errors.isEmpty, "\(printed.errors)")
            #expect(printed.output == told.output)
            for part in [
                "# Compares \"copy/onnx/model.onnx\" in ONNX Runtime with the logits of 32 neutral texts",
                "pip install onnxruntime transformers\n", "import onnxruntime\n",
                "pathlib.Path(\"copy\", \"parity.json\")", "folder = \"copy\"\n",
                "    (\"copy/onnx/model.onnx\", \"logit\", 0.0001),\n", "powers / np.sum(powers)",
                "sys.exit(1 if failed else 0)\n",
            ] { #expect(printed.output.contains(part), "\(part): \(printed.output)") }
            let json = try shell("$ATTUNE verify --model copy --json", in: folder)
            let result = try JSONValue.parse(Data(json.output.utf8))
            #expect(json.code == 65 && result["texts"].int == 32 && result["within_tolerance"] == .null)
            #expect(result["python"].string == printed.output)
        }
    }

    @Test func `every ONNX file of a folder has the tolerance of its number type`() throws {
        try withRun { folder in
            for name in ["model_fp16", "model_int8", "model_q4", "model_quantized", "other"] {
                try FileManager.default.createDirectory(
                    at: folder.appending(path: "copy/onnx"),
                    withIntermediateDirectories: true
                )
                try touch("copy/onnx/\(name).onnx", in: folder)
            }
            let flags = "--model copy --against run --python"
            let printed = try shell("$ATTUNE verify \(flags)", in: folder)
            #expect(printed.code == 0, "\(printed.errors)")
            for (name, limit) in [
                ("model_fp16", "\"score\", 0.05"), ("model_int8", "\"score\", 0.25"),
                ("model_q4", "\"score\", 0.25"), ("model_quantized", "\"score\", 0.25"),
                ("other", "\"logit\", 0.0001"),
            ] {
                let entry = "(\"copy/onnx/\(name).onnx\", \(limit)),"
                #expect(printed.output.contains(entry), "\(entry): \(printed.output)")
            }
            let wide = try shell("$ATTUNE verify \(flags) --tolerance 0.5", in: folder)
            #expect(wide.output.components(separatedBy: "\"score\", 0.5),").count == 6, "\(wide.output)")
            let missing = try shell("$ATTUNE verify --model copy", in: folder)
            #expect(missing.code == 66 && missing.errors.contains("--against"), "\(missing.errors)")
        }
    }

    @Test func `a Core ML package has a program that runs on macOS`() throws {
        try withRun { folder in
            let inner = folder.appending(path: "m.mlpackage/Data/attune/classifier")
            try FileManager.default.createDirectory(at: inner, withIntermediateDirectories: true)
            try FileManager.default.copyItem(
                at: folder.appending(path: "run/parity.json"),
                to: inner.appending(path: "parity.json")
            )
            let told = try shell("$ATTUNE verify --model m.mlpackage", in: folder)
            #expect(told.code == 65, "\(told.errors)")
            #expect(told.errors.contains("does not run Core ML packages itself"), "\(told.errors)")
            for part in [
                "import coremltools\n", "(\"m.mlpackage\", \"score\", 0.05)", "sys.platform != \"darwin\"",
                "folder = \"m.mlpackage/Data/attune/classifier\"\n",
            ] { #expect(told.output.contains(part), "\(part): \(told.output)") }
        }
    }

    @Test func `GGUF and single files are checked here, and llama.cpp has a program`() throws {
        try withRun { folder in
            for (format, file) in [("gguf --quantize q8_0", "run.gguf"), ("attune", "run.attune")] {
                let exported = try shell("$ATTUNE export run --format \(format)", in: folder)
                #expect(exported.code == 0, "\(exported.errors)")
                let checked = try shell("$ATTUNE verify --model \(file)", in: folder)
                #expect(checked.code == 0, "\(checked.output)\(checked.errors)")
            }
            let printed = try shell("$ATTUNE verify --model run.gguf --python", in: folder)
            #expect(printed.code == 0, "\(printed.errors)")
            for part in [
                "import gguf\nimport llama_cpp\n", "(\"run.gguf\", \"score\", 0.25)",
                "gguf.GGUFReader(\"run.gguf\").fields[\"attune.file.parity.json\"].contents()",
            ] { #expect(printed.output.contains(part), "\(part): \(printed.output)") }
            let single = try shell("$ATTUNE verify --model run.attune --python", in: folder)
            #expect(single.code == 65 && single.errors.contains("leave out --python"), "\(single.errors)")
            let inside = try shell("$ATTUNE verify --model run --against run.attune --python", in: folder)
            #expect(inside.code == 65 && inside.errors.contains("--against"), "\(inside.errors)")
        }
    }

    @Test func `--quiet prints the place and the loss of accuracy, without files, notes and next steps`()
        throws
    {
        try withRun { folder in
            let plain = try shell("$ATTUNE export run --format onnx --quiet", in: folder)
            #expect(plain.output == "run-onnx: ONNX, float32\n" && plain.errors.isEmpty, "\(plain)")
            let measured = try shell(
                "$ATTUNE export run --format safetensors --dtype bf16 --dataset d.csv --quiet",
                in: folder
            )
            #expect(measured.code == 0 && measured.errors.isEmpty, "\(measured.errors)")
            #expect(measured.output.hasPrefix("run-safetensors: safetensors, bfloat16\n\non the given rows"))
            #expect(measured.output.contains("labels that changed: "), "\(measured.output)")
            #expect(!measured.output.contains("next:") && !measured.output.contains("model.safetensors"))
        }
    }
}
