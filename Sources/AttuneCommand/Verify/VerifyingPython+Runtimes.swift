import Attune
import Checkpoints
import Export
import Foundation

// The parts of the program that differ between transformers, ONNX Runtime, Core ML and llama.cpp.
extension VerifyingPython {
    /// The name of the program that computes the logits.
    var program: String {
        switch runtime {
        case .transformers: "transformers"
        case .llamaCpp: "llama.cpp"
        case .other(let copy): copy.program
        }
    }

    /// The packages to install.
    var packages: [String] {
        let own =
            switch runtime {
            case .transformers(let place): ["torch", "transformers"] + (place.base == nil ? [] : ["peft"])
            case .llamaCpp: ["llama-cpp-python", "tokenizers"]
            case .other(let copy): [copy.module, "transformers"]
            }
        return own + (readsGGUF ? ["gguf"] : [])
    }

    private var readsGGUF: Bool {
        if case .llamaCpp = runtime { true } else { Self.isGGUF(recordPlace) }
    }

    /// The lines that import modules.
    var imports: [String] {
        let own: [String]
        switch runtime {
        case .transformers(let place):
            own =
                ["import torch"] + (place.base == nil ? [] : ["from peft import PeftModel"])
                + ["from transformers import AutoModelForSequenceClassification, AutoTokenizer"]
        case .llamaCpp: own = ["import llama_cpp", "from tokenizers import Tokenizer"]
        case .other(let copy): own = ["import \(copy.module)", "from transformers import AutoTokenizer"]
        }
        return ["import json", "import pathlib", "import sys", "", "import numpy as np"]
            + (readsGGUF ? ["import gguf"] : []) + own
    }

    /// The paths of the models, each with the number to compare.
    var limits: [(path: String, limit: Limit)] {
        switch runtime {
        case .transformers(let place): [(place.first, limit(record.isQuantized ? .quantized : .float32))]
        case .llamaCpp(let file, let isQuantized): [(file, limit(isQuantized ? .quantized : .bfloat16))]
        case .other(let copy): copy.files.map { ($0, limit(Self.tolerance(of: $0))) }
        }
    }

    /// The tolerance of an ONNX file or a Core ML package; the name of an ONNX file tells its number type.
    private static func tolerance(of file: String) -> ParityReport.Tolerance {
        let name = URL(filePath: file).lastPathComponent
        guard name.hasSuffix(".onnx") else { return .bfloat16 }
        switch ONNXPrecision.allCases.first(where: { $0.fileName == name }) {
        case .int8, .int8QDQ, .int4: return .quantized
        case .float16: return .bfloat16
        case .float32, nil: return .float32
        }
    }

    private func limit(_ usual: ParityReport.Tolerance) -> Limit {
        // A regression has no scores besides its logit.
        if record.problemType == .regression {
            return Limit(measure: "logit", value: "\(tolerance ?? usual.logits ?? usual.scores)")
        }
        if let tolerance { return Limit(measure: "score", value: "\(tolerance)") }
        if let logits = usual.logits { return Limit(measure: "logit", value: "\(logits)") }
        return Limit(measure: "score", value: "\(usual.scores)")
    }

    // MARK: Opening a model

    /// The function `opened`, which gives a function of a row's number of tokens and logits.
    var opening: String {
        switch runtime {
        case .transformers(let place): encoding(place.first) + transformers(place)
        case .llamaCpp: "\n\n" + Self.llamaCpp
        case .other(let copy):
            encoding(copy.folder) + (copy.format == .onnx ? Self.onnxRuntime : Self.coreML)
        }
    }

    private func encoding(_ folder: String) -> String {
        """
        folder = \(Self.quoted(folder))
        tokenizer = AutoTokenizer.from_pretrained(folder)


        def encoded(row, kind):
            return tokenizer(row["text"], row.get("text_pair"), max_length=record["max_length"], return_tensors=kind,
                             truncation=record["max_length"] is not None, return_attention_mask=True)



        """
    }

    private func transformers(_ place: ClassifierPlace) -> String {
        let loading =
            place.base.map { base in
                """
                    base = AutoModelForSequenceClassification.from_pretrained(
                        \(Self.quoted(base)), num_labels=len(record["labels"]), dtype=torch.float32)
                    if base.config.pad_token_id is None:
                        base.config.pad_token_id = tokenizer.pad_token_id
                    model = PeftModel.from_pretrained(base, path).eval()
                """
            }
            ?? "    model = AutoModelForSequenceClassification.from_pretrained(path, dtype=torch.float32).eval()"
        return """
            def opened(path):
            \(loading)

                def answer(row):
                    inputs = encoded(row, "pt")
                    with torch.no_grad():
                        return inputs["input_ids"].shape[1], model(**inputs).logits[0].float().numpy()

                return answer
            """
    }

    private static let onnxRuntime = """
        def opened(path):
            session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
            names = [value.name for value in session.get_inputs()]

            def answer(row):
                inputs = encoded(row, "np")
                ids = inputs["input_ids"]
                given = {name: inputs.get(name, np.zeros_like(ids)).astype(np.int64) for name in names}
                return ids.shape[1], session.run(["logits"], given)[0][0]

            return answer
        """

    private static let coreML = """
        def opened(path):
            if sys.platform != "darwin":
                sys.exit("Core ML computes on macOS only: copy the package and this program to a Mac")
            model = coremltools.models.MLModel(path)
            names = [value.name for value in model.get_spec().description.input]

            def answer(row):
                inputs = encoded(row, "np")
                ids = inputs["input_ids"]
                given = {name: inputs.get(name, np.zeros_like(ids)).astype(np.int32) for name in names}
                return ids.shape[1], model.predict(given)["logits"][0]

            return answer
        """

    private static let llamaCpp = """
        def opened(path):
            fields = gguf.GGUFReader(path).fields
            tokenizer = Tokenizer.from_str(fields["\(GGUFKeys.tokenizer)"].contents())
            tokenizer.no_padding()
            tokenizer.no_truncation()
            if record["max_length"] is not None:
                tokenizer.enable_truncation(record["max_length"])
            # llama.cpp reads some heads; for the others it gives the state of the last token.
            head, count = fields.get("\(GGUFKeys.head)"), len(record["labels"])
            weight = None if head is None else np.array(head.contents()).reshape(count, -1)
            gives_probabilities = head is None and fields["general.architecture"].contents() == "qwen3"
            size = max(512, *(row["tokens"] for row in record["texts"]))
            model = llama_cpp.Llama(
                path, embedding=True, n_ctx=size, n_batch=size, n_ubatch=size, verbose=False,
                pooling_type=llama_cpp.LLAMA_POOLING_TYPE_RANK if head is None else llama_cpp.LLAMA_POOLING_TYPE_LAST)

            def answer(row):
                ids = tokenizer.encode(row["text"], row.get("text_pair")).ids
                tokens = (llama_cpp.llama_token * len(ids))(*ids)
                llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(model.ctx), True)
                if llama_cpp.llama_decode(model.ctx, llama_cpp.llama_batch_get_one(tokens, len(ids))):
                    sys.exit("llama.cpp cannot compute a text")
                output = llama_cpp.llama_get_embeddings_seq(model.ctx, 0)
                if weight is not None:
                    return len(ids), weight @ np.array(output[:weight.shape[1]])
                logits = np.array(output[:count])
                return len(ids), np.log(logits) if gives_probabilities else logits

            return answer
        """
}

extension ForeignExport {
    /// The name of the program that runs the files.
    var program: String { format == .onnx ? "ONNX Runtime" : "Core ML" }

    /// The kind of files, for messages.
    var contents: String { format == .onnx ? "ONNX files" : "Core ML packages" }

    /// The Python package of that program.
    fileprivate var module: String { format == .onnx ? "onnxruntime" : "coremltools" }
}
