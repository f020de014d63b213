import Checkpoints
import Files
import Foundation
import JSON
import Models

/// A folder given as a model.
///
/// Its layout is recognised by file names, before any file is opened.
struct ModelFolder {
    let url: URL
    private let path: String
    private let names: Set<String>

    init(_ url: URL) {
        self.url = url
        let path = url.path(percentEncoded: false)
        self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        names = Set((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [])
    }

    /// Whether it has the weights of an adapter, alone or next to a complete model.
    var holdsAdapter: Bool { names.contains("adapter_config.json") }

    /// Whether it is a model folder with a configuration that names a family.
    var hasConfiguration: Bool { names.contains("config.json") && !isOldSentenceTransformer }

    /// Rejects a folder in a layout that is known but cannot be opened.
    ///
    /// - Throws: ``ModelError`` that names the layout and a remedy.
    func requireKnownLayout() throws(ModelError) {
        if let fault = adapter ?? (hasConfiguration ? nil : otherLayout) { throw fault }
    }

    /// Warnings about a folder that can be opened, one sentence each.
    var notes: [String] {
        guard isSetFit else { return [] }
        return [
            "\(path) is a SetFit model: its head, a scikit-learn pickle (model_head.pkl), is not read; "
                + "train a new head on this model with `attune train`"
        ]
    }

    /// Whether SetFit wrote it: a sentence-transformers model with a pickled head.
    var isSetFit: Bool { names.contains("model_head.pkl") || names.contains("config_setfit.json") }

    // MARK: Adapters

    /// transformers would load the adapter on top of the model.
    ///
    /// Without the adapter, the logits differ.
    private var adapter: ModelError? {
        guard holdsAdapter else { return nil }
        let configuration = json("adapter_config.json")
        let base = configuration["base_model_name_or_path"].string
        let kind = configuration["peft_type"].string.map { "\($0) adapter" } ?? "adapter"
        let what =
            hasConfiguration
            ? "\(path) contains an adapter (adapter_config.json) next to a model, and transformers would load both; "
                + "Attune cannot open adapters yet; remove adapter_config.json to use the model without it, or merge them once"
            : "\(path) is \(kind.first.map { "aeiou".contains($0.lowercased()) } ?? false ? "an" : "a") \(kind)"
                + "\(base.map { " of \($0)" } ?? ""), not a whole model; Attune cannot open adapters yet; merge it once"
        return ModelError(
            .unsupported,
            "\(what) (needs Python with peft and transformers): \(mergeCommand(configuration))"
        )
    }

    private func mergeCommand(_ configuration: JSONValue) -> String {
        let isClassifier = configuration["task_type"].string == "SEQ_CLS"
        let name = isClassifier ? "AutoPeftModelForSequenceClassification" : "AutoPeftModelForCausalLM"
        let labels = isClassifier ? labelCount.map { ", num_labels=\($0)" } ?? "" : ""
        // Not every adapter includes its tokenizer.
        let hasTokenizer = names.contains("tokenizer.json") || names.contains("tokenizer_config.json")
        let tokenizer = hasTokenizer ? path : configuration["base_model_name_or_path"].string ?? path
        return
            "python3 -c \"import sys; from peft import \(name) as M; from transformers import AutoTokenizer as T; "
            + "M.from_pretrained(sys.argv[1]\(labels)).merge_and_unload().save_pretrained(sys.argv[3]); "
            + "T.from_pretrained(sys.argv[2]).save_pretrained(sys.argv[3])\" "
            + "\(shellQuoted(path)) \(shellQuoted(tokenizer)) \(shellQuoted(path + "-merged"))"
    }

    /// The rows of the adapter's own head, which peft does not store in its configuration.
    private var labelCount: Int? {
        guard let file = try? SafetensorsFile(contentsOf: url.appending(path: "adapter_model.safetensors"))
        else { return nil }
        let endings = ["score.weight", "classifier.weight", "classifier.out_proj.weight"]
        let head = file.tensorNames.first { name in endings.contains { name.hasSuffix($0) } }
        return head.flatMap { file.info($0)?.shape.first }
    }

    // MARK: Other layouts

    /// The error for a folder without a configuration; it names the folder or file to give instead.
    private var otherLayout: ModelError? {
        if let folder = sentenceTransformer {
            return elsewhere("is a sentence-transformers model in an older layout", folder)
        }
        let runs = names.compactMap { name in
            name.hasPrefix("checkpoint-") ? Int(name.dropFirst("checkpoint-".count)) : nil
        }
        if let last = runs.max(), exists("checkpoint-\(last)/config.json") {
            return elsewhere("is the output of an unfinished run", "checkpoint-\(last)")
        }
        if names.contains("snapshots"), names.contains("blobs") {
            let snapshots = (try? FileManager.default.contentsOfDirectory(atPath: path + "/snapshots")) ?? []
            let commit = snapshots.sorted().first { exists("snapshots/\($0)/config.json") }
            return elsewhere("is a model's folder in the Hub's cache", "snapshots/\(commit ?? "<commit>")")
        }
        let ggufs = names.filter { $0.lowercased().hasSuffix(".gguf") }.sorted()
        if let gguf = ggufs.first {
            return elsewhere(
                ggufs.count == 1
                    ? "is a folder with a GGUF file" : "is a folder with \(ggufs.count) GGUF files",
                gguf,
                kind: "file"
            )
        }
        if let inner = names.sorted().first(where: { exists("\($0)/config.json") }) {
            return elsewhere("has no config.json, but a folder in it does", inner)
        }
        return nil
    }

    private func elsewhere(_ what: String, _ place: String, kind: String = "folder") -> ModelError {
        ModelError(.missingFile, "\(path) \(what); give that \(kind): \(shellQuoted(path + "/" + place))")
    }

    /// The subfolder with the model itself in a sentence-transformers folder; nil if there is none.
    private var sentenceTransformer: String? {
        let modules = json("modules.json").array ?? []
        let listed = modules.first { $0["type"].string?.contains("Transformer") == true }?["path"].string
        let usual = ["0_Transformer", "0_BERT", "0_RoBERTa", "0_DistilBERT"]
        return ([listed].compactMap { $0 } + usual).first { name in
            !name.isEmpty && !name.contains("..") && !name.hasPrefix("/") && exists("\(name)/config.json")
        }
    }

    /// Older versions of sentence-transformers wrote their own config.json, with only a version.
    private var isOldSentenceTransformer: Bool {
        names.contains("config.json") && names.contains("modules.json")
            && json("config.json")["model_type"] == .null
            && sentenceTransformer != nil
    }

    private func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(path)/\(name)") }

    /// A small JSON file; null if it is missing or cannot be read.
    private func json(_ name: String) -> JSONValue {
        guard names.contains(name), let file = try? MappedFile(contentsOf: containedFile(name, in: url))
        else {
            return .null
        }
        return (try? JSONValue.parse(file.bytes)) ?? .null
    }
}
