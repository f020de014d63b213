import Files
import Foundation

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A selection of a repository's files.
public struct FileSelection: Sendable, Equatable {
    enum Choice: Sendable, Equatable {
        case patterns(include: [String], exclude: [String])
        case model
        case tokenizer
        case dataset
    }

    let choice: Choice

    /// All files.
    public static let all = FileSelection(choice: .patterns(include: [], exclude: []))
    /// The files needed to load a model: configuration, tokenizer, and the weights in one format.
    public static let model = FileSelection(choice: .model)
    /// The files needed to tokenize: configuration and tokenizer.
    public static let tokenizer = FileSelection(choice: .tokenizer)

    /// The files needed to read a dataset: its data files, and the README.md that assigns them to splits.
    public static let dataset = FileSelection(choice: .dataset)

    /// Selects the files that match patterns, as in Python's `fnmatch`: `*` matches slashes too.
    ///
    /// - Parameters:
    ///   - include: Names or patterns. A folder's name with a slash selects everything in it. Empty selects all files.
    ///   - exclude: The files to leave out.
    /// - Returns: The selection.
    public static func matching(_ include: [String], except exclude: [String] = []) -> FileSelection {
        FileSelection(choice: .patterns(include: include, exclude: exclude))
    }

    /// Applies the selection.
    ///
    /// - Parameters:
    ///   - names: All names of a commit.
    ///   - id: The repository, for messages.
    /// - Returns: The selected names, in the order given.
    /// - Throws: `.notFound` if a pattern matches nothing; `.unsupported` if there are no weights that Attune can read.
    func apply(to names: [String], of id: RepositoryID) throws(HubError) -> [String] {
        switch choice {
        case .patterns(let include, let exclude): try Self.matching(names, include, exclude, of: id)
        case .tokenizer: try Self.tokenizer(of: names, id: id)
        case .dataset: try Self.rows(of: names, id: id)
        case .model:
            names.filter(Self.isSmallModelFile) + (try Self.modelFiles(of: names, id: id))
        }
    }

    private static func matching(
        _ names: [String],
        _ include: [String],
        _ exclude: [String],
        of id: RepositoryID
    ) throws(HubError) -> [String] {
        for pattern in include where !names.contains(where: { matches($0, pattern) }) {
            throw HubError(
                .notFound,
                "the \(id.kind.rawValue) \(id) has no file \(shown(pattern)); it has \(sample(of: names))"
            )
        }
        return names.filter { name in
            (include.isEmpty || include.contains { matches(name, $0) })
                && !exclude.contains { matches(name, $0) }
        }
    }

    /// Whether a file is selected by its exact name, not by a pattern.
    func names(_ name: String) -> Bool {
        guard case .patterns(let include, _) = choice else { return false }
        return include.contains(name)
    }

    static func matches(_ name: String, _ pattern: String) -> Bool {
        name == pattern || fnmatch(pattern.hasSuffix("/") ? pattern + "*" : pattern, name, FNM_NOESCAPE) == 0
    }

    private static func sample(of names: [String]) -> String {
        let shownNames = names.prefix(8).map(shown).joined(separator: ", ")
        return names.isEmpty
            ? "none" : names.count > 8 ? "\(shownNames) and \(names.count - 8) more" : shownNames
    }

    private static let smallModelFiles: Set<String> = [
        "config.json", "attune.json", "decisions.json", "tokenizer.json", "tokenizer_config.json",
        "special_tokens_map.json",
        "added_tokens.json",
        "vocab.txt", "vocab.json", "merges.txt", "spiece.model", "spm.model", "sentencepiece.model",
        "sentencepiece.bpe.model", "tokenizer.model",
        // These identify adapters and SetFit models.
        "adapter_config.json", "config_setfit.json",
    ]

    private static func isSmallModelFile(_ name: String) -> Bool { smallModelFiles.contains(name) }

    /// The data files that Attune can read, and their description.
    private static func rows(of names: [String], id: RepositoryID) throws(HubError) -> [String] {
        let rows = names.filter {
            $0.lowercased().contains(
                /\.(parquet|csv|tsv|tab|jsonl|ndjson|json|arrow|feather|txt)(\.(gz|gzip|zst|zstd|bz2|lz4))?$/
            )
        }
        guard rows.contains(where: { !$0.lowercased().hasSuffix("requirements.txt") }) else {
            let script = names.first { $0.hasSuffix(".py") }
            let reason =
                script.map { "it needs the Python script \(shown($0)), which Attune does not run" }
                ?? "it has \(sample(of: names))"
            throw HubError(
                .unsupported,
                "the dataset \(id) has no data files that Attune can read: \(reason); convert it to Parquet, or choose another"
            )
        }
        return rows + names.filter { $0 == "README.md" }
    }

    /// The configuration and the tokenizer.
    ///
    /// If only a GGUF file has a tokenizer, that file too.
    private static func tokenizer(of names: [String], id: RepositoryID) throws(HubError) -> [String] {
        let small = names.filter(isSmallModelFile)
        let descriptions: Set = [
            "config.json", "attune.json", "decisions.json", "tokenizer_config.json",
            "special_tokens_map.json",
            "added_tokens.json", "adapter_config.json", "config_setfit.json",
        ]
        guard small.allSatisfy(descriptions.contains),
            names.contains(where: { $0.lowercased().hasSuffix(".gguf") })
        else { return small }
        return small + (try weights(of: names, id: id).filter { $0.lowercased().hasSuffix(".gguf") })
    }

    /// The weights of a model, of an adapter, or of both in one folder, which transformers loads together.
    private static func modelFiles(of names: [String], id: RepositoryID) throws(HubError) -> [String] {
        let adapter =
            names.contains("adapter_config.json") ? names.filter { $0 == "adapter_model.safetensors" } : []
        let isWhole = names.contains("config.json")
        return adapter + (isWhole || adapter.isEmpty ? try weights(of: names, id: id) : [])
    }

    /// The weights in one format: shards with their index, one safetensors file, or the only GGUF file.
    private static func weights(of names: [String], id: RepositoryID) throws(HubError) -> [String] {
        let all = Set(names)
        // The order in which a folder is opened: a single file before shards.
        if all.contains("model.safetensors") { return ["model.safetensors"] }
        // Those of several processes can be opened without an index.
        let written = names.filter { $0.wholeMatch(of: /shard-\d+-model-\d+-of-\d+\.safetensors/) != nil }
        if all.contains("model.safetensors.index.json") {
            return ["model.safetensors.index.json"] + written
                + names.filter { $0.wholeMatch(of: /model-\d+-of-\d+\.safetensors/) != nil }
        }
        if !written.isEmpty { return written }
        let gguf = names.filter { $0.lowercased().hasSuffix(".gguf") }
        if let part = gguf.first, gguf.allSatisfy({ $0.contains(/-\d{5}-of-\d{5}\.gguf$/) }) {
            throw HubError(
                .unsupported,
                "the model \(id) is a GGUF split into parts; download them all with `attune hub download \(id)`, "
                    + "and join them: llama-gguf-split --merge \(shellQuoted(shown(part))) model.gguf"
            )
        }
        if gguf.count == 1 { return gguf }
        if gguf.count > 1 {
            throw HubError(
                .unsupported,
                "the model \(id) has several GGUF files; download one, such as `attune hub download \(id) \(shellQuoted(shown(gguf[0])))`, and give its path"
            )
        }
        throw HubError(
            .unsupported,
            "the model \(id) has no weights in safetensors or GGUF; \(Self.remedy(names, id))"
        )
    }

    /// The remedy for a model with weights that Attune cannot read.
    private static func remedy(_ names: [String], _ id: RepositoryID) -> String {
        let pickles = names.filter { $0.hasPrefix("pytorch_model") && $0.contains(".bin") }
        if let pickle = pickles.sorted().first {
            return
                "it has \(shown(pickle)), which may run code when it is opened: ask its authors for safetensors, "
                + "or download it with `attune hub download \(id)`; `attune inspect` on its folder says how to convert it"
        }
        let others = names.filter { name in
            [".bin", ".h5", ".msgpack", ".pt", ".onnx"].contains { name.hasSuffix($0) }
        }
        guard let other = others.first else { return "choose another model" }
        return
            "it has \(shown(other)), which Attune does not read; ask its authors for safetensors, or choose another model"
    }
}
