import TestSupport
import Testing
import Torch

/// The 8-bit AdamW kernel computes the codes that bitsandbytes looks up.
///
/// Here they are looked up.
struct AdamW8CodeTests {
    /// The map of one moment: the values of the codes, and the code of each of 65,536 steps from -1 to 1.
    private struct Map {
        let values: [Float]
        let codes: [UInt8]

        init(isSigned: Bool) throws {
            let values = try Moments8.dynamicMap(isSigned: isSigned).array(of: Float.self)
            var code = 0
            codes = (0..<65536).map { step in
                while code < 255, 0.5 * (values[code] + values[code + 1]) < Self.value(ofStep: step) {
                    code += 1
                }
                return UInt8(code)
            }
            self.values = values
        }

        static func value(ofStep step: Int) -> Float { -1 + 2 * Float(step) / 65535 }

        /// The codes of one block, with or without a fused multiplication.
        func encode(_ moments: [Float], isFused: Bool) -> (codes: [UInt8], size: Float) {
            // NaN is not a size.
            let size = moments.reduce(Float(0)) { abs($1) > $0 ? abs($1) : $0 }
            guard size > 0 else { return ([UInt8](repeating: 0, count: moments.count), size) }
            let inverse = 1 / size
            let codes = moments.map { moment in
                let share = moment * inverse
                guard share > -1 else { return self.codes[0] }  // or NaN
                let half = (min(share, 1) + 1) * 0.5
                let step = isFused ? Float(0.5).addingProduct(half, 65535) : half * 65535 + 0.5
                return self.codes[Int(step)]
            }
            return (codes, size)
        }
    }

    /// A parameter and its moments.
    private struct State {
        let weights: Tensor
        let moments: Moments8

        init(_ weights: Tensor) throws {
            let blocks = (weights.shape[0] + 255) / 256
            self.weights = weights
            moments = Moments8(
                firstCodes: try .zeros(weights.shape, dtype: .uint8),
                firstSizes: try .zeros([blocks]),
                secondCodes: try .zeros(weights.shape, dtype: .uint8),
                secondSizes: try .zeros([blocks])
            )
        }

        /// Takes the first step, whose corrections are exact for decay rates of 0 and 0.5.
        func step(
            _ gradient: Tensor,
            beta: Double,
            learningRate: Double = 0,
            weightDecay: Double = 0,
            epsilon: Double = 1,
            scale: Double = 1,
            copy: Tensor? = nil,
            roundingKey: UInt64 = 0
        ) throws {
            try OptimizerStep(step: 1, learningRate: learningRate, weightDecay: weightDecay).adamW8(
                weights,
                gradient: gradient,
                moments: moments,
                copy: copy,
                betas: (beta, beta),
                epsilon: epsilon,
                gradientScale: scale,
                roundingKey: roundingKey
            )
        }
    }

    private func bits(_ tensor: Tensor) throws -> [UInt32] {
        try tensor.to(dtype: .float32).array(of: Float.self).map(\.bitPattern)
    }

    /// Bits, with one pattern for all NaN.
    private func bits(_ values: [Float]) -> [UInt32] {
        values.map { $0.isNaN ? Float.nan.bitPattern : $0.bitPattern }
    }

    @Test func `all 512 codes are decoded to their values, to the bit`() throws {
        for isSigned in [true, false] {
            let values = try Map(isSigned: isSigned).values
            let zero: UInt8 = isSigned ? 127 : 0
            #expect(values[Int(zero)] == 0)
            // Block k contains code k once, at place k.
            let chosen: [UInt8] = (0..<65536).map { (place: Int) -> UInt8 in
                place / 256 == place % 256 ? UInt8(place / 256) : zero
            }
            let codes = try Tensor(chosen)
            let state = try State(.zeros([65536]))
            let (target, sizes) =
                isSigned
                ? (state.moments.firstCodes, state.moments.firstSizes)
                : (state.moments.secondCodes, state.moments.secondSizes)
            try target.assign(codes)
            try sizes.assign(.full(1, [256]))
            // Moments are halved, which is exact. Half of a first moment, corrected by 2, is subtracted from 0.
            try state.step(.zeros([65536]), beta: 0.5, learningRate: 1)
            #expect(try bits(sizes) == values.map { abs($0 * 0.5).bitPattern })
            guard isSigned else { continue }
            let weights = try state.weights.array(of: Float.self)
            #expect((0..<256).map { weights[$0 * 257] } == values.map(-))
        }
    }

    @Test func `all 65,536 steps have the codes of the table`() throws {
        for isSigned in [true, false] {
            let map = try Map(isSigned: isSigned)
            // Second moments are not negative. Every block begins with 1, and the last one is short.
            let steps = Array((isSigned ? 0 : 32768)..<65536)
            var gradient: [Float] = []
            var expected: [UInt8] = []
            for (index, step) in steps.enumerated() {
                if index % 255 == 0 {
                    gradient.append(1)
                    expected.append(255)
                }
                // A value in the middle of a step is not moved to another one by rounding.
                let value = Map.value(ofStep: step)
                gradient.append(isSigned ? value : value.squareRoot())
                expected.append(map.codes[step])
            }
            let state = try State(.zeros([gradient.count]))
            try state.step(Tensor(gradient), beta: 0)
            let codes = isSigned ? state.moments.firstCodes : state.moments.secondCodes
            #expect(try codes.array(of: UInt8.self) == expected)
        }
    }

    // The inverse of a magnitude below 3e-39 is infinite, and its product with 0 is NaN.
    @Test(arguments: [0x1p-139, 0x1p-127, 0x1p-123] as [Float])
    func `moments without the full precision, and NaN, have the codes of the table`(unit: Float) throws {
        let map = try Map(isSigned: true)
        let gradient = (0..<300).map { $0 == 7 ? Float.nan : Float($0 % 9 - 4) * unit }
        let state = try State(.zeros([300]))
        try state.step(Tensor(gradient), beta: 0)
        let blocks = [Array(gradient[..<256]), Array(gradient[256...])]
        let expected = [true, false].map { isFused in
            blocks.map { map.encode($0, isFused: isFused) }
        }
        let codes = try state.moments.firstCodes.array(of: UInt8.self)
        #expect(expected.contains { $0.flatMap(\.codes) == codes })
        #expect(try bits(state.moments.firstSizes) == expected[0].map(\.size.bitPattern))
        #expect(try state.moments.secondCodes.array(of: UInt8.self)[7] == 0)
    }

    /// Steps in plain Swift.
    ///
    /// The decay rates are 0.5, the learning rate is a power of two and gradients have few digits, so that only the encoding depends on whether the machine fuses multiplications.
    private struct PlainSteps {
        let isFused: Bool
        let first: Map, second: Map
        var weights: [Float]
        var codes: (first: [UInt8], second: [UInt8])
        var sizes: (first: [Float], second: [Float])

        init(_ weights: [Float], isFused: Bool) throws {
            self.isFused = isFused
            self.weights = weights
            (first, second) = (try Map(isSigned: true), try Map(isSigned: false))
            let codes = [UInt8](repeating: 0, count: weights.count)
            self.codes = (codes, codes)
            let sizes = [Float](repeating: 0, count: (weights.count + 255) / 256)
            self.sizes = (sizes, sizes)
        }

        mutating func step(_ gradient: [Float], scale: Float, rate: Float, epsilon: Float) {
            let correction = Float(0.5.squareRoot())
            for block in sizes.first.indices {
                let places = block * 256..<min(block * 256 + 256, weights.count)
                var (m, v): ([Float], [Float]) = ([], [])
                for i in places {
                    let g = gradient[i] * scale
                    let oldM = first.values[Int(codes.first[i])] * sizes.first[block]
                    let oldV = second.values[Int(codes.second[i])] * sizes.second[block]
                    let (newM, newV) = (oldM * 0.5 + g * 0.5, oldV * 0.5 + g * g * 0.5)
                    weights[i] -= newM / (newV.squareRoot() / correction + epsilon) * rate
                    m.append(newM)
                    v.append(newV)
                }
                let (newFirst, newSecond) = (
                    first.encode(m, isFused: isFused), second.encode(v, isFused: isFused)
                )
                (sizes.first[block], sizes.second[block]) = (newFirst.size, newSecond.size)
                codes.first.replaceSubrange(places, with: newFirst.codes)
                codes.second.replaceSubrange(places, with: newSecond.codes)
            }
        }
    }

    /// Gradients with 10 bits: zeros of both signs in the second and third block, NaN and infinities in the fourth.
    private func gradient(step: Int, count: Int) -> [Float] {
        (0..<count).map { i in
            switch i / 256 {
            case 1: 0
            case 2 where step < 3: i % 2 == 0 ? 0 : -0.0
            case 3 where step == 4 && i % 100 == 0: .nan
            case 3 where step == 6 && i % 90 == 0: -.infinity
            case 4: Float((i * 37 + step * 101) % 2047 - 1023) / (i % 5 == 0 ? 64 : 4_194_304)
            default: Float((i * 7919 + step * 104729) % 2047 - 1023) / 4096
            }
        }
    }

    @Test func `ten steps equal a computation by tables, to the bit`() throws {
        // Five blocks and a short one.
        let weights: [Float] = (0..<1357).map { (place: Int) -> Float in
            place % 50 == 0 ? -0.0 : Float(place * 31 % 257 - 128) / 1024
        }
        let state = try State(Tensor(weights))
        var plain = try [true, false].map { try PlainSteps(weights, isFused: $0) }
        for step in 0..<10 {
            let gradient = gradient(step: step, count: weights.count)
            try state.step(
                Tensor(gradient),
                beta: 0.5,
                learningRate: 1.0 / 128,
                epsilon: 1.0 / 1_048_576,
                scale: 0.25
            )
            for k in plain.indices {
                plain[k].step(gradient, scale: 0.25, rate: 1.0 / 64, epsilon: 1.0 / 1_048_576)
            }
            let ours = try bits(state.weights.array(of: Float.self))
            let firstCodes = try state.moments.firstCodes.array(of: UInt8.self)
            let secondCodes = try state.moments.secondCodes.array(of: UInt8.self)
            let (firstSizes, secondSizes) = try (
                bits(state.moments.firstSizes), bits(state.moments.secondSizes)
            )
            let isEqual = plain.contains { (steps: PlainSteps) -> Bool in
                let hasCodes = steps.codes.first == firstCodes && steps.codes.second == secondCodes
                let hasSizes =
                    bits(steps.sizes.first) == firstSizes && bits(steps.sizes.second) == secondSizes
                return bits(steps.weights) == ours && hasCodes && hasSizes
            }
            try #require(isEqual, "step \(step)")
        }
    }

    @Test func `a block without gradients and moments only decays`() throws {
        // At rest, with gradients of -0, with gradients of 1, and a short block at rest.
        let weights = (0..<788).map { $0 % 7 == 0 ? Float(-0.0) : Float($0 - 400) / 301 }
        let kinds: [Float] = [0, -0.0, 1, 0]
        let gradient = try Tensor((0..<788).map { kinds[$0 / 256] })
        let decayed = weights.map { $0 * 0.9375 }
        let places = Array(0..<256) + Array(768..<788)

        let state = try State(Tensor(weights))
        let copy = try Tensor.zeros([788], dtype: .bfloat16)
        try state.step(gradient, beta: 0.5, learningRate: 0.125, weightDecay: 0.5, copy: copy)
        let result = try state.weights.array(of: Float.self)
        #expect(places.map { result[$0].bitPattern } == places.map { decayed[$0].bitPattern })
        // A first moment of -0 adds 0, which changes -0.
        #expect(bits(Array(result[256..<512])) == bits(decayed[256..<512].map { $0 + 0 }))
        #expect(zip(result[512..<768], decayed[512..<768]).allSatisfy { $0 < $1 })
        #expect(try bits(copy) == bits(state.weights.to(dtype: .bfloat16)))
        #expect(try state.moments.firstSizes.array(of: Float.self) == [0, 0, 0.5, 0])
        #expect(try Set(state.moments.firstCodes.array(of: UInt8.self)[..<512]) == [0])

        // Without an epsilon 0 is divided by 0, as before.
        let lost = try State(Tensor(weights))
        try lost.step(gradient, beta: 0.5, learningRate: 0.125, epsilon: 0)
        #expect(try lost.weights.array(of: Float.self)[..<256].allSatisfy(\.isNaN))
    }

    @Test(arguments: [0, 0.5])
    func `bfloat16 weights without gradients and moments are rounded as others`(weightDecay: Double) throws {
        let weights = try Tensor((0..<788).map { Float($0 - 400) / 301 }).to(dtype: .bfloat16)
        let expected = try Tensor.zeros([788], dtype: .bfloat16)
        let keep = 1 - 0.125 * weightDecay
        try expected.roundStochastically(weights.to(dtype: .float32) * keep, roundingKey: 11)
        let state = try State(weights.copy())
        try state.step(
            .zeros([788], dtype: .bfloat16),
            beta: 0.5,
            learningRate: 0.125,
            weightDecay: weightDecay,
            roundingKey: 11
        )
        #expect(try bits(state.weights) == bits(expected))
        if weightDecay == 0 { #expect(try bits(state.weights) == bits(weights)) }
    }
}
