public import Torch

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// How a model's rotary frequencies are stretched for texts longer than it was first trained on.
///
/// Source: transformers' modeling_rope_utils.py.
public enum RotaryScaling: Sendable, Equatable {
    case none
    /// Every frequency divided by `factor`.
    case linear(factor: Double)
    /// Llama 3.1's: low frequencies divided by `factor`, high ones kept, a ramp between.
    case llama3(factor: Double, lowFrequencyFactor: Double, highFrequencyFactor: Double, originalLength: Int)
}

/// Cosines and sines of rotary position embedding.
///
/// Source: Su et al. 2021; `LlamaRotaryEmbedding`.
public struct RotaryEmbedding: Sendable {
    /// Radians per position, D/2 of them, in float32 as the reference computes them.
    public let inverseFrequencies: [Float]

    /// Frequencies `theta^(-2i/D)`, scaled.
    ///
    /// - Parameters:
    ///   - width: D, the heads' width; even.
    ///   - theta: The base, 10,000 in the paper.
    ///   - scaling: How they are stretched.
    public init(width: Int, theta: Double, scaling: RotaryScaling = .none) {
        inverseFrequencies = stride(from: 0, to: width, by: 2).map { index in
            let frequency = 1 / powf(Float(theta), Float(index) / Float(width))
            return Self.scaled(frequency, by: scaling)
        }
    }

    private static func scaled(_ frequency: Float, by scaling: RotaryScaling) -> Float {
        switch scaling {
        case .none: return frequency
        case .linear(let factor): return frequency / Float(factor)
        case .llama3(let factor, let low, let high, let originalLength):
            let length = Float(originalLength)
            let wavelength = 2 * Float.pi / frequency
            if wavelength < length / Float(high) { return frequency }
            if wavelength > length / Float(low) { return frequency / Float(factor) }
            let ramp = (length / wavelength - Float(low)) / (Float(high) - Float(low))
            return (1 - ramp) * frequency / Float(factor) + ramp * frequency
        }
    }

    /// The angles' cosines and sines for packed tokens, computed once a batch and shared by all layers.
    ///
    /// - Parameter positions: `[T]`, int64; each token's place in its own text.
    /// - Returns: Two tensors `[T, D]`, float32, both halves alike.
    /// - Throws: `.outOfMemory`.
    public func callAsFunction(_ positions: Tensor) throws(TorchError) -> (cosine: Tensor, sine: Tensor) {
        let frequencies = try Tensor(inverseFrequencies).to(device: positions.device)
        let half = try positions.to(dtype: .float32).unsqueezed(1) * frequencies
        let angles = try Tensor.concatenated([half, half], dimension: 1)
        return (try angles.map(.cos), try angles.map(.sin))
    }
}
