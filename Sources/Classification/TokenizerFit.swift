import Files
import JSON
public import Models
public import Tokenization

/// Whether a tokenizer and a model fit together, determined without reading weights.
public struct TokenizerFit: Sendable, Equatable {
    /// The reason that the model cannot classify some texts of the tokenizer; nil if it can classify all.
    public let fault: String?
    /// Notes on token types that the model does not have.
    let typeNotes: [String]
    private let otherNotes: [String]

    /// Harmless mismatches, one sentence each.
    public var notes: [String] { typeNotes + otherNotes }

    /// Compares a tokenizer with a model.
    ///
    /// - Parameters:
    ///   - tokenizer: The model's tokenizer.
    ///   - configuration: The model's configuration.
    ///   - addsRows: Whether the embedding is extended to all tokens of the tokenizer.
    /// - Throws: `ModelError` if the configuration does not describe a network.
    public init(
        _ tokenizer: Tokenizer,
        _ configuration: ModelConfiguration,
        addingRows addsRows: Bool = false
    ) throws {
        let stored = try configuration.embeddingRows()
        let rows = addsRows ? max(stored, tokenizer.vocabularySize) : stored
        fault = Self.fault(tokenizer, rows: rows)
        typeNotes = Self.typeNotes(tokenizer, try configuration.tokenTypes())
        otherNotes =
            Self.specialNotes(configuration, rows) + Self.lengthNotes(tokenizer, configuration)
    }

    private static func fault(_ tokenizer: Tokenizer, rows: Int) -> String? {
        guard tokenizer.vocabularySize > rows else { return nil }
        let tokens = tokenizer.tokens(from: rows)
        guard let last = tokens.last else { return nil }
        let others =
            tokens.count == 1
            ? "" : ", and \(tokens.count - 1) more from \"\(tokens[0].token)\" with id \(tokens[0].id) on"
        let them = tokens.count == 1 ? "it" : "them"
        return
            "the tokenizer has the token \"\(last.token)\" with id \(last.id)\(others), but the model's embedding has \(rows) "
            + "rows, for the ids 0 to \(rows - 1); train with --resize-embeddings to add rows for \(them), remove \(them) from "
            + "the tokenizer's files, or correct `vocab_size` if the checkpoint has more rows"
    }

    private static func typeNotes(_ tokenizer: Tokenizer, _ types: TokenTypes) -> [String] {
        let known: Int
        switch types {
        case .ignored: return []
        case .table(let rows), .tokens(let rows): known = rows
        }
        let highest = max(
            tokenizer.highestTokenType(isPair: false),
            tokenizer.highestTokenType(isPair: true)
        )
        guard tokenizer.givesTokenTypes, highest >= known else { return [] }
        return [
            "the tokenizer gives token types up to \(highest), but the model has types 0 to \(known - 1); higher types are treated as 0"
        ]
    }

    /// Ids in `config.json` that a classifier does not use.
    private static func specialNotes(_ configuration: ModelConfiguration, _ rows: Int) -> [String] {
        ["bos_token_id", "eos_token_id", "cls_token_id", "sep_token_id", "mask_token_id"].compactMap { name in
            let ids =
                configuration[name].array?.compactMap(\.int) ?? [configuration[name].int].compactMap { $0 }
            guard let id = ids.first(where: { $0 >= rows }) else { return nil }
            return
                "config.json's \(name) is \(id), but the embedding has \(counted(rows, "row")); a classifier does not use it"
        }
    }

    private static func lengthNotes(_ tokenizer: Tokenizer, _ configuration: ModelConfiguration) -> [String] {
        guard let allowed = tokenizer.modelMaxLength, let context = configuration.contextLength,
            allowed > context
        else { return [] }
        return [
            "the tokenizer's model_max_length is \(allowed), but the model has positions for \(context); \(context) is used"
        ]
    }
}

extension Tokenizer {
    /// Returns the tokenizer without tokens that stand for no text and that a text model has no embedding for.
    ///
    /// All Gemma 3 models share a tokenizer. Only vision models have an embedding row for its last token, `<image_soft_token>`.
    func fitted(to configuration: ModelConfiguration) -> Tokenizer {
        guard configuration.modelType == "gemma3_text", let id = id(for: "<image_soft_token>"),
            let rows = try? configuration.embeddingRows(), Int(id) >= rows
        else { return self }
        return leavingOut([id])
    }
}

extension TextClassifier {
    /// Rejects a model whose tokenizer has tokens without a row in the embedding.
    ///
    /// - Parameters:
    ///   - path: The folder, `.gguf` or `.attune` file. No weight is read.
    ///   - base: The base model of an adapter; nil takes the one that it names.
    /// - Throws: `ModelError` with code `.mismatchedTokenizer`; otherwise the errors of ``load(_:base:options:maxLength:settings:seed:)``.
    package static func requireFit(of path: String, base: String? = nil) throws {
        let source = try ModelSource(path: path, base: base)
        try source.requireFit()
    }

    /// Rejects a limit that leaves no room for the special tokens that the tokenizer adds to a text.
    static func requireRoom(_ limit: Int, for tokenizer: Tokenizer) throws(ModelError) {
        let count = tokenizer.specialTokenCount(isPair: false)
        guard limit < count else { return }
        throw ModelError(
            .badConfiguration,
            "a maximum length of \(limit) leaves no room for the \(counted(count, "token")) that the tokenizer adds to each text; raise "
                + "--max-length, or the model's max_position_embeddings"
        )
    }
}

extension ModelSource {
    /// Rejects a tokenizer with tokens that have no row in the model's embedding.
    ///
    /// - Parameter addsRows: Whether the embedding is extended to all tokens.
    /// - Returns: The comparison, with notes on harmless mismatches.
    /// - Throws: `ModelError` with code `.mismatchedTokenizer`.
    @discardableResult
    func requireFit(addingRows addsRows: Bool = false) throws -> TokenizerFit {
        let fit = try TokenizerFit(tokenizer, configuration, addingRows: addsRows)
        if let fault = fit.fault {
            throw ModelError(.mismatchedTokenizer, "\(configuration.source): \(fault)")
        }
        return fit
    }
}
