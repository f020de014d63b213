package import Checkpoints
import JSON
package import NN
import Torch

// Models that bitsandbytes has quantized.
extension ModelConfiguration {
    /// The field of `config.json` that describes quantized weights.
    static let quantizationField = "quantization_config"

    /// Throws unless the weights are unquantized, or quantized by bitsandbytes.
    func requireKnownQuantization() throws(ModelError) {
        let stated = self[Self.quantizationField]
        guard stated != .null else { return }
        do throws(CheckpointError) {
            _ = try BitsAndBytesConfiguration(parsing: stated)
        } catch {
            throw ModelError(.unsupported, "\(source): \(error.message)")
        }
    }

    /// Throws if the configuration describes quantized weights, but the checkpoint has none.
    func requireQuantized(_ checkpoint: any Checkpoint) throws {
        guard self[Self.quantizationField] != .null,
            try checkpoint.tensorNames.allSatisfy({ try checkpoint.quantized($0) == nil })
        else { return }
        try requireKnownQuantization()
        throw ModelError(
            .mismatchedCheckpoint,
            "\(source): `\(Self.quantizationField)` describes quantized weights, but the checkpoint has none; remove the field to "
                + "use the weights as they are"
        )
    }

    /// Shows the quantized matrices of the model's checkpoint under their plain names.
    ///
    /// - Parameter checkpoint: The checkpoint as it is stored.
    /// - Returns: The same checkpoint if nothing is quantized.
    /// - Throws: `CheckpointError` for a damaged matrix.
    package func readingQuantized(_ checkpoint: any Checkpoint) throws(CheckpointError) -> any Checkpoint {
        guard BitsAndBytesCheckpoint.isQuantized(checkpoint) else { return checkpoint }
        // transformers transposes the matrices of GPT-2's Conv1D before it quantizes them.
        let transposed = modelType == "gpt2" ? ["c_attn.weight", "c_proj.weight", "c_fc.weight"] : []
        return try BitsAndBytesCheckpoint(checkpoint) { name in transposed.contains(where: name.hasSuffix) }
    }

    /// The configuration with a description of the quantized matrices, which transformers needs to load them.
    ///
    /// - Parameter store: The model's parameters.
    /// - Returns: The same configuration if none is quantized.
    func quantized(_ store: ParameterStore) -> ModelConfiguration {
        guard let description = store.bitsAndBytes else { return self }
        var fields = fields
        fields[Self.quantizationField] = description.json
        return ModelConfiguration(fields: fields, source: source)
    }
}

extension ParameterStore {
    /// The settings with which bitsandbytes quantizes the same matrices; nil if none is in one of its types.
    package var bitsAndBytes: BitsAndBytesConfiguration? {
        let matrices = parameters.compactMap(\.quantized)
        guard let kind = matrices.lazy.compactMap({ Quantization(rawValue: $0.storage.lowercased()) }).first
        else { return nil }
        return BitsAndBytesConfiguration(
            kind: kind,
            isDoubleQuantized: matrices.contains(where: \.isDoubleQuantized),
            skippedModules: adaptedWeights.filter { $0.kind != .table && $0.weight.quantized == nil }
                .map(\.path)
        )
    }
}
