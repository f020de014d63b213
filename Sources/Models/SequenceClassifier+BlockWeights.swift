import NN
import Torch

extension SequenceClassifier {
    /// Creates the place of the blocks' weights that the options ask for.
    ///
    /// - Parameters:
    ///   - store: The parameters, without values.
    ///   - options: The options of loading.
    ///   - specs: Returns the tensors that will hold the values of a parameter; called only if weights are divided among ranks.
    /// - Returns: Nil if the weights are in memory.
    /// - Throws: `FileError` if a temporary file cannot be created; `TorchError` if there is no memory; the errors of `specs`.
    static func blockWeights(
        of store: ParameterStore,
        _ options: LoadOptions,
        specs: (Parameter) throws -> [TensorSpec]
    ) throws -> (any BlockWeights)? {
        guard let shard = options.shard else {
            return try options.offloadFolder.map { try BlockOffload(in: $0) }
        }
        var members: [BlockShards.Member] = []
        for parameter in store.parameters where parameter.block != nil {
            members.append((parameter: parameter, specs: try specs(parameter)))
        }
        return try BlockShards(members, rank: shard.rank, of: shard.count)
    }
}
