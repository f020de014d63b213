public import Torch

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// How a model's rotary frequencies are scaled for texts longer than those of its first training.
///
/// Source: transformers 5.23, modeling_rope_utils.py.
public enum RotaryScaling: Sendable, Equatable {
    case none
    /// Divides every frequency by `factor`.
    case linear(factor: Double)
    /// Llama 3.1's scaling: divides low frequencies by `factor`, keeps high ones, and interpolates between.
    case llama3(factor: Double, lowFrequencyFactor: Double, highFrequencyFactor: Double, originalLength: Int)
    /// Phi-3's scaling: one divisor per frequency, with other divisors for texts longer than `originalLength`. Cosines and
    /// sines are multiplied by `attentionFactor`.
    case longRope(short: [Double], long: [Double], originalLength: Int, attentionFactor: Double)
    /// NTK scaling: for a text longer than `originalLength` the base grows with its length.
    case dynamic(factor: Double, originalLength: Int)
    /// YaRN (Peng et al. 2023): divides frequencies with fewer than `betaSlow` rotations over `originalLength` by `factor`,
    /// keeps those with more than `betaFast`, and interpolates between. Cosines and sines are multiplied by
    /// `attentionFactor`.
    case yarn(
        factor: Double,
        betaFast: Double,
        betaSlow: Double,
        originalLength: Int,
        attentionFactor: Double,
        truncates: Bool
    )
}

/// Cosines and sines of rotary position embedding.
///
/// Source: Su et al. 2021; `LlamaRotaryEmbedding`.
public struct RotaryEmbedding: Sendable, Equatable {
    /// Radians per position for each rotated pair of elements, computed in float32 like in transformers.
    public let inverseFrequencies: [Float]
    /// The base of the frequencies.
    public let theta: Double
    /// R, the number of rotated elements per head.
    package let width: Int
    /// The scaling of the frequencies.
    package let scaling: RotaryScaling

    /// Creates scaled frequencies `theta^(-2i/R)`.
    ///
    /// - Parameters:
    ///   - width: R, the number of rotated elements per head. An odd width rotates one more, with the frequencies of R.
    ///   - theta: The base, 10,000 in the paper.
    ///   - scaling: The scaling. If it has divisors per frequency, R must be even and there must be R/2 of them.
    public init(width: Int, theta: Double, scaling: RotaryScaling = .none) {
        self.width = width
        self.theta = theta
        self.scaling = scaling
        let frequencies = Self.plain(width, theta)
        inverseFrequencies =
            switch scaling {
            case .none, .dynamic: frequencies
            case .linear(let factor): frequencies.map { $0 / Float(factor) }
            case .llama3(let factor, let low, let high, let length):
                frequencies.map {
                    Self.llama3($0, factor: factor, low: Float(low), high: Float(high), length: Float(length))
                }
            case .longRope(let short, _, _, _): Self.plain(width, theta, divisors: short)
            case .yarn(let factor, let fast, let slow, let length, _, let truncates):
                zip(
                    frequencies,
                    Self.yarnRamp(width, theta, fast: fast, slow: slow, length: length, truncates)
                )
                .map { frequency, interpolated in
                    frequency / Float(factor) * interpolated + frequency * (1 - interpolated)
                }
            }
    }

    private static func plain(_ width: Int, _ theta: Double, divisors: [Double]? = nil) -> [Float] {
        stride(from: 0, to: width, by: 2).map { index in
            1 / (Float(divisors?[index / 2] ?? 1) * powf(Float(theta), Float(index) / Float(width)))
        }
    }

    /// How the frequencies depend on a text's length.
    package enum LengthDependence: Sendable, Equatable {
        /// They are ``RotaryEmbedding/inverseFrequencies`` for every text.
        case none
        /// They are others for texts with more than `length` tokens.
        case longer(than: Int, frequencies: [Float])
        /// For a text with n > `length` tokens each is multiplied by a power of 1 + factor · (n - length) / length.
        case growing(factor: Double, length: Int, exponents: [Float])
    }

    /// How the frequencies depend on a text's length.
    package var lengthDependence: LengthDependence {
        switch scaling {
        case .none, .linear, .llama3, .yarn: .none
        case .longRope(_, let long, let originalLength, _):
            .longer(than: originalLength, frequencies: Self.plain(width, theta, divisors: long))
        case .dynamic(let factor, let originalLength):
            // (θ · growth^(R / (R - 2)))^(-i / R) = θ^(-i / R) · growth^(-i / (R - 2))
            .growing(
                factor: factor,
                length: originalLength,
                exponents: stride(from: 0, to: width, by: 2).map { -Float($0) / Float(width - 2) }
            )
        }
    }

    /// The frequencies of a text if its length changes them; nil if they are ``inverseFrequencies``.
    private func frequencies(length: Int) -> [Float]? {
        switch scaling {
        case .none, .linear, .llama3, .yarn: return nil
        case .longRope(_, let long, let originalLength, _):
            return length > originalLength ? Self.plain(width, theta, divisors: long) : nil
        case .dynamic(let factor, let originalLength):
            guard length > originalLength else { return nil }
            let growth = factor * Double(length) / Double(originalLength) - (factor - 1)
            return Self.plain(width, theta * pow(growth, Double(width) / Double(width - 2)))
        }
    }

    /// Factor on the cosines and sines.
    package var attentionFactor: Double {
        switch scaling {
        case .none, .linear, .llama3, .dynamic: 1
        case .longRope(_, _, _, let factor): factor
        case .yarn(_, _, _, _, let factor, _): factor
        }
    }

    private static func llama3(
        _ frequency: Float,
        factor: Double,
        low: Float,
        high: Float,
        length: Float
    ) -> Float {
        let wavelength = 2 * Float.pi / frequency
        if wavelength < length / high { return frequency }
        if wavelength > length / low { return frequency / Float(factor) }
        let ramp = (length / wavelength - low) / (high - low)
        return (1 - ramp) * frequency / Float(factor) + ramp * frequency
    }

    /// The degree of interpolation per frequency: 0 for none, 1 for full.
    private static func yarnRamp(
        _ width: Int,
        _ theta: Double,
        fast: Double,
        slow: Double,
        length: Int,
        _ truncates: Bool
    ) -> [Float] {
        func dimension(turning rotations: Double) -> Double {
            Double(width) * log(Double(length) / (rotations * 2 * .pi)) / (2 * log(theta))
        }
        var (low, high) = (dimension(turning: fast), dimension(turning: slow))
        if truncates { (low, high) = (low.rounded(.down), high.rounded(.up)) }
        (low, high) = (max(low, 0), min(high, Double(width - 1)))
        if low == high { high += 0.001 }
        return (0..<width / 2).map { index in
            min(max((Float(index) - Float(low)) / Float(high - low), 0), 1)
        }
    }

    /// Returns the cosines and sines for packed tokens, computed once per batch and shared by all layers.
    ///
    /// The frequencies depend on each text's length, independent of its batch. transformers uses those of the batch's longest
    /// text (`longrope_frequency_update`).
    ///
    /// - Parameters:
    ///   - positions: `[T]`, int64; each token's position in its own text.
    ///   - cuSeqlens: B + 1 offsets of the texts.
    /// - Returns: Two float32 tensors `[T, R]` with equal halves.
    /// - Throws: `.outOfMemory`.
    public func callAsFunction(
        _ positions: Tensor,
        cuSeqlens: [Int32]
    ) throws(TorchError) -> (cosine: Tensor, sine: Tensor) {
        let places = try positions.to(dtype: .float32).unsqueezed(1)  // [T, 1]
        let half = try places * frequencies(cuSeqlens, on: positions.device)  // [T, R/2]
        let angles = try Tensor.concatenated([half, half], dimension: 1)
        let (cosine, sine) = (try angles.map(.cos), try angles.map(.sin))
        guard attentionFactor != 1 else { return (cosine, sine) }
        return (try cosine * attentionFactor, try sine * attentionFactor)
    }

    /// Returns `[R/2]`, or `[T, R/2]` if texts have different frequencies.
    private func frequencies(_ cuSeqlens: [Int32], on device: Device) throws(TorchError) -> Tensor {
        let lengths = zip(cuSeqlens, cuSeqlens.dropFirst()).map { Int($1 - $0) }
        let own = lengths.map(frequencies(length:))
        guard own.contains(where: { $0 != nil }) else {
            return try Tensor(inverseFrequencies).to(device: device)
        }
        let rows = own.map { $0 ?? inverseFrequencies }
        let table = try Tensor(rows.flatMap { $0 }, shape: [rows.count, inverseFrequencies.count]).to(
            device: device
        )
        let texts = lengths.enumerated().flatMap { Array(repeating: Int64($0.offset), count: $0.element) }
        return try table.gatheringRows(Tensor(texts).to(device: device))
    }
}
