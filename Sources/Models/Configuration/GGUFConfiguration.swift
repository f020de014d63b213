public import Checkpoints
import JSON

extension ModelConfiguration {
    /// Creates the `config.json` of a GGUF file's model: the one in the file if Attune wrote it, else the one that corresponds to
    /// llama.cpp's metadata.
    ///
    /// - Parameters:
    ///   - file: A file of a supported architecture.
    ///   - source: Its path, for messages.
    /// - Throws: `.unsupported` for an unsupported architecture or option; `.badConfiguration` if a value is missing.
    ///
    /// Source: `load_gguf_checkpoint` of transformers 5.23 (modeling_gguf_pytorch_utils.py).
    public init(gguf file: GGUFFile, source: String) throws(ModelError) {
        if let text = file.metadata[GGUFKeys.file + "config.json"]?.string {
            try self.init(parsing: text.utf8, source: "\(source) (config.json)")
        } else {
            try self.init(metadataOf: file, source: source)
        }
    }

    /// Creates the `config.json` that corresponds to llama.cpp's metadata.
    init(metadataOf file: GGUFFile, source: String) throws(ModelError) {
        let gguf = GGUFMetadata(file, source: source)
        guard let family = GGUFFamily.all[gguf.architecture] else {
            let known = GGUFFamily.all.keys.sorted().joined(separator: ", ")
            throw ModelError(
                .unsupported,
                "\(source): GGUF models of architecture \"\(gguf.architecture)\" are not supported; supported are: \(known)"
            )
        }
        var fields = family.constants
        fields["architectures"] = .array([.string(family.architecture)])
        fields["tie_word_embeddings"] = .bool(!gguf.has("output.weight"))
        for (name, field) in family.integers.sorted(by: { $0.key < $1.key }) {
            if let value = gguf[name]?.int { fields[field] = .int(value) }
        }
        for (name, field) in family.numbers.sorted(by: { $0.key < $1.key }) {
            if let value = try gguf.number(name) { fields[field] = value }
        }
        // The tensor's shape is authoritative; a vocabulary may have fewer tokens.
        let tokens = gguf.tokenizer("tokens")?.strings?.count
        let embedding = file.info("token_embd.weight")?.shape
        let rows = embedding?.count == 2 ? embedding?.first : nil
        let vocabulary = rows ?? gguf["vocab_size"]?.int ?? tokens
        if let vocabulary { fields["vocab_size"] = .int(vocabulary) }
        for (name, field) in [
            ("bos_token_id", "bos_token_id"), ("eos_token_id", "eos_token_id"),
            ("padding_token_id", "pad_token_id"),
        ] { if let id = gguf.tokenizer(name)?.int { fields[field] = .int(id) } }
        try family.finish(&fields, gguf)
        gguf.addHead(to: &fields)
        self.init(fields: fields, source: source)
    }
}

extension GGUFMetadata {
    /// The tensors of a whole classification head, and transformers' class, by architecture.
    private static let heads = [
        "bert": (tensors: ["cls.weight", "cls.bias", "cls.output.weight", "cls.output.bias"], name: "Bert"),
        "modern-bert": (
            tensors: ["cls.weight", "cls.norm.weight", "cls.output.weight", "cls.output.bias"],
            name: "ModernBert"
        ),
        "qwen3": (tensors: ["cls.output.weight"], name: "Qwen3"),
    ]

    /// Describes the file's classification head, if it has a whole one.
    ///
    /// Source: llama.cpp, src/llama-graph.cpp (`build_pooling`), which pools the mean for ModernBERT.
    func addHead(to fields: inout JSONObject) {
        guard let head = Self.heads[architecture], head.tensors.allSatisfy(has),
            let rows = file.info("cls.output.weight")?.shape.first, rows <= 1 << 20
        else { return }
        let stated = self["classifier.output_labels"]?.strings
        let labels = stated?.count == rows ? stated ?? [] : (0..<rows).map { "LABEL_\($0)" }
        fields["architectures"] = .array([.string("\(head.name)ForSequenceClassification")])
        fields["id2label"] = .object(JSONObject(labels.enumerated().map { (String($0), .string($1)) }))
        if architecture == "modern-bert" { fields["classifier_pooling"] = .string("mean") }
    }
}
