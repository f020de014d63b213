import Classification
import Files
import Foundation
import Models
import NN
import Torch

// Error messages with remedies for running out of memory.
extension Trainer {
    /// The error for a micro-batch that does not fit.
    func outOfMemory(_ error: TorchError, step: Int, _ examples: ArraySlice<Int>) -> TrainingError {
        let lengths = examples.map(train.length)
        let tokens = lengths.reduce(0, +)
        let longest = lengths.max() ?? 0
        return outOfMemory(
            error,
            "step \(step + 1): out of memory in a micro-batch of \(counted(examples.count, "text")) and \(counted(tokens, "token")), the "
                + "longest \(longest)",
            remedies: batchRemedies(tokens: tokens, longest: longest, texts: examples.count) + stateRemedies
        )
    }

    /// The error for weights, moments or gradients that do not fit.
    func outOfMemory(_ error: TorchError) -> TrainingError {
        outOfMemory(error, "out of memory for weights, gradients or optimizer state", remedies: stateRemedies)
    }

    private func outOfMemory(_ error: TorchError, _ what: String, remedies: [Remedy]) -> TrainingError {
        // Only the size in libtorch's message matters.
        let wanted = error.message.firstMatch(of: /tried to allocate (\d+) bytes/).flatMap {
            Int($0.output.1)
        }
        let detail = wanted.map { "\(error.operation) asked for \(formattedSize($0)) more" } ?? "\(error)"
        return TrainingError(
            .outOfMemory,
            "\(what) (\(detail)). Options that need less memory, those with the same results first:\n"
                + remedies.map { "  \($0.flag): \($0.effect)" }.joined(separator: "\n")
        )
    }

    private typealias Remedy = (flag: String, effect: String)

    /// Flags that are not set and reduce a batch's memory, those with the same results first.
    private func batchRemedies(tokens: Int, longest: Int, texts: Int) -> [Remedy] {
        var remedies: [Remedy] = []
        if texts > 1, !arguments.optimizerInBackward {
            let budget = max(longest, tokens / 2)
            remedies.append(("--max-tokens-per-batch \(budget)", "smaller micro-batches, the same steps"))
        }
        if !arguments.gradientCheckpointing {
            remedies.append(
                ("--gradient-checkpointing", "most activations are recomputed, a third more time")
            )
        }
        if arguments.precision != .bf16 {
            remedies.append(("--precision bf16", "activations of half the size"))
        }
        if longest > 64 { remedies.append(("--max-length \(longest / 2)", "shorter texts")) }
        return remedies
    }

    /// Flags that are not set and reduce the memory of gradients and moments.
    private var stateRemedies: [Remedy] {
        let weights = classifier.model.parameters.trainable.reduce(0) { $0 + $1.shape.reduce(1, *) }
        var remedies: [Remedy] = []
        if !arguments.optimizerInBackward {
            let needs =
                arguments.gradientAccumulationSteps > 1 || arguments.maxTokensPerBatch != nil
                ? "; then a step must be one micro-batch" : ""
            remedies.append(
                (
                    "--optimizer-in-backward",
                    "never all gradients at once, saves up to \(formattedSize(4 * weights))\(needs)"
                )
            )
        }
        if classifier.model.parameters.trainable.allSatisfy({ $0.value.dtype == .float32 }) {
            remedies.append(("--weights-dtype bf16", "weights and gradients of half the size"))
        }
        if arguments.optimizer.isAdamW, arguments.optimizer != .adamW8 {
            remedies.append(
                ("--optim adamw_bnb_8bit", "\(formattedSize(6 * weights)) less for AdamW's moments")
            )
        }
        if arguments.frozenLayerCount == nil {
            remedies.append(("--freeze-layers N", "no gradients and moments for the first N blocks"))
        }
        return remedies
    }
}
