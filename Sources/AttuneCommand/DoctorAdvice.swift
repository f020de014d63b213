import Attune
import Files

/// Advice on training that follows from a machine's numbers.
struct DoctorAdvice {
    /// How fast matrix products are.
    var speeds: ProductSpeeds
    /// Bytes of memory that are free; nil if the system does not say.
    var freeMemory: Int?
    /// Bytes of the working folder's disk that are free; nil if the system does not say.
    var freeDisk: Int?
    /// Threads that the engine uses.
    var threads: Int
    /// Cores that the system offers.
    var cores: Int
    /// Whether there is a device beside the CPU.
    var hasAccelerator: Bool

    /// A sentence each.
    var sentences: [String] {
        var sentences: [String] = []
        let routes = speeds.fastest
        if routes.bfloat16 == .bfloat16 {
            let gain = speeds.bfloat16 / max(speeds.float32[routes.float32] ?? 0, 1e-9)
            sentences.append(
                "--precision bf16 multiplies \(rounded(gain)) times as fast as fp32 here: use it for large models"
            )
        } else {
            sentences.append(
                "stay with --precision fp32, the default: this CPU multiplies bf16 no faster, and --precision bf16 computes "
                    + "in fp32 as well"
            )
        }
        if let freeMemory {
            // Weights, gradients and two moments in float32; in bfloat16, gradients likewise, and moments of 8 bits.
            let (plain, small) = (freeMemory / 16, freeMemory / 6)
            sentences.append(
                "\(ByteSize(freeMemory)) of free memory trains models of up to about \(millions(plain)) weights, with "
                    + "--weights-dtype bf16 --optim adamw_8bit up to about \(millions(small)); attune plan measures a run"
            )
        }
        if let freeDisk, freeDisk < 5_000_000_000 {
            sentences.append(
                "only \(ByteSize(freeDisk)) of disk are free: --save-total-limit 1 or --save-only-model keeps checkpoints small"
            )
        }
        if threads < cores {
            sentences.append("\(threads) of \(cores) cores are used: --threads \(cores) uses all")
        }
        if !hasAccelerator {
            sentences.append(
                "no GPU is used: start with a model of up to about 150 million weights, or a --sample"
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
