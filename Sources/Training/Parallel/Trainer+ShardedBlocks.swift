import Checkpoints
import Classification
import Files
import Models
import NN
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
        let quantized = model.parameters.parameters.count { $0.block != nil && $0.quantized != nil }
        guard quantized == 0 else {
            throw TrainingError(
                .badArgument,
                "--zero-stage 3 divides weights in floating point, but \(counted(quantized, "matrix", "matrices")) of the blocks "
                    + "are quantized; use --zero-stage 1, or --weights-dtype bf16 instead of --quantize"
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
