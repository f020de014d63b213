import Torch

// Quantization blocks, written: the reverse of GGUFTensorType.swift.
//
// Source: ggml-quants.c for the layout of the blocks and the search for scales with the least weighted error; gguf-py 0.19
// (quants.py) for Q8_0 and Q5_0, whose bytes are the same here.
extension GGUFTensorType {
    /// The types that ``quantize(_:into:)`` writes.
    package static let writable: [GGUFTensorType] = [.f32, .f16, .bf16, .q8_0, .q5_0, .q4_k, .q6_k]

    /// Returns the bytes of a number of values.
    ///
    /// - Parameter count: A whole number of blocks.
    /// - Returns: The bytes as stored.
    package func byteCount(of count: Int) -> Int { count / blockSize * blockBytes }

    /// Converts values to the type, on all cores.
    ///
    /// - Parameters:
    ///   - values: Finite values, a whole number of blocks.
    ///   - output: Room for ``byteCount(of:)`` bytes.
    package func quantize(
        _ values: UnsafeBufferPointer<Float>,
        into output: UnsafeMutableRawBufferPointer
    ) {
        guard let input = values.baseAddress, let target = output.baseAddress else { return }
        let count = values.count / blockSize
        precondition(output.count == count * blockBytes, "room for every block")
        // Parts write to disjoint blocks.
        nonisolated(unsafe) let (source, blocks) = (input, target)
        TorchRuntime.forEachPart(of: count, grain: max(1, (1 << 12) / blockSize)) { part in
            for block in part {
                quantize(source + block * blockSize, into: blocks + block * blockBytes)
            }
        }
    }

    private func quantize(_ x: UnsafePointer<Float>, into block: UnsafeMutableRawPointer) {
        switch self {
        case .f32: block.storeBytes(of: x[0].bitPattern.littleEndian, as: UInt32.self)
        case .f16: put(halfBits(x[0]), at: block)
        case .bf16: put(brainBits(x[0]), at: block)
        case .q8_0: eightBits(x, into: block)
        case .q5_0: fiveBits(x, into: block)
        case .q4_k: fourBitSuperBlock(x, into: block)
        case .q6_k: sixBitSuperBlock(x, into: block)
        default: preconditionFailure("\(name) is not written")  // allowed: only for types of `writable`
        }
    }
}

/// Q8_0: a scale, and 32 whole numbers from -127 to 127.
private func eightBits(_ x: UnsafePointer<Float>, into block: UnsafeMutableRawPointer) {
    var largest: Float = 0
    for i in 0..<32 { largest = max(largest, abs(x[i])) }
    let scale = largest / 127
    let inverse = scale == 0 ? 0 : 1 / scale
    put(halfBits(scale), at: block)
    for i in 0..<32 {
        let code = Int8(clamped((x[i] * inverse).rounded(), -127, 127))
        block.storeBytes(of: code, toByteOffset: 2 + i, as: Int8.self)
    }
}

/// Q5_0: a scale, and 32 whole numbers from 0 to 31, which are 16 too large.
private func fiveBits(_ x: UnsafePointer<Float>, into block: UnsafeMutableRawPointer) {
    var furthest: Float = 0
    for i in 0..<32 where abs(x[i]) > abs(furthest) { furthest = x[i] }
    // The value furthest from 0 becomes -16, because there is no +16.
    let scale = furthest / -16
    let inverse = scale == 0 ? 0 : 1 / scale
    func code(_ i: Int) -> UInt32 {
        // gguf-py multiplies in 64 bits.
        UInt32(clamped(Float((Double(x[i]) * Double(inverse) + 16.5).rounded(.towardZero)), 0, 31))
    }
    put(halfBits(scale), at: block)
    var fifths: UInt32 = 0
    for i in 0..<16 {
        let (low, high) = (code(i), code(i + 16))
        block.storeBytes(of: UInt8(low & 15 | (high & 15) << 4), toByteOffset: 6 + i, as: UInt8.self)
        fifths |= (low >> 4) << UInt32(i) | (high >> 4) << UInt32(i + 16)
    }
    (block + 2).storeBytes(of: fifths.littleEndian, as: UInt32.self)
}

/// Q4_K: eight groups of 32 values with a six-bit scale and minimum each.
private func fourBitSuperBlock(_ x: UnsafePointer<Float>, into block: UnsafeMutableRawPointer) {
    var scales = SIMD8<Float>()
    var minimums = SIMD8<Float>()
    for group in 0..<8 { (scales[group], minimums[group]) = affineScale(x + group * 32) }
    let (scaleCodes, scale) = sixBitCodes(scales)
    let (minimumCodes, minimum) = sixBitCodes(minimums)
    put(halfBits(scale), at: block)
    put(halfBits(minimum), at: block + 2)
    let packed = (block + 4).assumingMemoryBound(to: UInt8.self)
    for group in 0..<4 {
        let (s, m) = (scaleCodes[group], minimumCodes[group])
        let (later, laterMinimum) = (scaleCodes[group + 4], minimumCodes[group + 4])
        packed[group] = s | (later >> 4) << 6
        packed[group + 4] = m | (laterMinimum >> 4) << 6
        packed[group + 8] = later & 15 | laterMinimum << 4
    }
    // The codes are chosen for the scales as they are stored.
    let (storedScale, storedMinimum) = (half(block), half(block + 2))
    let codes = (block + 16).assumingMemoryBound(to: UInt8.self)
    for group in 0..<8 {
        let d = storedScale * Float(scaleCodes[group])
        let offset = storedMinimum * Float(minimumCodes[group])
        for i in 0..<32 {
            let code = d == 0 ? 0 : UInt8(clamped(((x[group * 32 + i] + offset) / d).rounded(), 0, 15))
            let place = group / 2 * 32 + i
            codes[place] = group.isMultiple(of: 2) ? code : codes[place] | code << 4
        }
    }
}

/// Rounds numbers of at least 0 to six bits with a common factor.
private func sixBitCodes(_ values: SIMD8<Float>) -> (codes: SIMD8<UInt8>, factor: Float) {
    let largest = values.max()
    var codes = SIMD8<UInt8>()
    guard largest > 0 else { return (codes, 0) }
    for index in 0..<8 { codes[index] = UInt8(clamped((values[index] * (63 / largest)).rounded(), 0, 63)) }
    return (codes, largest / 63)
}

/// Finds scale and minimum of 32 values such that `scale * code - minimum`, with codes from 0 to 15, has a small error.
///
/// Large values weigh more. The first scale spans the values; others around it are improved by least squares.
private func affineScale(_ x: UnsafePointer<Float>) -> (scale: Float, minimum: Float) {
    var (low, high, squares) = (Float(0), -Float.infinity, Float(0))
    for i in 0..<32 {
        low = min(low, x[i])
        high = max(high, x[i])
        squares += x[i] * x[i]
    }
    guard high > low else { return (0, -low) }
    let mean = (squares / 32).squareRoot()
    var best = (scale: (high - low) / 15, offset: low)
    var bestError = affineError(x, mean, inverse: 15 / (high - low), low, best.scale, best.offset)
    for step in 0...20 {
        let inverse = (14 + 0.1 * Float(step)) / (high - low)
        var (w, l, ll, v, lv) = (Float(0), Float(0), Float(0), Float(0), Float(0))
        for i in 0..<32 {
            let (weight, code) = (mean + abs(x[i]), clamped((inverse * (x[i] - low)).rounded(), 0, 15))
            w += weight
            l += weight * code
            ll += weight * code * code
            v += weight * x[i]
            lv += weight * code * x[i]
        }
        let determinant = w * ll - l * l
        guard determinant > 0 else { continue }
        var scale = (w * lv - v * l) / determinant
        var offset = (ll * v - l * lv) / determinant
        // A minimum is subtracted, so it cannot be negative.
        if offset > 0 { (scale, offset) = (lv / ll, 0) }
        let error = affineError(x, mean, inverse: inverse, low, scale, offset)
        if scale > 0, error < bestError { (best, bestError) = ((scale, offset), error) }
    }
    return (best.scale, -best.offset)
}

private func affineError(
    _ x: UnsafePointer<Float>,
    _ mean: Float,
    inverse: Float,
    _ low: Float,
    _ scale: Float,
    _ offset: Float
) -> Float {
    var error: Float = 0
    for i in 0..<32 {
        let code = clamped((inverse * (x[i] - low)).rounded(), 0, 15)
        let difference = scale * code + offset - x[i]
        error += (mean + abs(x[i])) * difference * difference
    }
    return error
}

/// Q6_K: sixteen groups of 16 values with an eight-bit scale each.
private func sixBitSuperBlock(_ x: UnsafePointer<Float>, into block: UnsafeMutableRawPointer) {
    var scales = SIMD16<Float>()
    for group in 0..<16 { scales[group] = symmetricScale(x + group * 16) }
    var furthest: Float = 0
    for group in 0..<16 where abs(scales[group]) > abs(furthest) { furthest = scales[group] }
    // The scale furthest from 0 becomes -128.
    put(halfBits(furthest / -128), at: block + 208)
    let factor = half(block + 208)
    let codes = (block + 192).assumingMemoryBound(to: Int8.self)
    let bytes = block.assumingMemoryBound(to: UInt8.self)
    for index in 0..<192 { bytes[index] = 0 }
    for group in 0..<16 {
        codes[group] =
            furthest == 0 ? 0 : Int8(clamped((scales[group] * (-128 / furthest)).rounded(), -128, 127))
        let d = factor * Float(codes[group])
        let (part, place) = (group / 8, group % 8)
        for i in 0..<16 {
            let value = d == 0 ? 0 : clamped((x[group * 16 + i] / d).rounded(), -32, 31)
            let code = UInt8(value + 32)
            bytes[part * 64 + place % 4 * 16 + i] |= (code & 15) << UInt8(place / 4 * 4)
            bytes[128 + part * 32 + place % 2 * 16 + i] |= (code >> 4) << UInt8(place / 2 * 2)
        }
    }
}

/// Finds a scale of 16 values such that `scale * code`, with codes from -32 to 31, has a small error.
///
/// Large values weigh more, by their square. Scales around the first one are improved by least squares.
private func symmetricScale(_ x: UnsafePointer<Float>) -> Float {
    var furthest: Float = 0
    for i in 0..<16 where abs(x[i]) > abs(furthest) { furthest = x[i] }
    guard abs(furthest) > .leastNormalMagnitude else { return 0 }
    var best = furthest / -32
    var bestFit: Float = 0
    for step in -9...9 {
        // Relative to the largest value, so that its fourth power cannot overflow or vanish.
        let inverse = -(32 + 0.1 * Float(step))
        var (product, square) = (Float(0), Float(0))
        for i in 0..<16 {
            let value = x[i] / furthest
            let code = clamped((inverse * value).rounded(), -32, 31)
            product += value * value * value * code
            square += value * value * code * code
        }
        guard square > 0, product * product / square > bestFit else { continue }
        (best, bestFit) = (product / square * furthest, product * product / square)
    }
    return best
}

@inline(__always)
private func clamped(_ value: Float, _ low: Float, _ high: Float) -> Float {
    // A scale may overflow float16, and then the quotient is NaN.
    value >= low ? min(value, high) : low
}

@inline(__always)
private func put(_ bits: UInt16, at place: UnsafeMutableRawPointer) {
    place.storeBytes(of: bits.littleEndian, as: UInt16.self)
}

/// The nearest bfloat16; of two, the even one.
private func brainBits(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    guard !value.isNaN else { return UInt16(bits >> 16) | 64 }
    return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
}

/// The nearest float16; of two, the even one.
func halfBits(_ value: Float) -> UInt16 {
    let sign = UInt16(truncatingIfNeeded: value.bitPattern >> 16) & 0x8000
    let magnitude = value.bitPattern & 0x7FFF_FFFF
    guard magnitude < 0x4780_0000 else { return sign | (magnitude > 0x7F80_0000 ? 0x7E00 : 0x7C00) }
    // Below the smallest normal number, float16 counts in steps of 2^-24.
    guard magnitude >= 0x3880_0000 else {
        return sign | UInt16((Float(bitPattern: magnitude) * 0x1p24).rounded(.toNearestOrEven))
    }
    // Rounds off 13 bits of the mantissa and corrects the exponent's bias.
    let rounded = magnitude + 0x0FFF + (magnitude >> 13 & 1)
    return sign | UInt16((rounded - 0x3800_0000) >> 13)
}
