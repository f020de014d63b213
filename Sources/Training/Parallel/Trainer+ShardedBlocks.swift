import Checkpoints
import Classification
import Models
import Torch

// Weights that are divided among the ranks of a group, if asked.
extension Trainer {
    /// Divides the weights of the blocks among the ranks, unless loading has done that.
    ///
    /// - Returns: The divided blocks; nil unless the arguments ask for them.
    /// - Throws: ``TrainingError`` for a model that cannot be divided; `DistributedError`; `TorchError`.
    func sharded() throws -> ShardedBlocks? {
        guard arguments.dividesWeights, let parallel else { return nil }
        let model = classifier.model
        guard model.device == .cpu else {
            throw TrainingError(
                .badArgument,
                "--zero-stage 3 works on a CPU, not on \(model.device); use --zero-stage 1"
            )
        }
        guard model.adapter?.configuration.initialization.changesBase != true else {
            throw TrainingError(
                .badArgument,
                "--zero-stage 3 needs frozen weights as they are, but the adapter takes its start values from them (PiSSA, OLoRA); "
                    + "use --zero-stage 1, or plain LoRA"
            )
        }
        let sharded = try ShardedBlocks.connect(model, parallel.group)
        try sharded.prepare(toTrain: model, arguments.ddpCommHook)
        parallel.sharded = sharded
        return sharded
    }
}
