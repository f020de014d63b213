import JSON
import NN
package import Torch

extension ModelConfiguration {
    /// The field that says how many blocks there are.
    private var blockCountField: String {
        ["num_hidden_layers", "n_layer", "n_layers"].first { self[$0] != .null }
            ?? ["gpt2": "n_layer", "distilbert": "n_layers"][modelType] ?? "num_hidden_layers"
    }

    /// The parameters of the network that the fields describe; none has values.
    private func unfilledParameters() throws -> [Parameter] {
        let family = try ModelFamily.of(self)
        let parameters = ParameterStore()
        let reader = ConfigurationReader(self, paddingIndex: family.padTokenID(self).map(Int.init))
        _ = try family.make(ParameterScope(parameters), reader)
        return parameters.parameters
    }

    /// The number of blocks, those that a family has where the file says nothing included.
    ///
    /// - Returns: Blocks of the network that the fields describe.
    /// - Throws: ``ModelError`` where they describe none.
    package func blockCount() throws -> Int { Set(try unfilledParameters().compactMap(\.block)).count }

    /// The number of weights.
    ///
    /// - Returns: Those of the network that the fields describe.
    /// - Throws: ``ModelError`` where they describe none.
    package func weightCount() throws -> Int {
        try unfilledParameters().reduce(0) { $0 + $1.shape.reduce(1, *) }
    }

    /// The same model with another number of blocks.
    ///
    /// - Parameter count: At least 1; fewer than the model has, or what is said of each block would not suffice.
    /// - Returns: A configuration of which no checkpoint need be there.
    package func withBlocks(_ count: Int) -> ModelConfiguration {
        var fields = fields
        fields[blockCountField] = .int(count)
        return ModelConfiguration(fields: fields, source: source)
    }
}

extension SequenceClassifier {
    /// The network that a configuration describes, all of it with fresh weights.
    ///
    /// - Parameters:
    ///   - configuration: The model's.
    ///   - options: Labels, head, types and device.
    ///   - random: Where weights are drawn from.
    /// - Returns: A classifier that knows nothing.
    /// - Throws: ``ModelError`` where the configuration is not supported; `TorchError`.
    package static func fresh(
        configuration: ModelConfiguration,
        options: LoadOptions,
        random: RandomSource
    ) throws -> SequenceClassifier {
        let family = try ModelFamily.of(configuration)
        let wanted = try configuration.withEmbeddingRows(options.embeddingRows)
        let padTokenID = family.padTokenID(configuration)
        let resolved = try resolve(
            wanted,
            family,
            padTokenID: options.padTokenID ?? padTokenID,
            options
        )
        let parameters = ParameterStore()
        let reader = ConfigurationReader(resolved, paddingIndex: padTokenID.map(Int.init))
        let network = try family.make(ParameterScope(parameters), reader)
        for parameter in parameters.parameters {
            try parameter.initialize(random: random)
            let dtype = weightsDType(of: parameter, family, options)
            try parameter.set(parameter.value.to(dtype: dtype, device: options.device))
        }
        return SequenceClassifier(
            configuration: resolved,
            parameters: parameters,
            network: network,
            device: options.device,
            productRoutes: options.productRoutes
        )
    }
}
