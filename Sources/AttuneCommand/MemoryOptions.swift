import ArgumentParser
import Attune

/// Options that trade time for memory without changing the trained model.
struct MemoryOptions: ParsableArguments {
    @Flag(help: "Recompute blocks in the backward pass instead of keeping their activations: less memory, more time.")
    var gradientCheckpointing = false

    @Option(
        help: ArgumentHelp(
            "Split a step's examples by length into micro-batches of at most this many tokens; the step's result stays the same.",
            valueName: "tokens"
        )
    )
    var maxTokensPerBatch: Int?

    @Flag(
        help: """
            Update each block's weights as soon as the backward pass has their gradients, so that the gradients never exist all \
            at once. Clipping then needs a second backward pass; --max-grad-norm 0 avoids it.
            """
    )
    var optimizerInBackward = false

    func apply(to arguments: inout TrainingArguments) {
        arguments.gradientCheckpointing = gradientCheckpointing
        arguments.maxTokensPerBatch = maxTokensPerBatch
        arguments.optimizerInBackward = optimizerInBackward
    }
}
