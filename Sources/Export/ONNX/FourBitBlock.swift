import Dispatch
import Foundation
import Torch

/// Quantization to 4 bits with a scale per block of 32 successive inputs, in the layout of ONNX Runtime's `MatMulNBits`.
///
/// A value is `scale · (code - 8)`. The code of an even element is in the lower four bits of its byte.
///
/// Source: `MatMulNBits` in docs/ContribOperators.md of ONNX Runtime.
enum FourBitBlock {
    /// The number of elements.
    static let size = 32
    /// The bytes of the codes.
    static let byteCount = size / 2

    /// Memory that several threads read and write at once.
    ///
    /// `@unchecked Sendable`: it outlives the threads, and each of them writes its own rows.
    private struct Memory: @unchecked Sendable {
        let values: UnsafeBufferPointer<Float>
        let codes: UnsafeMutableBufferPointer<UInt8>
        let scales: UnsafeMutableBufferPointer<Float>
    }

    /// Quantizes a matrix on all cores.
    ///
    /// - Parameters:
    ///   - rows: `[out, in]`, a contiguous float32 tensor on the CPU.
    ///   - width: The number of inputs, in.
    ///   - codes: Receives `[out, blocks, 16]` bytes.
    /// - Returns: The scale of each block, `[out · blocks]`.
    static func quantize(
        _ rows: Tensor,
        _ width: Int,
        into codes: UnsafeMutableRawBufferPointer
    ) -> [Float] {
        let blocks = (width + size - 1) / size
        let count = width == 0 ? 0 : rows.count / width
        return withExtendedLifetime(rows) {
            [Float](unsafeUninitializedCapacity: count * blocks) { scales, initializedCount in
                let memory = Memory(
                    values: rows.memory.bindMemory(to: Float.self),
                    codes: codes.bindMemory(to: UInt8.self),
                    scales: scales
                )
                let pieces = min(count, 4 * ProcessInfo.processInfo.activeProcessorCount)
                DispatchQueue.concurrentPerform(iterations: pieces) { piece in
                    for row in count * piece / pieces..<count * (piece + 1) / pieces {
                        quantize(row, width, blocks, memory)
                    }
                }
                initializedCount = count * blocks
            }
        }
    }

    private static func quantize(_ row: Int, _ width: Int, _ blocks: Int, _ memory: Memory) {
        for block in 0..<blocks {
            let start = row * width + block * size
            let end = min(start + size, (row + 1) * width)
            let index = row * blocks + block
            memory.scales[index] = quantize(
                UnsafeBufferPointer(rebasing: memory.values[start..<end]),
                into: UnsafeMutableBufferPointer(
                    rebasing: memory.codes[index * byteCount..<(index + 1) * byteCount]
                )
            )
        }
    }

    /// Quantizes one block.
    ///
    /// - Parameters:
    ///   - values: At most 32 finite elements; missing ones count as zero.
    ///   - codes: Receives 16 bytes.
    /// - Returns: The scale; it may be negative.
    static func quantize(
        _ values: UnsafeBufferPointer<Float>,
        into codes: UnsafeMutableBufferPointer<UInt8>
    ) -> Float {
        let (factor, scale) = bestScale(values)
        for byte in 0..<byteCount {
            codes[byte] = code(values, 2 * byte, factor) | code(values, 2 * byte + 1, factor) << 4
        }
        return scale
    }

    private static func code(_ values: UnsafeBufferPointer<Float>, _ index: Int, _ factor: Float) -> UInt8 {
        guard index < values.count else { return 8 }
        return UInt8(rounded(values[index] * factor) + 8)
    }

    private static func rounded(_ value: Float) -> Float { min(max(roundedToEven(value), -8), 7) }

    /// Finds the scale with the smallest sum of squared errors among some.
    ///
    /// The element with the largest absolute value becomes about -8, the code without a positive counterpart. For each factor
    /// the best scale follows from the codes by least squares.
    ///
    /// - Parameter values: The elements.
    /// - Returns: The factor that elements are multiplied by before rounding, and the scale.
    ///
    /// Source: `make_qx_quants` of ggml (ggml-quants.c).
    private static func bestScale(_ values: UnsafeBufferPointer<Float>) -> (factor: Float, scale: Float) {
        var extreme: Float = 0
        for value in values where abs(value) > abs(extreme) { extreme = value }
        // The smallest numbers have no usable reciprocal.
        guard abs(extreme) > 8 * Float.leastNormalMagnitude else { return (0, 0) }
        var best: (factor: Float, scale: Float, gain: Float) = (0, 0, 0)
        for trial in -4...4 {
            let factor = -(8 + 0.2 * Float(trial)) / extreme
            var (products, squares): (Float, Float) = (0, 0)
            for value in values {
                let code = rounded(value * factor)
                // Relative to the largest element, so that no product exceeds float32.
                products += code * (value / extreme)
                squares += code * code
            }
            let gain = products * products / squares
            if squares > 0, gain > best.gain { best = (factor, products / squares * extreme, gain) }
        }
        return (best.factor, best.scale)
    }
}
