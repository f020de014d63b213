public import Checkpoints
import JSON

extension ModelConfiguration {
    /// Creates the `config.json` that corresponds to a GGUF file's metadata.
    ///
    /// - Parameters:
    ///   - file: A file of a supported architecture.
    ///   - source: Its path, for messages.
    /// - Throws: `.unsupported` for an unsupported architecture or option; `.badConfiguration` if a value is missing.
    ///
    /// Source: `load_gguf_checkpoint` of transformers 5.23 (modeling_gguf_pytorch_utils.py).
    public init(gguf file: GGUFFile, source: String) throws(ModelError) {
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
        self.init(fields: fields, source: source)
    }
}
