import NN
import Torch

/// The head of encoders: a dense layer, an activation, and an output layer.
///
/// Source: `BertPooler` and the heads of `BertForSequenceClassification`, `RobertaClassificationHead`,
/// `ElectraClassificationHead` and `DistilBertForSequenceClassification` of transformers 5.23.
struct DenseHead: ClassificationHead {
    /// The options in which families differ.
    struct Options {
        /// Full name of the dense layer in the checkpoint.
        var dense: String
        /// Full name of the output layer.
        var output = "classifier"
        var activation = Activation.tanh
        /// Dropout before the dense layer.
        var inputDropout = 0.0
        /// Dropout before the output layer.
        var outputDropout: Double
    }

    private let options: Options
    private let dense: Linear
    private let output: Linear

    init(
        _ root: ParameterScope,
        hiddenSize: Int,
        _ config: ConfigurationReader,
        _ options: Options
    ) throws {
        let std = try config.initializerRange()
        self.options = options
        dense = try Linear(root[options.dense], from: hiddenSize, to: hiddenSize, hasBias: true, std: std)
        output = try Linear(
            root[options.output],
            from: hiddenSize,
            to: config.configuration.labels.count,
            hasBias: true,
            std: std
        )
    }

    func logits(_ pooled: Tensor, _ context: ForwardContext) throws(TorchError) -> Tensor {
        let input = try context.dropout(options.inputDropout, pooled)
        let inner = try options.activation(dense(input, context))  // [B, H]
        return try output(context.dropout(options.outputDropout, inner), context)  // [B, K]
    }

    func describe(_ g: inout GraphBuilder, _ pooled: Graph.Value) throws(ModelError) -> Graph.Value {
        let projected = try g.linear(pooled, dense)
        let inner = try g.activated(projected, options.activation)
        return try g.linear(inner, output)
    }
}
