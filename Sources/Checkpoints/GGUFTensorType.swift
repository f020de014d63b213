import Foundation
import Torch

/// The storage type of a GGUF tensor, with the format's own numbers.
///
/// Source: https://github.com/ggml-org/ggml/blob/master/include/ggml.h, `enum ggml_type`.
package enum GGUFTensorType: UInt32, CaseIterable, Sendable {
    case f32 = 0
    case f16 = 1
    case q4_0 = 2
    case q4_1 = 3
    case q5_0 = 6
    case q5_1 = 7
    case q8_0 = 8
    case q2_k = 10
    case q3_k = 11
    case q4_k = 12
    case q5_k = 13
    case q6_k = 14
    case iq4_nl = 20
    case iq4_xs = 23
    case bf16 = 30

    /// Looks up a type by ggml's name in capitals.
    package init?(name: String) {
        guard let type = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = type
    }

    /// ggml's name, for example `Q4_K`.
    package var name: String { "\(self)".uppercased() }

    /// The number of values in a block.
    package var blockSize: Int {
        switch self {
        case .f32, .f16, .bf16: 1
        case .q4_0, .q4_1, .q5_0, .q5_1, .q8_0, .iq4_nl: 32
        case .q2_k, .q3_k, .q4_k, .q5_k, .q6_k, .iq4_xs: 256
        }
    }

    /// The size of a block in bytes.
    package var blockBytes: Int {
        switch self {
        case .f32: 4
        case .f16, .bf16: 2
        case .q4_0, .iq4_nl: 18
        case .q4_1: 20
        case .q5_0: 22
        case .q5_1: 24
        case .q8_0: 34
        case .q2_k: 84
        case .q3_k: 110
        case .iq4_xs: 136
        case .q4_k: 144
        case .q5_k: 176
        case .q6_k: 210
        }
    }

    /// Dequantizes whole blocks to float32, on all cores.
    ///
    /// - Parameters:
    ///   - blocks: A whole number of blocks.
    ///   - output: Room for ``blockSize`` values per block.
    func dequantize(_ blocks: UnsafeRawBufferPointer, into output: UnsafeMutableBufferPointer<Float>) {
        guard let input = blocks.baseAddress, let values = output.baseAddress else { return }
        let count = blocks.count / blockBytes
        precondition(output.count == count * blockSize, "room for every block's values")
        // Parts write to disjoint values.
        nonisolated(unsafe) let (source, target) = (input, values)
        TorchRuntime.forEachPart(of: count, grain: max(1, (1 << 14) / blockSize)) { blocks in
            dequantizeHere(
                UnsafeRawBufferPointer(
                    start: source + blocks.lowerBound * blockBytes,
                    count: blocks.count * blockBytes
                ),
                into: target + blocks.lowerBound * blockSize
            )
        }
    }

    /// Dequantizes whole blocks to float32, on this thread.
    ///
    /// - Parameters:
    ///   - blocks: A whole number of blocks.
    ///   - output: Room for ``blockSize`` values per block.
    func dequantizeHere(_ blocks: UnsafeRawBufferPointer, into output: UnsafeMutablePointer<Float>) {
        guard let input = blocks.baseAddress else { return }
        for block in 0..<blocks.count / blockBytes {
            dequantize(input + block * blockBytes, into: output + block * blockSize)
        }
    }

    private func dequantize(_ block: UnsafeRawPointer, into y: UnsafeMutablePointer<Float>) {
        switch self {
        case .f32: y[0] = Float(bitPattern: UInt32(littleEndian: block.loadUnaligned(as: UInt32.self)))
        case .f16: y[0] = half(block)
        case .bf16:
            y[0] = Float(bitPattern: UInt32(UInt16(littleEndian: block.loadUnaligned(as: UInt16.self))) << 16)
        // Scales are read before the loops, which could overwrite them as far as the compiler knows.
        case .q4_0:
            let scale = half(block)
            fourBits(block + 2, into: y) { scale * Float($0 - 8) }
        case .q4_1:
            let (scale, minimum) = (half(block), half(block + 2))
            fourBits(block + 4, into: y) { scale * Float($0) + minimum }
        case .q5_0:
            let scale = half(block)
            fiveBits(block + 2, into: y) { scale * Float($0 - 16) }
        case .q5_1:
            let (scale, minimum) = (half(block), half(block + 2))
            fiveBits(block + 4, into: y) { scale * Float($0) + minimum }
        case .q8_0:
            let scale = half(block)
            for i in 0..<32 { y[i] = scale * Float(block.load(fromByteOffset: 2 + i, as: Int8.self)) }
        case .iq4_nl:
            let scale = half(block)
            fourBits(block + 2, into: y) { scale * nonlinear($0) }
        case .q2_k: twoBits(block, into: y)
        case .q3_k: threeBits(block, into: y)
        case .iq4_xs: nonlinearSuperBlock(block, into: y)
        case .q4_k: superBlock(block, high: nil, low: block + 16, into: y)
        case .q5_k: superBlock(block, high: block + 16, low: block + 48, into: y)
        case .q6_k: sixBits(block, into: y)
        }
    }
}

@inline(__always)
func half(_ pointer: UnsafeRawPointer) -> Float {
    let bits = UInt32(UInt16(littleEndian: pointer.loadUnaligned(as: UInt16.self)))
    // The exponent and mantissa in float32's places, with the exponent's bias corrected by a product. Without the instruction for
    // it, which not all CPUs have, `Float(Float16(bitPattern:))` calls a slow function.
    let size = Float(bitPattern: (bits & 0x7FFF) << 13) * 0x1p112
    let isFinite = bits & 0x7C00 != 0x7C00
    let wide = isFinite ? size.bitPattern : (bits & 0x7FFF) << 13 | 0x7F80_0000
    return Float(bitPattern: wide | (bits & 0x8000) << 16)
}

@inline(__always)
func byte(_ pointer: UnsafeRawPointer, _ index: Int) -> Int {
    Int(pointer.load(fromByteOffset: index, as: UInt8.self))
}

/// 32 values of four bits: the low halves of 16 bytes, then the high halves.
@inline(__always)
func fourBits(_ bits: UnsafeRawPointer, into y: UnsafeMutablePointer<Float>, _ value: (Int) -> Float) {
    for i in 0..<16 {
        y[i] = value(byte(bits, i) & 15)
        y[i + 16] = value(byte(bits, i) >> 4)
    }
}

/// 32 values of five bits: four bytes of fifth bits, then the same as ``fourBits``.
@inline(__always)
private func fiveBits(_ bits: UnsafeRawPointer, into y: UnsafeMutablePointer<Float>, _ value: (Int) -> Float)
{
    let fifths = UInt32(littleEndian: bits.loadUnaligned(as: UInt32.self))
    for i in 0..<16 {
        y[i] = value(byte(bits, 4 + i) & 15 | Int(fifths >> UInt32(i) & 1) << 4)
        y[i + 16] = value(byte(bits, 4 + i) >> 4 | Int(fifths >> UInt32(i + 16) & 1) << 4)
    }
}

/// Q4_K and Q5_K: eight groups of 32 values with a six-bit scale and minimum each.
///
/// Source: ggml-quants.c, `dequantize_row_q4_K`, `dequantize_row_q5_K`, `get_scale_min_k4`.
private func superBlock(
    _ block: UnsafeRawPointer,
    high: UnsafeRawPointer?,
    low: UnsafeRawPointer,
    into y: UnsafeMutablePointer<Float>
) {
    let (scale, minimum) = (half(block), half(block + 2))
    let packed = block + 4
    for group in 0..<8 {
        let (s, m): (Int, Int)
        if group < 4 {
            (s, m) = (byte(packed, group) & 63, byte(packed, group + 4) & 63)
        } else {
            s = byte(packed, group + 4) & 15 | (byte(packed, group - 4) >> 6) << 4
            m = byte(packed, group + 4) >> 4 | (byte(packed, group) >> 6) << 4
        }
        let (d, offset) = (scale * Float(s), minimum * Float(m))
        for i in 0..<32 {
            let nibbles = byte(low, group / 2 * 32 + i)
            var q = group.isMultiple(of: 2) ? nibbles & 15 : nibbles >> 4
            if let high { q |= (byte(high, i) >> group & 1) << 4 }
            y[group * 32 + i] = d * Float(q) - offset
        }
    }
}

/// Q6_K: sixteen groups of 16 values with an eight-bit scale each.
///
/// Source: ggml-quants.c, `dequantize_row_q6_K`.
private func sixBits(_ block: UnsafeRawPointer, into y: UnsafeMutablePointer<Float>) {
    let scale = half(block + 208)
    for half in 0..<2 {
        let (low, high, scales) = (block + half * 64, block + 128 + half * 32, block + 192 + half * 8)
        for group in 0..<8 {
            let d = scale * Float(scales.load(fromByteOffset: group, as: Int8.self))
            let (lows, highs) = (low + group % 4 * 16, high + group % 2 * 16)
            let (lowShift, highShift) = (UInt8(group / 4 * 4), UInt8(group / 2 * 2))
            for i in 0..<16 {
                // Whole numbers of 32 bits, because most machines cannot convert wider vectors.
                let four = lows.load(fromByteOffset: i, as: UInt8.self) &>> lowShift & 15
                let two = highs.load(fromByteOffset: i, as: UInt8.self) &>> highShift & 3
                y[half * 128 + group * 16 + i] = d * Float(Int32(four | two << 4) - 32)
            }
        }
    }
}
