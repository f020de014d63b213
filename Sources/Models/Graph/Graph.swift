/// The computation of a classifier on a padded batch, as operations that file formats can express.
///
/// A batch has B texts of S tokens each, with padding on either side. The attention mask is 1 for the tokens of a text, which
/// must be next to each other, and 0 for padding. The ids of padding have no effect. A text has the same logits as in a
/// packed batch.
///
/// Every node is computed from earlier ones, so their order is an order of computation. Equal computations are one node.
package struct Graph: Sendable {
    /// The result of a node.
    package struct Value: Hashable, Sendable {
        /// The node's index in ``Graph/nodes``.
        package let index: Int
    }

    /// The size of a result along one axis.
    package enum Dimension: Hashable, Sendable {
        /// B, the number of texts.
        case batch
        /// S, the number of tokens of each text, with padding.
        case sequence
        /// A number that depends only on the model.
        case fixed(Int)
    }

    /// The type of a result's elements.
    package enum ElementType: Hashable, Sendable {
        case float, int64, bool
    }

    /// An input of the classifier, `[B, S]`, int64.
    ///
    /// The raw value is its name in transformers.
    package enum Input: String, Hashable, Sendable, CaseIterable {
        case inputIDs = "input_ids"
        /// 1 for a token, 0 for padding.
        case attentionMask = "attention_mask"
        case tokenTypeIDs = "token_type_ids"
    }

    /// One operation with its inputs.
    package struct Node: Sendable {
        package let operation: Operation
        /// Results of earlier nodes; their meaning is documented at ``Operation``.
        package let inputs: [Value]
        /// The sizes of the result, outermost first.
        package let shape: [Dimension]
        /// The element type of the result.
        package let type: ElementType
        /// A unique, readable name, such as `layer.0.scores`.
        ///
        /// A weight has its name in the checkpoint.
        package let name: String
        /// Whether a file in float16 must compute this node in float32.
        ///
        /// It is true for positions, token counts and rotary angles, which exceed float16's range or resolution.
        package let needsFloat32: Bool
    }

    /// The name of the output.
    package static let outputName = "logits"

    /// Added to the score of a key that a query does not see: half of the lowest float32.
    ///
    /// Its sum with any score is finite. A query of padding may see no key; its weights are then equal, and its result is not
    /// used. A file in float16 needs a number such as -30,000 instead, for the same reason: a NaN in a row of padding would
    /// spread to all rows.
    package static let maskedScore = -Float.greatestFiniteMagnitude / 2

    /// The operations, in an order in which they can be computed.
    package let nodes: [Node]
    /// The logits, `[B, K]`; the node's name is ``outputName``.
    package let output: Value

    /// The node of a result.
    ///
    /// - Parameter value: A result of this graph.
    package subscript(value: Value) -> Node { nodes[value.index] }

    /// The inputs that the classifier has.
    package var inputs: [Input] {
        nodes.compactMap { node -> Input? in
            guard case .input(let input) = node.operation else { return nil }
            return input
        }
    }

    /// The names of all weights, in the order of their first use.
    package var weights: [String] {
        nodes.compactMap { node -> String? in
            guard case .weight(let name) = node.operation else { return nil }
            return name
        }
    }
}
