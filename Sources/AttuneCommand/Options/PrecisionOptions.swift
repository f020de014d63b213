import ArgumentParser
import Attune

/// `--precision`, and transformers' flags for it.
struct PrecisionOptions: ParsableArguments {
    @Option(help: "fp32, tf32 or bf16: the type of matrix products. Default: fp32.")
    var precision: Precision?

    @Flag(name: .customLong("bf16"), help: "The same as --precision bf16.")
    var usesBFloat16 = false

    @Flag(name: .customLong("tf32"), help: "The same as --precision tf32.")
    var usesTF32 = false

    func validate() throws {
        let wanted = [precision, usesBFloat16 ? .bf16 : nil, usesTF32 ? .tf32 : nil].compactMap(\.self)
        guard Set(wanted).count < 2 else {
            throw ValidationError(
                "--precision, --bf16 and --tf32 ask for different types; give only one of them"
            )
        }
    }

    /// Whether no precision was given.
    var isLeftOut: Bool { precision == nil && !usesBFloat16 && !usesTF32 }

    /// The precision to use.
    var choice: Precision {
        precision ?? (usesBFloat16 ? .bf16 : usesTF32 ? .tf32 : TrainingArguments().precision)
    }
}
