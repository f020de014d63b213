public import Foundation

/// Turns texts into token ids and back, exactly as the Python libraries do with the same files.
///
/// A value type of constant tables: copies are cheap and any number of threads may share one. What calls have met is
/// kept in workspaces that copies share, too; they change no result.
public struct Tokenizer: Sendable {
    private(set) var pipeline: Pipeline
    let settings: TokenizerSettings
    let stored: TokenizerFiles
    /// What a person should know of it although it can be used, a sentence each.
    public internal(set) var notes: [String] = []
    let workspaces = WorkspacePool()
    let margins: TokenMargins

    /// The files that make up this tokenizer in the Hub's layout, to be saved beside a model: name and bytes.
    public var files: [(name: String, contents: [UInt8])] { stored.named }

    /// Opens the tokenizer of a model's folder.
    ///
    /// - Parameter folder: Holds `tokenizer.json`, and where present `tokenizer_config.json` and
    ///   `special_tokens_map.json`.
    /// - Throws: `.unreadable`, `.corrupt` or `.unsupported` with file and JSON path.
    public init(folder: URL) throws(TokenizerError) {
        let files = try TokenizerFiles(folder: folder)
        try self.init(files: files)
    }

    /// Opens a `tokenizer.json` by itself.
    ///
    /// - Parameter tokenizerJSON: The file.
    /// - Throws: `.unreadable`, `.corrupt` or `.unsupported` with the JSON path.
    public init(contentsOf tokenizerJSON: URL) throws(TokenizerError) {
        try self.init(files: TokenizerFiles(tokenizerJSON: tokenizerJSON))
    }

    init(files: TokenizerFiles) throws(TokenizerError) {
        var pipeline: Pipeline
        let root: JSONValue
        do throws(TokenizerError) {
            root = try JSONDocument(parsing: files.tokenizer).root
            pipeline = try PipelineReader(root: root).read()
        } catch {
            throw error.inside(TokenizerFiles.tokenizerName)
        }
        let stages = try ClassStages(files, root)
        settings = try TokenizerSettings(files: files, stages, pipeline: &pipeline)
        try stages?.apply(to: &pipeline)
        self.pipeline = pipeline
        margins = TokenMargins(pipeline)
        stored = files
    }

    /// One more than the highest id.
    public var vocabularySize: Int {
        max(pipeline.vocabulary.idCount, pipeline.added.largestID.map { Int($0) + 1 } ?? 0)
    }

    /// The token that fills a batch's shorter rows.
    public var padTokenID: Int32? { settings.special["pad_token"].flatMap(id(for:)) }

    /// The token that starts a text.
    public var bosTokenID: Int32? { settings.special["bos_token"].flatMap(id(for:)) }

    /// The token that ends a text.
    public var eosTokenID: Int32? { settings.special["eos_token"].flatMap(id(for:)) }

    /// The token that stands for what the vocabulary lacks.
    public var unknownTokenID: Int32? { settings.special["unk_token"].flatMap(id(for:)) }

    /// Whether the model is given token types: as `model_input_names` of `tokenizer_config.json` says, else as the class
    /// that transformers takes for the files does by default.
    public var givesTokenTypes: Bool { settings.givesTokenTypes }

    /// The tokens that are put around a text, or around and between the two of a pair.
    ///
    /// - Parameter isPair: Whether there are two texts.
    /// - Returns: Their number.
    public func specialTokenCount(isPair: Bool) -> Int { addedCount(isPair: isPair) }

    /// The highest type id that a token of a text, or of a pair, is given.
    ///
    /// - Parameter isPair: Whether there are two texts.
    /// - Returns: 0 if all tokens are of one type.
    public func highestTokenType(isPair: Bool) -> Int32 {
        let layout = BatchLayout(pipeline.postProcessor, isPair: isPair, addSpecialTokens: true)
        return layout.parts.map(\.typeID).max() ?? 0
    }

    /// The tokens with ids from a number on, lowest first.
    ///
    /// - Parameter id: The first id of interest.
    /// - Returns: Ids and tokens as the vocabulary spells them; ids without a token are left out.
    public func tokens(from id: Int) -> [(id: Int, token: String)] {
        (min(id, vocabularySize)..<vocabularySize).compactMap { id in
            token(for: Int32(truncatingIfNeeded: id)).map { (id, $0) }
        }
    }

    /// The same tokenizer without some of its added tokens: a text that spells one is cut like any other text.
    ///
    /// - Parameter ids: Of the tokens to leave out.
    /// - Returns: The tokenizer; its ``files`` still hold the tokens.
    public func leavingOut(_ ids: [Int32]) -> Tokenizer {
        var result = self
        result.pipeline.added.remove(ids)
        return result
    }

    /// The most tokens that the model takes, where the files say so.
    public var modelMaxLength: Int? { settings.modelMaxLength }

    /// The chat template, a Jinja text, where the files have one.
    public var chatTemplate: String? { settings.chatTemplate }

    /// The text of a token, as the vocabulary spells it.
    ///
    /// - Parameter id: A token id.
    /// - Returns: Nil where no token has that id.
    public func token(for id: Int32) -> String? { pipeline.token(for: id) }

    /// The id of a token.
    ///
    /// - Parameter token: The token as the vocabulary spells it.
    /// - Returns: Nil where there is no such token.
    public func id(for token: String) -> Int32? {
        let bytes = Array(token.utf8)
        return pipeline.added.id(of: bytes) ?? pipeline.vocabulary.id(of: bytes)
    }
}
