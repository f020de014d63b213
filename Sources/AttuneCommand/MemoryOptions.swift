import ArgumentParser
import Attune

/// What trades time for memory; none of it changes what is learned.
struct MemoryOptions: ParsableArguments {
    @Flag(help: "Compute blocks again in the backward pass instead of keeping them: less memory, more time.")
    var gradientCheckpointing = false

    @Option(
        help: ArgumentHelp(
            "Cut a step's examples by length into micro-batches of so many tokens at the most; the step stays the same.",
            valueName: "tokens"
        )
    )
    var maxTokensPerBatch: Int?

    @Flag(
        help: """
            Move each block's weights as soon as the backward pass has their gradients, so that these never exist all at \
            once. Clipping then takes a second backward pass; --max-grad-norm 0 does without.
            """
    )
    var optimizerInBackward = false

    func apply(to arguments: inout TrainingArguments) {
        arguments.gradientCheckpointing = gradientCheckpointing
        arguments.maxTokensPerBatch = maxTokensPerBatch
        arguments.optimizerInBackward = optimizerInBackward
    }
}
