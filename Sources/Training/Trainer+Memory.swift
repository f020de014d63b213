import Classification
import Foundation
import Models
import NN
import Torch

// What to say where memory runs out.
extension Trainer {
    /// The error for a micro-batch that does not fit.
    func outOfMemory(_ error: TorchError, step: Int, _ examples: ArraySlice<Int>) -> TrainingError {
        let lengths = examples.map(train.length)
        let tokens = lengths.reduce(0, +)
        let longest = lengths.max() ?? 0
        let remedies = memoryRemedies(tokens: tokens, longest: longest, texts: examples.count)
        return TrainingError(
            .outOfMemory,
            "step \(step + 1): out of memory in a micro-batch of \(examples.count) texts and \(tokens) tokens, the longest "
                + "\(longest) (\(error.operation): \(error.message)). What takes less, the same numbers first:\n"
                + remedies.map { "  \($0.flag): \($0.effect)" }.joined(separator: "\n")
        )
    }

    /// Flags that are not set and would save memory, those that change no number first.
    private func memoryRemedies(tokens: Int, longest: Int, texts: Int) -> [(flag: String, effect: String)] {
        let weights = classifier.model.parameters.trainable.reduce(0) { $0 + $1.shape.reduce(1, *) }
        var remedies: [(flag: String, effect: String)] = []
        if texts > 1, !arguments.optimizerInBackward {
            let budget = max(longest, tokens / 2)
            remedies.append(("--max-tokens-per-batch \(budget)", "smaller micro-batches, the same steps"))
        }
        if !arguments.gradientCheckpointing {
            remedies.append(
                ("--gradient-checkpointing", "most activations are computed again, a third more time")
            )
        }
        if !arguments.optimizerInBackward {
            let needs =
                arguments.gradientAccumulationSteps > 1 ? " (needs --gradient-accumulation-steps 1)" : ""
            remedies.append(
                (
                    "--optimizer-in-backward",
                    "never all gradients at once, up to \(gigabytes(4 * weights))\(needs)"
                )
            )
        }
        if arguments.precision != .bf16 {
            remedies.append(("--precision bf16", "activations of half the size"))
        }
        if arguments.optimizer != .adamW8 {
            remedies.append(("--optim adamw_bnb_8bit", "\(gigabytes(6 * weights)) less for AdamW's moments"))
        }
        if longest > 64 { remedies.append(("--max-length \(longest / 2)", "shorter texts")) }
        return remedies
    }

    private func gigabytes(_ bytes: Int) -> String { String(format: "%.1f GB", Double(bytes) / 1e9) }
}
