public import Foundation
import JSON

/// Turns texts into token ids and back, exactly as tokenizers and transformers do with the same files.
///
/// A value type of constant tables: copies are cheap, and any number of threads may share one. Copies also share
/// caches of words, which do not change any result.
public struct Tokenizer: Sendable {
    private(set) var pipeline: Pipeline
    let settings: TokenizerSettings
    let stored: TokenizerFiles
    /// Warnings about a tokenizer that can be used nevertheless, one sentence each.
    public internal(set) var notes: [String] = []
    let workspaces = WorkspacePool()
    let margins: TokenMargins

    /// The files of this tokenizer in the Hub's layout, to be saved next to a model: names and contents.
    public var files: [(name: String, contents: [UInt8])] { stored.named }

    /// Opens the tokenizer of a model's folder.
    ///
    /// - Parameter folder: A folder with `tokenizer.json` and, if present, `tokenizer_config.json` and
    ///   `special_tokens_map.json`.
    /// - Throws: `.unreadable`, `.corrupt` or `.unsupported` with file and JSON path.
    public init(folder: URL) throws(TokenizerError) {
        let files = try TokenizerFiles(folder: folder)
        try self.init(files: files)
    }

    /// Opens a `tokenizer.json` without other files.
    ///
    /// - Parameter tokenizerJSON: The file.
    /// - Throws: `.unreadable`, `.corrupt` or `.unsupported` with the JSON path.
    public init(contentsOf tokenizerJSON: URL) throws(TokenizerError) {
        try self.init(files: TokenizerFiles(tokenizerJSON: tokenizerJSON))
    }

    init(files: TokenizerFiles) throws(TokenizerError) {
        var pipeline: Pipeline
        let root: JSONDocument.Value
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

    /// The id of the padding token.
    public var padTokenID: Int32? { settings.special["pad_token"].flatMap(id(for:)) }

    /// The id of the token that starts a text.
    public var bosTokenID: Int32? { settings.special["bos_token"].flatMap(id(for:)) }

    /// The id of the token that ends a text.
    public var eosTokenID: Int32? { settings.special["eos_token"].flatMap(id(for:)) }

    /// The id of the token for text outside the vocabulary.
    public var unknownTokenID: Int32? { settings.special["unk_token"].flatMap(id(for:)) }

    /// Whether the model gets token types, according to `model_input_names` of `tokenizer_config.json` or else the default
    /// of the class that transformers chooses for the files.
    public var givesTokenTypes: Bool { settings.givesTokenTypes }

    /// The number of special tokens around a text, or around and between the two texts of a pair.
    ///
    /// - Parameter isPair: Whether there are two texts.
    /// - Returns: The number of tokens.
    public func specialTokenCount(isPair: Bool) -> Int { addedCount(isPair: isPair) }

    /// The highest type id of any token of a text or a pair.
    ///
    /// - Parameter isPair: Whether there are two texts.
    /// - Returns: The type id; 0 if the tokenizer uses a single type.
    public func highestTokenType(isPair: Bool) -> Int32 {
        let layout = BatchLayout(pipeline.postProcessor, isPair: isPair, addSpecialTokens: true)
        return layout.parts.map(\.typeID).max() ?? 0
    }

    /// The tokens with at least a given id, lowest first.
    ///
    /// - Parameter id: The lowest id to include.
    /// - Returns: Ids and tokens as the vocabulary spells them; ids without a token are left out.
    public func tokens(from id: Int) -> [(id: Int, token: String)] {
        (min(id, vocabularySize)..<vocabularySize).compactMap { id in
            token(for: Int32(truncatingIfNeeded: id)).map { (id, $0) }
        }
    }

    /// The same tokenizer without some of its added tokens: a text that spells one is split like any other text.
    ///
    /// - Parameter ids: The ids of the tokens to leave out.
    /// - Returns: The tokenizer; its ``files`` still hold the tokens.
    public func leavingOut(_ ids: [Int32]) -> Tokenizer {
        var result = self
        result.pipeline.added.remove(ids)
        return result
    }

    /// The model's maximum number of tokens, if the files give one.
    public var modelMaxLength: Int? { settings.modelMaxLength }

    /// The chat template in Jinja, if the files have one.
    public var chatTemplate: String? { settings.chatTemplate }

    /// The text of a token, as the vocabulary spells it.
    ///
    /// - Parameter id: A token id.
    /// - Returns: The text; nil if no token has that id.
    public func token(for id: Int32) -> String? { pipeline.token(for: id) }

    /// The id of a token.
    ///
    /// - Parameter token: The token as the vocabulary spells it.
    /// - Returns: The id; nil if the tokenizer has no such token.
    public func id(for token: String) -> Int32? {
        let bytes = Array(token.utf8)
        return pipeline.added.id(of: bytes) ?? pipeline.vocabulary.id(of: bytes)
    }
}
