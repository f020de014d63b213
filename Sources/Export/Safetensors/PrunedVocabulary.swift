public import Classification
import Files
import Foundation
import JSON
import Models
import Tokenization
import Torch

/// The part of a classifier's vocabulary that a corpus uses.
///
/// The embedding loses the rows of all other tokens. Texts of the corpus are split into the same tokens as before, so their logits
/// do not change. Words that the corpus lacks are split into smaller tokens. The neutral texts of `parity.json` belong to the
/// corpus, too.
public struct PrunedVocabulary {
    /// The number of rows of the embedding before.
    public let rowsBefore: Int
    /// The number of rows that are kept.
    public var rows: Int { map.count }

    let map: VocabularyMap
    private let files: [(name: String, contents: String)]
    private let corpus: [TextInputs]

    /// Families with positions that start after the padding token: its id must not change.
    private static let positionsAfterPadding: Set = ["roberta", "xlm-roberta"]
    /// The number of texts with compared logits.
    private static let sampleCount = 64
    /// The largest difference of a logit, divided by the logit if that is above 1: the same rows in the same order give the same
    /// bits, but batches of other sizes may be summed in another order.
    private static let tolerance: Float = 1e-5

    /// Chooses the tokens.
    ///
    /// - Parameters:
    ///   - classifier: The classifier.
    ///   - corpus: Texts like those that the smaller classifier will read.
    /// - Throws: ``ExportError`` for an empty corpus, or a tokenizer that cannot be cut.
    public init(_ classifier: TextClassifier, corpus: [TextInputs]) throws(ExportError) {
        guard corpus.contains(where: { $0.count > 0 }) else {
            throw ExportError(
                .badOption,
                "there are no texts whose tokens are to be kept; give a file with at least one row"
            )
        }
        let tokenizer = classifier.tokenizer
        let document = try TokenizerDocument(tokenizer)
        rowsBefore = classifier.model.embeddingRows
        // So that `parity.json` can be checked.
        self.corpus = corpus + [ParityRecord.neutralTexts(for: classifier)]
        var use = TokenUse(tokenizer, rows: rowsBefore)
        for inputs in self.corpus { use.add(inputs) }
        var kept = use.isUsed
        func keep(_ ids: some Sequence<Int32>) {
            for id in ids where id >= 0 && Int(id) < kept.count { kept[Int(id)] = true }
        }
        func isKept(_ id: Int32) -> Bool { id >= 0 && Int(id) < kept.count && kept[Int(id)] }
        keep(document.specialIDs)
        // Stands for an empty text if the tokenizer has no token for padding or the end.
        if tokenizer.padTokenID ?? tokenizer.eosTokenID == nil { keep([0]) }
        let configuration = classifier.model.configuration
        keep(Self.tokenIDs(of: configuration))
        if let padding = configuration.padTokenID, padding >= 0,
            Self.positionsAfterPadding.contains(configuration.modelType)
        {
            keep(0...padding)
        }
        if document.root["model"]["vocab"].array != nil { keep([document.lowestScoreID].compactMap { $0 }) }
        keep(document.spellingIDs(isKept))
        var merges: [JSONValue]?
        if let all = document.merges {
            let chains = MergeChains(all, tokens: document.tokens)
            var pairs: Set<MergeChains.Pair> = []
            for token in document.tokens where isKept(token.id) {
                let chain = chains.chain(to: token.text)
                pairs.formUnion(chain.pairs)
                keep(chain.ids)
            }
            merges = chains.selecting(all, pairs)
        }
        map = VocabularyMap(keeping: kept) { tokenizer.token(for: $0) != nil }
        files = document.files(map, merges: merges)
    }

    // MARK: Writing

    /// Replaces the tokenizer's files in a folder.
    ///
    /// - Parameter folder: A folder with the classifier's files.
    /// - Throws: `FileError`.
    func saveTokenizer(to folder: URL) throws(FileError) {
        for file in files {
            try writeAtomically(Data(file.contents.utf8), to: folder.appending(path: file.name))
        }
    }

    /// Returns the rows of the embedding that are kept.
    ///
    /// - Parameter table: `[rowsBefore, width]`.
    /// - Returns: `[rows, width]`, a copy.
    /// - Throws: `.outOfMemory`.
    func cut(_ table: Tensor) throws(TorchError) -> Tensor { try table.gatheringRows(Tensor(map.oldIDs)) }

    /// The configuration's fields with the new number of rows and the new ids.
    ///
    /// - Parameter fields: The fields of `config.json`.
    /// - Returns: The changed fields; the id of a token that is left out is removed.
    func cut(_ fields: JSONObject) -> JSONObject {
        var result = fields
        result["vocab_size"] = .int(rows)
        for member in fields.members where Self.namesTokens(member.name) {
            if let id = member.value.int {
                result[member.name] = map.newID(id).map(JSONValue.int) ?? .null
            } else if let ids = member.value.array {
                result[member.name] = .array(ids.compactMap { map.newID($0.int).map(JSONValue.int) })
            }
        }
        return result
    }

    private static func namesTokens(_ field: String) -> Bool {
        ["token_id", "token_ids", "token_index"].contains(where: field.hasSuffix)
    }

    private static func tokenIDs(of configuration: ModelConfiguration) -> [Int32] {
        configuration.fields.members.filter { namesTokens($0.name) }.flatMap { member in
            (member.value.array ?? [member.value]).compactMap(\.int).compactMap(Int32.init(exactly:))
        }
    }

    // MARK: Checking

    /// Compares the smaller classifier with the one before, on the corpus.
    ///
    /// - Parameters:
    ///   - smaller: The smaller classifier.
    ///   - classifier: The classifier before.
    ///   - comparesLogits: Whether the weights were not rounded, so that logits must not change.
    /// - Throws: ``ExportError`` if a text is split differently, or a logit of the sample differs; `TorchError`.
    func check(
        _ smaller: TextClassifier,
        against classifier: TextClassifier,
        comparesLogits: Bool
    ) throws {
        for inputs in corpus {
            for start in stride(from: 0, to: inputs.count, by: TokenUse.chunk) {
                let end = min(start + TokenUse.chunk, inputs.count)
                let part = inputs.selecting(Array(start..<end))
                try requireSameTokens(part, smaller.tokenizer, classifier.tokenizer)
            }
            if comparesLogits { try requireSameLogits(inputs, smaller, classifier) }
        }
    }

    private func requireSameLogits(
        _ inputs: TextInputs,
        _ smaller: TextClassifier,
        _ classifier: TextClassifier
    ) throws {
        let step = max(inputs.count / Self.sampleCount, 1)
        let rows = stride(from: 0, to: inputs.count, by: step).prefix(Self.sampleCount)
        let sample = inputs.selecting(Array(rows))
        let before = try classifier.logits(classifier.encode(sample)).joined()
        let after = try smaller.logits(smaller.encode(sample)).joined()
        let isSame = zip(before, after).allSatisfy { abs($0 - $1) <= Self.tolerance * max(1, abs($0)) }
        guard isSame else {
            throw ExportError(
                .unsupported,
                "with a smaller vocabulary, the logits of the given texts change, so nothing was written; export with the whole "
                    + "vocabulary, and please report this"
            )
        }
    }

    private func requireSameTokens(
        _ inputs: TextInputs,
        _ smaller: Tokenizer,
        _ tokenizer: Tokenizer
    ) throws(ExportError) {
        let old = inputs.encoded(by: tokenizer, maxLength: nil)
        let new = inputs.encoded(by: smaller, maxLength: nil)
        for index in 0..<old.count {
            let isSame =
                old[index].count == new[index].count
                && zip(old[index], new[index]).allSatisfy { map[$0] == $1 }
            guard isSame else { throw Self.changed(inputs, index) }
        }
        guard new.typeIDs == old.typeIDs else { throw Self.changed(inputs, 0) }
    }

    private static func changed(_ inputs: TextInputs, _ index: Int) -> ExportError {
        let text =
            switch inputs {
            case .texts(let texts): texts[index]
            case .pairs(let pairs): pairs[index].0
            }
        return ExportError(
            .unsupported,
            "with a smaller vocabulary, the text \"\(text.prefix(60))\" is split differently, so nothing was written; export with "
                + "the whole vocabulary, and please report this"
        )
    }
}
