import NN
import Torch

/// The normalized sum of embeddings of tokens, learned positions and token types.
///
/// Source: `BertEmbeddings`, `RobertaEmbeddings`, `Embeddings` (DistilBERT) and `ElectraEmbeddings` of transformers 5.23.
final class EncoderEmbeddings {
    /// How a family counts positions.
    enum Positions: Equatable {
        /// Starting at 0.
        case fromZero
        /// Starting at the padding token's id + 1; all padding tokens have the padding token's id and do not count.
        case afterPadding(id: Int)
    }

    struct Configuration: Equatable {
        var vocabularySize: Int
        var maxPositionEmbeddings: Int
        /// The number of token types; nil for a family without them.
        var typeVocabularySize: Int?
        /// Width, E.
        var width: Int
        var paddingIndex: Int?
        var layerNormEps: Double
        var initializerRange: Double
        var dropout: Double
        var positions = Positions.fromZero

        /// The valid token ids, token types and lengths.
        var limits: InputLimits {
            InputLimits(
                tokens: vocabularySize,
                types: typeVocabularySize.map(TokenTypes.table) ?? .ignored,
                positions: maxLength
            )
        }

        /// The longest text, in tokens, that the positions support.
        var maxLength: Int {
            switch positions {
            case .fromZero: maxPositionEmbeddings
            case .afterPadding(let id): max(1, maxPositionEmbeddings - id - 1)
            }
        }
    }

    private let config: Configuration
    let words: Embedding
    private let positions: Embedding
    private let types: Embedding?
    private let norm: LayerNorm

    init(_ scope: ParameterScope, _ config: Configuration) throws(TorchError) {
        self.config = config
        func table(_ name: String, _ count: Int, paddingIndex: Int? = nil) throws(TorchError) -> Embedding {
            try Embedding(
                scope[name],
                count: count,
                width: config.width,
                paddingIndex: paddingIndex,
                std: config.initializerRange
            )
        }
        func types() throws(TorchError) -> Embedding? {
            guard let count = config.typeVocabularySize else { return nil }
            return try table("token_type_embeddings", count)
        }
        func norm() throws(TorchError) -> LayerNorm {
            try LayerNorm(scope["LayerNorm"], width: config.width, epsilon: config.layerNormEps)
        }
        words = try table("word_embeddings", config.vocabularySize, paddingIndex: config.paddingIndex)
        // RoBERTa registers its positions last and does not train the one of padding.
        switch config.positions {
        case .fromZero:
            positions = try table("position_embeddings", config.maxPositionEmbeddings)
            self.types = try types()
            self.norm = try norm()
        case .afterPadding(let id):
            self.types = try types()
            self.norm = try norm()
            positions = try table("position_embeddings", config.maxPositionEmbeddings, paddingIndex: id)
        }
    }

    func callAsFunction(_ batch: PackedBatch, _ context: ForwardContext) throws(TorchError) -> Tensor {
        var x = try context.embedded(words(batch.ids))  // [T, E]
        if let types {
            // Without type ids all are 0, so one row is added to every token.
            if let ids = batch.typeIDs { x = try x + types(ids) } else { x = try x + types.row(0) }
        }
        x = try norm(x, adding: positions(positionIDs(batch)))
        return try context.dropout(config.dropout, x)  // [T, E]
    }

    /// `[T]`, int64.
    private func positionIDs(_ batch: PackedBatch) throws(TorchError) -> Tensor {
        guard case .afterPadding(let id) = config.positions else { return batch.positions }
        var positions: [Int64] = []
        positions.reserveCapacity(batch.tokenIDs.count)
        for (start, end) in zip(batch.cuSeqlens, batch.cuSeqlens.dropFirst()) {
            var counted = 0
            for token in batch.tokenIDs[Int(start)..<Int(end)] {
                if Int(token) != id { counted += 1 }
                positions.append(Int64(Int(token) == id ? id : id + counted))
            }
        }
        return try Tensor(positions).to(device: batch.ids.device)
    }

    // MARK: Description

    /// Describes the embeddings, `[B, S, E]`.
    func describe(_ g: inout GraphBuilder, _ inputs: GraphInputs) throws(ModelError) -> Graph.Value {
        var x = try g.lookup(words, inputs.ids)
        if let types {
            let added = try g.lookup(types, types: inputs.types)
            x = try g.add(x, added, label: "embeddings")
        }
        let ids = try describePositionIDs(&g, inputs)
        let places = try g.lookup(positions, ids)
        return try g.norm(x, adding: places, norm)
    }

    /// Describes the positions, `[B, S]`.
    private func describePositionIDs(
        _ g: inout GraphBuilder,
        _ inputs: GraphInputs
    ) throws(ModelError) -> Graph.Value {
        guard case .afterPadding(let id) = config.positions else { return try g.positions(inputs) }
        let isToken = try g.isToken(inputs)
        return try g.shared("positions") { g throws(ModelError) in
            let padding = try g.integer(id)
            let isPadding = try g(.compare(.equal), inputs.ids, padding)
            let isOther = try g(.not, isPadding)
            let counts = try g(.and, isToken, isOther)
            let counted = try g(.cast(.int64), counts)
            let sums = try g(.cumulativeSum(axis: 1), counted)
            let own = try g.multiply(sums, counted)
            return try g.add(own, padding, label: "ids")
        }
    }
}
