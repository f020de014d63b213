// DeBERTa's attention, which scores the content and the distance of query and key separately.
//
// Source: https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/deberta_v2/modeling_deberta_v2.py

import JSON
import NN
import Torch

/// The scoring of distances in a DeBERTa model.
struct RelativePositions {
    /// The products that are added to that of query and key.
    struct Terms: OptionSet {
        let rawValue: Int
        /// A query's content with the position of the key.
        static let contentToPosition = Terms(rawValue: 1)
        /// A key's content with the position of the query.
        static let positionToContent = Terms(rawValue: 2)

        /// The number of terms.
        var count: Int { (contains(.contentToPosition) ? 1 : 0) + (contains(.positionToContent) ? 1 : 0) }
    }

    let terms: Terms
    /// Whether positions use the content's projections.
    let sharesProjections: Bool
    /// Whether the position embeddings are normalized.
    let isNormalized: Bool
    /// How distances count; nil for a model without relative position embeddings.
    let options: DisentangledOptions?

    /// Reads `relative_attention` and its related fields.
    ///
    /// - Parameters:
    ///   - config: The model's configuration.
    ///   - headDim: Width of a head.
    ///   - dropout: Dropout of attention's weights.
    ///   - maxPositionEmbeddings: The default of the largest distance.
    /// - Throws: `.badConfiguration` or `.unsupported` for an invalid field.
    init(
        _ config: ConfigurationReader,
        headDim: Int,
        dropout: Double,
        maxPositionEmbeddings: Int
    ) throws(ModelError) {
        terms = try Self.terms(config)
        sharesProjections = try config.flag("share_att_key", default: false)
        isNormalized = try config.text("norm_rel_ebd", default: "none").lowercased().split(separator: "|")
            .contains { $0.filter { !$0.isWhitespace } == "layer_norm" }
        let buckets = try config.wholeNumber("position_buckets", default: -1)
        let distance = try config.wholeNumber("max_relative_positions", default: -1)
        guard try config.flag("relative_attention", default: false) else {
            options = nil
            return
        }
        let maxDistance = distance < 1 ? maxPositionEmbeddings : distance
        guard buckets < 1 || (buckets > 1 && maxDistance - 1 > buckets / 2) else {
            throw ModelError(
                .badConfiguration,
                "\(config.source): `position_buckets` is \(buckets) for distances up to \(maxDistance); it must be at least 2, "
                    + "and half of it must be less than that distance minus 1"
            )
        }
        var options = DisentangledOptions(
            scale: Self.scale(headDim, terms),
            buckets: buckets < 1 ? nil : buckets,
            maxDistance: maxDistance
        )
        options.dropout = dropout
        self.options = options
    }

    /// Factor on the scores; the terms count even if the model has no relative positions.
    static func scale(_ headDim: Int, _ terms: Terms) -> Double {
        1 / (Double(headDim) * Double(1 + terms.count)).squareRoot()
    }

    /// Reads `pos_att_type`: a list or, in files before transformers 5, `c2p|p2c`.
    private static func terms(_ config: ConfigurationReader) throws(ModelError) -> Terms {
        let field = config["pos_att_type"]
        var names: [String] = []
        if let text = field.string {
            names = text.lowercased().split(separator: "|").map { $0.filter { !$0.isWhitespace } }
        } else if let list = field.array {
            names = list.map { $0.string ?? $0.kind }
        } else if field != .null {
            throw config.bad("pos_att_type", "a list of c2p and p2c")
        }
        var terms: Terms = []
        for name in names {
            switch name {
            case "c2p": terms.insert(.contentToPosition)
            case "p2c": terms.insert(.positionToContent)
            default:
                throw ModelError(
                    .unsupported,
                    "\(config.source): `pos_att_type` contains \"\(name)\"; supported are c2p and p2c"
                )
            }
        }
        return terms
    }
}

extension ConfigurationReader {
    /// An integer; 0 or a negative number stands for none.
    func wholeNumber(_ name: String, default fallback: Int) throws(ModelError) -> Int {
        let value = self[name]
        if value == .null { return fallback }
        guard let value = value.int, abs(Double(value)) <= 1e9 else { throw bad(name, "a whole number") }
        return value
    }
}

/// Multi-head attention with content and distance scores.
final class DisentangledAttention {
    private let config: DebertaV2Configuration
    private let query: Linear
    private let key: Linear
    private let value: Linear
    private let positionKey: Linear?
    private let positionQuery: Linear?

    init(_ scope: ParameterScope, _ config: DebertaV2Configuration) throws(TorchError) {
        self.config = config
        func linear(_ name: String) throws(TorchError) -> Linear {
            try Linear(
                scope[name],
                from: config.hiddenSize,
                to: config.hiddenSize,
                hasBias: true,
                std: config.initializerRange
            )
        }
        let positions = config.positions
        query = try linear("query_proj")
        key = try linear("key_proj")
        value = try linear("value_proj")
        guard positions.options != nil, !positions.sharesProjections else {
            (positionKey, positionQuery) = (nil, nil)
            return
        }
        positionKey = positions.terms.contains(.contentToPosition) ? try linear("pos_key_proj") : nil
        positionQuery = positions.terms.contains(.positionToContent) ? try linear("pos_query_proj") : nil
    }

    /// - Parameters:
    ///   - x: `[T, H]`.
    ///   - distances: The embeddings of the batch's distances, `[P, H]`; nil for a model without them.
    ///   - pass: The rows to return.
    /// - Returns: `[R, H]`.
    /// - Throws: `.outOfMemory`.
    func callAsFunction(_ x: Tensor, _ distances: Tensor?, _ pass: BlockPass) throws(TorchError) -> Tensor {
        let context = pass.context
        let q = try heads(query(pass.selected(x), context))  // [R, N, D]
        let k = try heads(key(x, context))  // [T, N, D]
        let v = try heads(value(x, context))  // [T, N, D]
        return try attended(q, k, v, distances, pass).reshaped([-1, config.hiddenSize])
    }

    private func attended(
        _ q: Tensor,
        _ k: Tensor,
        _ v: Tensor,
        _ distances: Tensor?,
        _ pass: BlockPass
    ) throws(TorchError) -> Tensor {
        let (context, terms) = (pass.context, config.positions.terms)
        guard let distances, let options = config.positions.options, terms != [] else {
            var options = AttentionOptions(
                scale: RelativePositions.scale(config.headDim, terms),
                window: .full
            )
            options.dropout = config.attentionDropout
            return try pass.attention(q, k, v, options)
        }
        let embeddings = try context.dropout(config.hiddenDropout, distances)
        func projected(_ term: RelativePositions.Terms, _ layer: Linear) throws(TorchError) -> Tensor? {
            guard terms.contains(term) else { return nil }
            return try heads(layer(embeddings, context))  // [P, N, D]
        }
        return try q.disentangledAttention(
            keys: k,
            values: v,
            positionKeys: projected(.contentToPosition, positionKey ?? key),
            positionQueries: projected(.positionToContent, positionQuery ?? query),
            cuSeqlens: pass.cuSeqlens,
            rows: pass.rows,
            options: options,
            random: context.dropout
        )
    }

    private func heads(_ x: Tensor) throws(TorchError) -> Tensor {
        try x.reshaped([-1, config.numAttentionHeads, config.headDim])
    }

    // MARK: Description

    /// Describes attention on `[B, S, H]`.
    ///
    /// - Parameters:
    ///   - g: Collects the operations.
    ///   - x: `[B, S, H]`.
    ///   - distances: The embeddings of all distances, `[P, H]`; nil for a model without them.
    ///   - inputs: The inputs of the classifier.
    /// - Returns: `[B, S, H]`.
    /// - Throws: ``ModelError`` if an operation cannot be described.
    func describe(
        _ g: inout GraphBuilder,
        _ x: Graph.Value,
        _ distances: Graph.Value?,
        _ inputs: GraphInputs
    ) throws(ModelError) -> Graph.Value {
        let (q, k, v) = (try g.linear(x, query), try g.linear(x, key), try g.linear(x, value))
        let heads = config.numAttentionHeads
        let scale = RelativePositions.scale(config.headDim, config.positions.terms)
        var bias = try g.attentionBias(.full, inputs)
        if let distances, let options = config.positions.options, config.positions.terms != [] {
            let rows = try describeRows(&g, options)
            let scores = try describeScores(&g, q, k, distances, rows)
            let scaled = try g.multiply(scores, by: scale)
            bias = try g.add(bias, scaled, label: "bias")
        }
        let operation = Graph.Operation.attention(heads: heads, keyHeads: heads, scale: scale, softcap: nil)
        return try g(operation, q, k, v, bias)
    }

    /// Describes the sum of the distance scores, `[B, N, S, S]`, without their factor; there is at least one term.
    private func describeScores(
        _ g: inout GraphBuilder,
        _ q: Graph.Value,
        _ k: Graph.Value,
        _ distances: Graph.Value,
        _ rows: Graph.Value
    ) throws(ModelError) -> Graph.Value {
        let shape: [Graph.Dimension] = [.batch, .fixed(config.numAttentionHeads), .sequence, .sequence]
        // One score per row of the table for each token, gathered by the rows of its distances.
        func scores(
            _ g: inout GraphBuilder,
            _ content: Graph.Value,
            _ layer: Linear,
            _ rows: Graph.Value
        ) throws(ModelError) -> Graph.Value {
            let all = try describeProducts(&g, content, distances, layer)
            let index = try g.reshaped(rows, [.fixed(1), .fixed(1), .sequence, .sequence])
            let indices = try g.expanded(index, to: shape)
            return try g(.gatherElements(axis: 3), all, indices)
        }
        var terms: [Graph.Value] = []
        if config.positions.terms.contains(.contentToPosition) {
            terms.append(try scores(&g, q, positionKey ?? key, rows))
        }
        if config.positions.terms.contains(.positionToContent) {
            let byKey = try g(.transpose([1, 0]), rows)
            let gathered = try scores(&g, k, positionQuery ?? query, byKey)
            terms.append(try g(.transpose([0, 1, 3, 2]), gathered))
        }
        return terms.count == 2 ? try g.add(terms[0], terms[1]) : terms[0]
    }

    /// Describes the product of each token's content with each row of the position table, `[B, N, S, P]`.
    private func describeProducts(
        _ g: inout GraphBuilder,
        _ content: Graph.Value,
        _ distances: Graph.Value,
        _ layer: Linear
    ) throws(ModelError) -> Graph.Value {
        let (heads, width) = (config.numAttentionHeads, config.headDim)
        let projected = try g.linear(distances, layer)  // [P, H]
        let count = try g.rowCount(of: projected)
        let separate = try g.reshaped(projected, [.fixed(count), .fixed(heads), .fixed(width)])
        let positions = try g(.transpose([1, 0, 2]), separate)  // [N, P, D]
        let split = try g.split(content, heads: heads)
        let tokens = try g(.transpose([0, 2, 1, 3]), split)  // [B, N, S, D]
        return try g(.matmul(transposesSecond: true), tokens, positions)
    }

    /// Describes the row of the position table for each query and key, `[S, S]`, int64.
    private func describeRows(
        _ g: inout GraphBuilder,
        _ options: DisentangledOptions
    ) throws(ModelError) -> Graph.Value {
        let table: [Int64]
        do throws(TorchError) {
            table = try options.rowsOfAllDistances()
        } catch {
            throw ModelError(.unsupported, "cannot describe the model's relative positions: \(error)")
        }
        let farthest = table.count / 2
        let distances = try g.distances()
        return try g.shared("distances") { g throws(ModelError) in
            let near = try g.clamped(distances, to: -farthest...farthest)
            let places = try g.add(near, integer: farthest)
            let rows = try g(.integers(table, shape: [table.count]))
            return try g(.gather(axis: 0), rows, places, label: "rows")
        }
    }
}
