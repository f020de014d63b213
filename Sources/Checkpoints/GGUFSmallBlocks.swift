// Quantization blocks with two, three, and unevenly spaced four bits.
//
// Source: ggml-quants.c, `dequantize_row_q2_K`, `dequantize_row_q3_K`, `dequantize_row_iq4_nl`, `dequantize_row_iq4_xs`.

/// Q2_K: sixteen groups of 16 values with a four-bit scale and minimum each.
func twoBits(_ block: UnsafeRawPointer, into y: UnsafeMutablePointer<Float>) {
    let (scale, minimum) = (half(block + 80), half(block + 82))
    for group in 0..<16 {
        let packed = byte(block, group)
        let (d, offset) = (scale * Float(packed & 15), minimum * Float(packed >> 4))
        // 32 bytes hold eight groups: each pair of groups uses two bits of every byte.
        let (bytes, shift) = (16 + group / 8 * 32 + group % 2 * 16, group % 8 / 2 * 2)
        for i in 0..<16 { y[group * 16 + i] = d * Float(byte(block, bytes + i) >> shift & 3) - offset }
    }
}

/// Q3_K: sixteen groups of 16 values with a six-bit scale each.
///
/// The third bits are stored apart, as inverted sign bits.
func threeBits(_ block: UnsafeRawPointer, into y: UnsafeMutablePointer<Float>) {
    let scale = half(block + 108)
    for group in 0..<16 {
        let low = byte(block, 96 + group % 8) >> (group / 8 * 4) & 15
        let high = byte(block, 104 + group % 4) >> (group / 4 * 2) & 3
        let d = scale * Float((low | high << 4) - 32)
        let (bytes, shift) = (32 + group / 8 * 32 + group % 2 * 16, group % 8 / 2 * 2)
        for i in 0..<16 {
            let third = byte(block, group % 2 * 16 + i) >> (group / 2) & 1
            y[group * 16 + i] = d * Float((byte(block, bytes + i) >> shift & 3) - (third == 1 ? 0 : 4))
        }
    }
}

/// IQ4_XS: eight groups of 32 unevenly spaced values with a six-bit scale each.
func nonlinearSuperBlock(_ block: UnsafeRawPointer, into y: UnsafeMutablePointer<Float>) {
    let scale = half(block)
    let highs = Int(UInt16(littleEndian: block.loadUnaligned(fromByteOffset: 2, as: UInt16.self)))
    for group in 0..<8 {
        let low = byte(block, 4 + group / 2) >> (group % 2 * 4) & 15
        let d = scale * Float((low | (highs >> (group * 2) & 3) << 4) - 32)
        fourBits(block + 8 + group * 16, into: y + group * 32) { d * nonlinear($0) }
    }
}

/// The value of a four-bit code of IQ4_NL and IQ4_XS.
@inline(__always)
func nonlinear(_ index: Int) -> Float {
    // Two words of eight bytes, lowest byte first: a table in memory would be bounds-checked for every value.
    let values: UInt64 = index < 8 ? 0xF6EA_DDCF_BFAD_9881 : 0x7159_4535_2619_0D01
    return Float(Int8(truncatingIfNeeded: values >> UInt64(index % 8 * 8)))
}
