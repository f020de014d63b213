import Files
import Foundation
import JSON
import Models

/// A folder given as a model.
///
/// Its layout is recognised by file names, before any file is opened.
struct ModelFolder {
    let url: URL
    let path: String
    let names: Set<String>

    init(_ url: URL) {
        self.url = url
        let path = url.path(percentEncoded: false)
        self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        names = Set((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [])
    }

    /// Whether it has an adapter, alone or next to the model that it changes; transformers loads both.
    var holdsAdapter: Bool { names.contains("adapter_config.json") }

    /// Whether it has a tokenizer.
    var hasTokenizer: Bool { names.contains("tokenizer.json") || names.contains("tokenizer_config.json") }

    /// Whether it is a model folder with a configuration that names a family.
    var hasConfiguration: Bool { names.contains("config.json") && !isOldSentenceTransformer }

    /// Rejects a folder in a layout that is known but cannot be opened.
    ///
    /// - Throws: ``ModelError`` that names the layout and a remedy.
    func requireKnownLayout() throws(ModelError) {
        if !hasConfiguration, let fault = otherLayout { throw fault }
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
        let adapters = AdapterPlace.all(in: path).map(\.name)
        if !adapters.isEmpty {
            return ModelError(
                .missingFile,
                "\(path) holds the adapters \(adapters.joined(separator: ", ")); give one of their folders, such as "
                    + "\(shellQuoted("\(path)/\(adapters[0])")), or its name to `attune predict` and `attune evaluate`: "
                    + "--adapter-name \(shellQuoted(adapters[0]))"
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
