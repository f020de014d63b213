import NN

extension SequenceClassifier {
    /// Describes the computation of the logits on a padded batch.
    ///
    /// The graph names weights; their values are those of ``parameters``.
    ///
    /// - Parameter takesTokenTypes: Whether token types are an input; nil if the model has a table of at least two types. Without
    ///   them all types are 0, or GPT-2 adds none.
    /// - Returns: The graph.
    /// - Throws: `.unsupported` for a model with an adapter, with quantized weights, or with weights outside of memory.
    package func graph(takesTokenTypes: Bool? = nil) throws(ModelError) -> Graph {
        try requireWholeWeights()
        var builder = GraphBuilder()
        let inputs = try builder.inputs(takesTypes: takesTokenTypes ?? hasSeveralTypes)
        let logits = try network.describe(&builder, inputs, padTokenID: configuration.padTokenID)
        return builder.graph(output: logits)
    }

    private var hasSeveralTypes: Bool {
        guard case .table(let count) = tokenTypes else { return false }
        return count > 1
    }

    private func requireWholeWeights() throws(ModelError) {
        guard adapter == nil else {
            throw ModelError(
                .unsupported,
                "the model has an adapter, which a graph cannot describe; merge it into the model first: attune adapter merge"
            )
        }
        if let matrix = parameters.parameters.first(where: { $0.quantized != nil }) {
            throw ModelError(
                .unsupported,
                "\"\(matrix.name)\" is quantized, which a graph cannot describe; load the model in floating point"
            )
        }
        guard blockWeights == nil else {
            throw ModelError(
                .unsupported,
                "the weights of the blocks are not in memory; load the model without offloading"
            )
        }
    }
}
