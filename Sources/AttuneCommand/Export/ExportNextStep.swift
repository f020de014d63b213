import Attune
import Export
import Files
import Foundation
import JSON

/// The programs that open an exported classifier, and a few lines that do.
struct ExportNextStep {
    let request: ExportRequest
    /// The folder or file that was written.
    let path: String
    let report: ExportReport

    /// The lines, each ending in a line feed.
    var text: String {
        "opened by \(programs):\n" + lines.map { "  \($0)\n" }.joined() + check
    }

    private var programs: String {
        switch request.format {
        case .onnx:
            request.usesContribOperators
                ? "ONNX Runtime and Optimum" : "ONNX Runtime, Optimum and transformers.js"
        case .gguf: "llama.cpp and attune"
        case .coreml: "Core ML on macOS 13 and iOS 16, or newer"
        case .safetensors: "transformers, attune and other programs that read the Hub's layout"
        case .attune: "attune predict, evaluate and serve"
        }
    }

    private var lines: [String] {
        switch request.format {
        case .onnx:
            [
                "from optimum.onnxruntime import ORTModelForSequenceClassification as Model",
                "from transformers import pipeline",
                "model = Model.from_pretrained(\(quoted), subfolder=\"onnx\", file_name=\"\(onnxFile)\")",
                "print(pipeline(\"text-classification\", model=model, tokenizer=\(quoted))(\"…\"))",
            ]
        case .gguf:
            [
                "from llama_cpp import Llama, LLAMA_POOLING_TYPE_RANK",
                "model = Llama(\(quoted), embedding=True, pooling_type=LLAMA_POOLING_TYPE_RANK)",
                "print(model.embed(\"…\"))  # logits; a state of the last token if llama.cpp lacks the head",
            ]
        case .coreml:
            [
                "import coremltools",
                "model = coremltools.models.MLModel(\(quoted))  # predicts on macOS",
                "print(model.get_spec().description)",
            ]
        case .safetensors:
            [
                "from transformers import pipeline",
                "classify = pipeline(\"text-classification\", model=\(quoted))",
                "print(classify(\"…\"))",
            ]
        case .attune: ["attune serve \(shellQuoted(path))"]
        }
    }

    /// The command that checks the result: itself if this program opens the format, else in Python.
    private var check: String {
        let verify = "next: attune verify --model \(shellQuoted(path))"
        switch request.format {
        case .safetensors, .attune, .gguf: return verify + "\n"
        case .onnx: return verify + " --python > verify.py && python verify.py\n"
        case .coreml: return verify + " --python > verify.py  # run it on macOS\n"
        }
    }

    /// The ONNX model's file.
    private var onnxFile: String {
        report.files.map(\.url.lastPathComponent).first { $0.hasSuffix(".onnx") } ?? "model.onnx"
    }

    /// The path as a string of Python.
    private var quoted: String { JSONValue.string(path).compact }
}
