import JSON

/// The changes that the tokenizer class of a model's folder makes to the stages of its `tokenizer.json`.
///
/// transformers takes vocabulary and merges from the file, but builds the other stages from the class and
/// `tokenizer_config.json`: for BERT, `do_lower_case` overrides the file. For unknown classes, and folders without a
/// model's `config.json`, the file's stages are used.
///
/// Source: `TokenizersBackend.convert_to_native_format` of transformers 5.23.
struct ClassStages {
    private let builder: TokenizerBuilder
    private let root: JSONDocument.Value

    /// Finds the class; nil if the file's stages are used unchanged.
    ///
    /// - Parameters:
    ///   - files: The folder's files.
    ///   - root: Its `tokenizer.json`.
    /// - Throws: `.corrupt` naming the file.
    init?(_ files: TokenizerFiles, _ root: JSONDocument.Value) throws(TokenizerError) {
        guard let bytes = files.modelConfiguration, let model = try? JSONDocument(parsing: bytes).root,
            let modelType = model["model_type"]?.string, !modelType.isEmpty
        else { return nil }
        let settings = try SourceSettings(config: files.config, specialTokens: files.specialTokens)
        let name = settings.config["tokenizer_class"]?.string ?? model["tokenizer_class"]?.string
        let known = try? TokenizerClass(
            name: name,
            modelType: modelType,
            source: TokenizerFiles.tokenizerName
        )
        guard let known, known != .generic else { return nil }
        // Files of Llama's class with another kind of vocabulary are used unchanged.
        guard known.isByteLevel == Self.isByteLevel(root["pre_tokenizer"]) else { return nil }
        builder = TokenizerBuilder(known, settings, .wordPiece, tokens: [])
        self.root = root
    }

    private static func isByteLevel(_ json: JSONDocument.Value?) -> Bool {
        json?["type"]?.string == "ByteLevel"
            || (json?["pretokenizers"]?.elements ?? []).contains(where: isByteLevel)
    }

    /// The default special tokens of the class, used if the files name none.
    var defaultTokens: [(name: String, token: AddedToken)] {
        TokenizerSettings.names.compactMap { name in builder.special(name).map { (name, $0) } }
    }

    /// Replaces the stages that the class builds differently.
    ///
    /// - Parameter pipeline: The pipeline of the file, with all its added tokens.
    /// - Throws: `.corrupt` or `.unsupported`, naming class and stage.
    func apply(to pipeline: inout Pipeline) throws(TokenizerError) {
        do throws(TokenizerError) {
            var builder = builder
            builder.adopt(pipeline, charsmap: Self.charsmap(root["normalizer"]))
            let reader = PipelineReader(root: root)
            if let json = try changed("normalizer", builder.normalizer()) {
                pipeline.normalizer = json.isNull ? nil : try reader.readNormalizer(json)
                pipeline.added.normalize(with: pipeline.normalizer)
            }
            if let json = try changed("pre_tokenizer", builder.preTokenizer()) {
                let spelling = try PipelineReader.Spelling(preTokenizer: json, model: root.required("model"))
                pipeline.preTokenizer =
                    json.isNull ? nil : try reader.readPreTokenizer(json, isLast: true, spelling)
                pipeline.needsOrigins =
                    builder.tokenizerClass == .llama || builder.tokenizerClass == .debertaV2
            }
            if let json = try changed("decoder", builder.decoder()) {
                pipeline.decoder = json.isNull ? nil : try reader.readDecoder(json)
            }
            // GPTNeoXTokenizer of transformers 5.23 drops the file's post-processor, and add_bos_token and add_eos_token
            // are lost before it makes its own (tokenization_gpt_neox.py).
            guard builder.tokenizerClass != .gptNeoX else {
                pipeline.postProcessor = nil
                return
            }
            guard builder.tokenizerClass.replacesPostProcessor || root["post_processor"] == nil else {
                return
            }
            if let json = try changed("post_processor", builder.postProcessor()) {
                pipeline.postProcessor = json.isNull ? nil : try reader.readPostProcessor(json)
            }
        } catch {
            throw error.inside(builder.tokenizerClass.rawValue)
        }
    }

    /// A stage as the class builds it; nil if the file has the same one.
    private func changed(_ name: String, _ stage: String) throws(TokenizerError) -> JSONDocument.Value? {
        let json = try JSONDocument(parsing: Array(stage.utf8)).root
        return json.serialized == (root[name]?.serialized ?? "null") ? nil : json
    }

    private static func charsmap(_ json: JSONDocument.Value?) -> String? {
        guard let json else { return nil }
        if let found = json["precompiled_charsmap"]?.string { return found }
        return (json["normalizers"]?.elements ?? []).compactMap(charsmap).first
    }
}
