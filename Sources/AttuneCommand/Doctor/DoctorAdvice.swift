import Attune
import Files

/// Advice on training for a machine's speed, memory and disk.
struct DoctorAdvice {
    /// The measured speeds of matrix products.
    var speeds: ProductSpeeds
    /// Free memory in bytes; nil if unknown.
    var freeMemory: Int?
    /// Free space on the working folder's disk in bytes; nil if unknown.
    var freeDisk: Int?
    /// The number of threads that the engine uses.
    var threads: Int
    /// The number of available cores.
    var cores: Int
    /// Whether there is a device other than the CPU.
    var hasAccelerator: Bool

    /// The advice, one sentence per string.
    var sentences: [String] {
        var sentences: [String] = []
        let routes = speeds.fastest
        if routes.bfloat16.isNarrow {
            let gain = speeds.fastestBFloat16 / max(speeds.float32[routes.float32] ?? 0, 1e-9)
            sentences.append(
                "--precision bf16 multiplies \(rounded(gain)) times as fast as fp32 here: use it for large models"
            )
        } else {
            sentences.append(
                "keep --precision fp32, the default: this CPU multiplies bf16 no faster, and --precision bf16 would also "
                    + "compute in fp32"
            )
        }
        if let int8 = speeds.int8, int8 > 1.3 * max(speeds.float32[routes.float32] ?? 0, 1e-9) {
            let gain = int8 / max(speeds.float32[routes.float32] ?? 0, 1e-9)
            sentences.append(
                "predict, evaluate and serve with --quantize int8 multiply \(rounded(gain)) times as fast as in fp32; evaluate "
                    + "shows the loss of accuracy"
            )
        }
        if let freeMemory {
            // Bytes per weight: 16 for weights, gradients and two moments in float32; 6 for weights and gradients in bfloat16
            // and two moments of 8 bits.
            let (plain, small) = (freeMemory / 16, freeMemory / 6)
            sentences.append(
                "\(ByteSize(freeMemory)) of free memory can train models of up to about \(millions(plain)) weights, with "
                    + "--weights-dtype bf16 --optim adamw_8bit up to about \(millions(small)); attune plan measures a run"
            )
        }
        if let freeDisk, freeDisk < 5_000_000_000 {
            sentences.append(
                "only \(ByteSize(freeDisk)) of disk space is free: --save-total-limit 1 keeps fewer checkpoints, "
                    + "--save-only-model smaller ones"
            )
        }
        if threads < cores {
            sentences.append("only \(threads) of \(cores) cores are used: --threads \(cores) uses all")
        }
        if !hasAccelerator {
            sentences.append(
                "no GPU is used: start with a model of up to about 150 million weights, or with --sample"
            )
        }
        return sentences
    }

    private func rounded(_ number: Double) -> String { "\((number * 10).rounded() / 10)" }

    private func millions(_ weights: Int) -> String {
        weights >= 1_000_000_000
            ? "\(rounded(Double(weights) / 1e9)) billion" : "\(max(weights / 1_000_000, 1)) million"
    }
}
