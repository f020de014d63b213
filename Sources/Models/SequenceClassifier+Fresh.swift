import JSON
import NN
package import Torch

extension ModelConfiguration {
    /// The name of the field with the number of blocks.
    private var blockCountField: String {
        ["num_hidden_layers", "n_layer", "n_layers"].first { self[$0] != .null }
            ?? ["gpt2": "n_layer", "distilbert": "n_layers"][modelType] ?? "num_hidden_layers"
    }

    /// Returns the parameters of the network that the fields describe, without values.
    private func unfilledParameters() throws -> [Parameter] {
        let family = try ModelFamily.of(self)
        let parameters = ParameterStore()
        let reader = ConfigurationReader(self, paddingIndex: family.padTokenID(self).map(Int.init))
        _ = try family.make(ParameterScope(parameters), reader)
        return parameters.parameters
    }

    /// Returns the number of blocks, which is the family's default if the file does not state it.
    ///
    /// - Returns: The number of blocks of the network that the fields describe.
    /// - Throws: ``ModelError`` if the fields do not describe a supported network.
    package func blockCount() throws -> Int { Set(try unfilledParameters().compactMap(\.block)).count }

    /// Returns the number of weights.
    ///
    /// - Returns: The number of weights of the network that the fields describe.
    /// - Throws: ``ModelError`` if the fields do not describe a supported network.
    package func weightCount() throws -> Int {
        try unfilledParameters().reduce(0) { $0 + $1.shape.reduce(1, *) }
    }

    /// Returns the same model with fewer blocks.
    ///
    /// - Parameter count: At least 1 and fewer than the model has, because lists with one entry per block must suffice.
    /// - Returns: A configuration that needs no matching checkpoint.
    package func withBlocks(_ count: Int) -> ModelConfiguration {
        var fields = fields
        fields[blockCountField] = .int(count)
        return ModelConfiguration(fields: fields, source: source)
    }
}

extension SequenceClassifier {
    /// Creates the network that a configuration describes, with random weights.
    ///
    /// - Parameters:
    ///   - configuration: The model's configuration.
    ///   - options: Labels, head, types and device.
    ///   - random: The stream to draw weights from.
    /// - Returns: An untrained classifier.
    /// - Throws: ``ModelError`` if the configuration is not supported; `TorchError`.
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
        let quantizable = QuantizableMatrices(of: parameters, family.keys, options)
        for parameter in parameters.parameters {
            try parameter.initialize(random: random)
            if let matrix = try quantizable.quantized(parameter) {
                try parameter.set(matrix, device: options.device)
                continue
            }
            let dtype = weightsDType(of: parameter, family, options)
            try parameter.set(parameter.value.to(dtype: dtype, device: options.device))
        }
        return SequenceClassifier(
            configuration: resolved,
            parameters: parameters,
            network: network,
            options: options
        )
    }
}
