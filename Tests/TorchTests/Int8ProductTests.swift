import Testing

@testable import Torch

/// Products of linear layers in 8-bit integers.
struct Int8ProductTests {
    private let random: RandomSource

    init() throws { random = try RandomSource(seed: 31) }

    private func normal(_ shape: [Int]) throws -> Tensor { try .normal(shape, random: random) }

    private func panels(_ values: Tensor, outlierFactor: Float = 0) throws -> Int8Panels {
        let matrix = try QuantizedMatrix.packing(values, outlierFactor: outlierFactor)
        guard case .packed(let panels) = matrix.contents else {
            throw TorchError(operation: "packing", message: "gave another form")
        }
        return panels
    }

    /// The product as a loop: codes of rows and of weights, sums of integers, scales.
    private func naive(_ x: [Float], _ w: [Float], _ bias: [Float], inputs: Int) -> [Float] {
        let weights = stride(from: 0, to: w.count, by: inputs).map { start in
            let row = w[start..<start + inputs]
            let size = row.map(abs).max() ?? 0
            let inverse = 127 / size
            return (codes: row.map { Int(($0 * inverse).rounded(.toNearestOrEven)) }, scale: size / 127)
        }
        return stride(from: 0, to: x.count, by: inputs).flatMap { start in
            let row = x[start..<start + inputs]
            let scale = max(row.max() ?? 0, 0) / 255 - min(row.min() ?? 0, 0) / 255
            let inverse = 1 / scale
            let zero = Int((-min(row.min() ?? 0, 0) * inverse).rounded(.toNearestOrEven))
            let codes = row.map { value in
                min(max(Int((value * inverse).rounded(.toNearestOrEven)) + zero, 0), 255)
            }
            return zip(weights, bias).map { weight, bias in
                let sum = zip(codes, weight.codes).reduce(0) { $0 + ($1.0 - zero) * $1.1 }
                return Float(sum) * scale * weight.scale + bias
            }
        }
    }

    /// Rows, inputs and outputs: around the sizes of tiles, groups, panels and blocks.
    private static let shapes = [
        (1, 1, 1), (1, 384, 130), (2, 3, 15), (5, 4, 16), (6, 17, 17), (7, 64, 64), (13, 449, 70),
        (97, 100, 33), (200, 1000, 20),
    ]

    // 1e-5 relative to results of at most a few tens: three float32 roundings, one of which may be fused.
    @Test(arguments: shapes)
    func `every version of the kernel gives the bits of the portable one, and the sums of a plain loop`(
        rows: Int,
        inputs: Int,
        outputs: Int
    ) throws {
        let (x, w, bias) = (
            try normal([rows, inputs]), try normal([outputs, inputs]), try normal([outputs])
        )
        let panels = try self.panels(w)
        let expected = try x.linear(panels, bias: bias, kernel: .portable).array(of: Float.self)
        let loop = try naive(
            x.array(of: Float.self),
            w.array(of: Float.self),
            bias.array(of: Float.self),
            inputs: inputs
        )
        #expect(expected.count == loop.count)
        for (found, exact) in zip(expected, loop) {
            #expect(abs(found - exact) <= 1e-5 * max(10, abs(exact)))
        }
        for kernel in Int8Kernel.allCases where kernel.isSupported {
            let found = try x.linear(panels, bias: bias, kernel: kernel).array(of: Float.self)
            #expect(found == expected, "\(kernel)")
        }
    }

    @Test func `extreme codes do not overflow`() throws {
        // All codes are at their limits: the largest sums, which 16-bit steps would cut.
        let inputs = Int8Panels.mostColumns
        let (x, w) = (try Tensor.full(1, [2, inputs]), try Tensor.full(-1, [1, inputs]))
        for kernel in Int8Kernel.allCases where kernel.isSupported {
            let found = try x.linear(panels(w), kernel: kernel).array(of: Float.self)
            for value in found { #expect(abs(value + Float(inputs)) < 1, "\(kernel)") }
        }
    }

    @Test func `a kernel that the machine lacks is refused`() throws {
        let (x, w) = (try normal([2, 8]), try panels(normal([4, 8])))
        for kernel in Int8Kernel.allCases where !kernel.isSupported {
            #expect(throws: TorchError.self) { try x.linear(w, kernel: kernel) }
        }
        #expect(Int8Kernel.automatic.isSupported && Int8Kernel.portable.isSupported)
    }

    @Test func `a row's result does not depend on the other rows`() throws {
        let (x, w, bias) = (
            try normal([150, 200]), try panels(normal([90, 200]), outlierFactor: 3), try normal([90])
        )
        let all = try x.linear(w, bias: bias)
        for range in [0..<1, 7..<20, 100..<150] {
            let part = try x.narrowed(0, to: range).linear(w, bias: bias).array(of: Float.self)
            #expect(try part == all.narrowed(0, to: range).array(of: Float.self), "\(range)")
        }
    }

    @Test func `a changed input is quantized again`() throws {
        let (x, w) = (try normal([9, 40]), try panels(normal([20, 40])))
        let before = try x.linear(w).array(of: Float.self)
        #expect(try x.linear(w).array(of: Float.self) == before)
        try x.assign(x * 2)
        let after = try x.linear(w).array(of: Float.self)
        // Twice the scale, exactly.
        #expect(after == before.map { $0 * 2 })
        let other = try x.narrowed(0, to: 1..<9).linear(w).array(of: Float.self)
        #expect(other == Array(after.dropFirst(20)))
    }

    @Test func `rows with NaN or infinity give NaN, rows of zeros the bias`() throws {
        var values = try normal([6, 50]).array(of: Float.self)
        values[0 * 50 + 3] = .nan
        values[1 * 50 + 49] = .infinity
        values[2 * 50] = -.infinity
        for i in 0..<50 { (values[3 * 50 + i], values[4 * 50 + i]) = (0, 1e-42) }
        let (w, bias) = (try panels(normal([20, 50]), outlierFactor: 3), try normal([20]))
        for kernel in Int8Kernel.allCases where kernel.isSupported {
            let found = try Tensor(values, shape: [6, 50]).linear(w, bias: bias, kernel: kernel)
                .array(of: Float.self)
            #expect(found[..<60].allSatisfy { $0.isNaN })
            let added = try bias.array(of: Float.self)
            #expect(Array(found[60..<80]) == added && Array(found[80..<100]) == added)
            #expect(found[100...].allSatisfy { $0.isFinite })
        }
    }

    /// The root mean square of the error relative to that of the exact result.
    private func error(_ found: Tensor, _ exact: Tensor) throws -> Double {
        func square(_ x: Tensor) throws -> Double {
            try x.array(of: Double.self).reduce(0) { $0 + $1 * $1 }
        }
        return try (square(found - exact) / square(exact)).squareRoot()
    }

    @Test func `the error is that of 8 bits, also next to an outlier that is set apart`() throws {
        let (inputs, outputs) = (640, 96)
        let w = try normal([outputs, inputs])
        var values = try normal([20, inputs]).array(of: Float.self)
        let plain = try Tensor(values, shape: [20, inputs])
        // Steps of about 6.5 / 255 and 3.2 / 127 of a standard deviation: both relative errors are about 0.7 %.
        #expect(try error(plain.linear(panels(w)), plain.linear(w)) < 0.015)
        for row in 0..<20 { values[row * inputs + 31 * row] = 1000 }
        let spiked = try Tensor(values, shape: [20, inputs])
        // Without the outlier's own part, which is exact in both: its column of the dequantized weight.
        let dequantized = try QuantizedMatrix.packing(w).dequantized()
        let exact = try spiked.linear(dequantized)
        let (kept, apart) = (
            try spiked.linear(panels(w)) - exact, try spiked.linear(panels(w, outlierFactor: 12)) - exact
        )
        let size = try plain.linear(w)
        #expect(try error(size + apart, size) < 0.015)
        #expect(try error(size + kept, size) > 0.5)
    }

    @Test func `transposed, narrower and quantized matrices are packed, too`() throws {
        let w = try normal([50, 30])
        let x = try normal([4, 30])
        let expected = try x.linear(panels(w)).array(of: Float.self)
        let view = try w.transposed(0, 1).contiguous().transposed(0, 1)
        #expect(try x.linear(panels(view)).array(of: Float.self) == expected)
        let narrow = try w.to(dtype: .bfloat16)
        #expect(
            try x.linear(panels(narrow)).array(of: Float.self)
                == x.linear(panels(narrow.to(dtype: .float32))).array(of: Float.self)
        )
        let stored = try QuantizedMatrix.quantizing(w, to: .nf4)
        #expect(
            try x.linear(stored.packed()).array(of: Float.self)
                == x.linear(panels(stored.dequantized())).array(of: Float.self)
        )
    }

    @Test func `it is dequantized to its own values, in a quarter of the memory`() throws {
        let w = try normal([300, 128])
        let matrix = try QuantizedMatrix.packing(w)
        #expect(matrix.shape == [300, 128] && matrix.isPacked)
        #expect(matrix.byteCount < 300 * 128 * 4 / 3)
        let values = try matrix.dequantized()
        // Half a step of the largest of 128 numbers, which is below 5.
        let differences = try (values - w).array(of: Float.self).map(abs)
        #expect(differences.max() ?? 1 <= 5 / 127 / 2)
        #expect(
            try matrix.dequantized(rows: 17..<40).array(of: Float.self)
                == values.narrowed(0, to: 17..<40).array(of: Float.self)
        )
    }

    @Test func `the gradient of the input is that of the dequantized matrix`() throws {
        let matrix = try QuantizedMatrix.packing(normal([40, 24]))
        let x = try normal([5, 24])
        try x.setRequiresGradient(true)
        try x.linear(matrix).sum().backward()
        let found = try #require(try x.gradient()).array(of: Float.self)
        let column = try matrix.dequantized().sum(along: 0).array(of: Float.self)
        // Sums of 40 numbers in another order.
        for (index, value) in found.enumerated() { #expect(abs(value - column[index % 24]) < 1e-4) }
    }

    @Test func `an adapter's product is added`() throws {
        let matrix = try QuantizedMatrix.packing(normal([40, 24]))
        let (x, a, b) = (try normal([5, 24]), try normal([3, 24]), try normal([40, 3]))
        let found = try x.linear(matrix, adding: LowRankProduct(a: a, b: b, scale: 2)).array(of: Float.self)
        let expected = try (x.linear(matrix) + x.linear(a).linear(b) * 2).array(of: Float.self)
        // Results of at most a hundred, with sums in another order.
        for (one, other) in zip(found, expected) { #expect(abs(one - other) < 1e-3) }
    }

    @Test func `values and sizes that are not possible are refused`() throws {
        for value in [Float.nan, .infinity] {
            #expect(throws: TorchError.self) {
                try QuantizedMatrix.packing(Tensor([1, value], shape: [1, 2]))
            }
        }
        #expect(throws: TorchError.self) {
            try QuantizedMatrix.packing(.zeros([1, Int8Panels.mostColumns + 1]))
        }
        let matrix = try panels(normal([4, 8]))
        #expect(throws: TorchError.self) { try normal([2, 9]).linear(matrix) }
    }

    /// Rows, inputs, width between the products, outputs: one row, and remainders of blocks, groups of panels and vectors.
    private static let feedForwards = [
        (1, 20, 40, 12), (97, 64, 130, 64), (200, 33, 64, 17), (300, 48, 100, 48),
    ]

    @Test(arguments: feedForwards, [false, true])
    func `a feed-forward layer gives the bits of its layers one after another`(
        sizes: (rows: Int, inputs: Int, width: Int, outputs: Int),
        isGated: Bool
    ) throws {
        let x = try normal([sizes.rows, sizes.inputs])
        let first = try (0..<(isGated ? 2 : 1)).map { _ in try normal([sizes.width, sizes.inputs]) }
        let layers = try (first + [normal([sizes.outputs, sizes.width])]).map {
            try panels($0, outlierFactor: 4)
        }
        let biases = try layers.map { try normal([$0.rows]) }
        // relu is the same number in every implementation.
        let gate = try x.linear(layers[0], bias: biases[0]).map(.relu)
        let inner = isGated ? try gate * x.linear(layers[1], bias: biases[1]) : gate
        let expected = try inner.linear(layers.last!, bias: biases.last).array(of: Float.self)
        for kernel in Int8Kernel.allCases where kernel.isSupported {
            let found = try x.feedForward(layers, biases: biases, activation: .relu, kernel: kernel)
            #expect(try found.array(of: Float.self) == expected, "\(kernel)")
        }
        let threads = try TorchRuntime.threadCount()
        defer { try? TorchRuntime.setThreadCount(threads) }
        try TorchRuntime.setThreadCount(1)
        let alone = try x.feedForward(layers, biases: biases, activation: .relu)
        #expect(try alone.array(of: Float.self) == expected)
    }

    // The functions differ by a few units in the last place, which can change a code: one of 255 steps of a row's range.
    @Test(arguments: [FusedActivation.silu, .gelu, .geluTanh])
    func `every activation of a feed-forward layer is that of libtorch`(activation: FusedActivation) throws {
        let x = try normal([50, 32])
        let layers = [try panels(normal([64, 32])), try panels(normal([16, 64]))]
        let inner = try x.linear(layers[0])
        let activated =
            switch activation {
            case .silu: try inner.map(.silu)
            case .gelu: try inner.map(.gelu)
            case .geluTanh: try inner.map(.geluTanh)
            case .relu: try inner.map(.relu)
            }
        let expected = try activated.linear(layers[1]).array(of: Float.self)
        let found = try x.feedForward(layers, biases: nil, activation: activation).array(of: Float.self)
        let largest = expected.map(abs).max() ?? 0
        for (ours, theirs) in zip(found, expected) { #expect(abs(ours - theirs) <= 0.01 * largest) }
    }

    @Test func `a feed-forward layer whose sizes do not fit is refused`() throws {
        let x = try normal([5, 32])
        let (first, last) = (try panels(normal([64, 32])), try panels(normal([16, 60])))
        #expect(throws: TorchError.self) { try x.feedForward([first, last], biases: nil, activation: .relu) }
        #expect(throws: TorchError.self) { try x.feedForward([first], biases: nil, activation: .relu) }
    }
}
