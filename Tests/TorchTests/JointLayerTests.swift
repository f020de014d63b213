import TestSupport
import Testing

@testable import Torch

/// Layers that are computed together, compared with the same layers one by one.
struct JointLayerTests {
    private let random: RandomSource

    init() throws { random = try RandomSource(seed: 11) }

    /// Runs an operation on equal inputs in two ways and compares the results and all gradients.
    ///
    /// - Parameters:
    ///   - shapes: The shapes of the inputs.
    ///   - tolerance: The largest difference, relative to the largest number.
    ///   - operation: The operation; `true` for layers that are computed together.
    /// - Throws: `TorchError`.
    private func compare(
        _ shapes: [[Int]],
        tolerance: Double,
        _ operation: ([Tensor], Bool) throws -> [Tensor]
    ) throws {
        let inputs = try shapes.map { try Tensor.normal($0, random: random) }
        let copies = try inputs.map { try $0.copy() }
        for input in inputs + copies { try input.setRequiresGradient(true) }
        let (together, apart) = (try operation(inputs, true), try operation(copies, false))
        for (ours, theirs) in try paired(together, apart) {
            try expectClose(ours, theirs, tolerance, "result")
        }
        for (results, leaf) in [(together, inputs), (apart, copies)] {
            let source = try RandomSource(seed: 3)
            let sums = try results.map { try ($0 * Tensor.normal($0.shape, random: source)).sum() }
            try sums.dropFirst().reduce(#require(sums.first)) { try $0 + $1 }.backward()
            #expect(try leaf.allSatisfy { try $0.gradient() != nil })
        }
        for (index, (ours, theirs)) in try paired(inputs, copies).enumerated() {
            try expectClose(
                #require(try ours.gradient()),
                #require(try theirs.gradient()),
                tolerance,
                "gradient of input \(index)"
            )
        }
    }

    private func expectClose(
        _ ours: Tensor,
        _ theirs: Tensor,
        _ tolerance: Double,
        _ what: String
    ) throws {
        #expect(ours.shape == theirs.shape)
        let (a, b) = (
            try ours.to(dtype: .float32).array(of: Float.self),
            try theirs.to(dtype: .float32).array(of: Float.self)
        )
        let largest = max(Double(b.map(abs).max() ?? 0), 0.05)
        let error = try #require(paired(a, b).map { abs(Double($0) - Double($1)) }.max())
        #expect(error <= tolerance * largest, "\(what): \(error) of \(largest)")
    }

    private static func layers(_ weights: [Tensor], _ biases: [Tensor]) -> [LayerTensors] {
        weights.indices.map {
            LayerTensors(weight: weights[$0], bias: biases.isEmpty ? nil : biases[$0])
        }
    }

    /// The matrices' copies in bfloat16, one after another in memory or apart.
    private static func narrowed(_ weights: [Tensor], isJoined: Bool) throws -> [Tensor] {
        guard isJoined else { return try weights.map { try $0.detached().to(dtype: .bfloat16) } }
        let rows = weights.reduce(0) { $0 + $1.shape[0] }
        let whole = try Tensor.empty([rows, weights[0].shape[1]], dtype: .bfloat16)
        var end = 0
        return try weights.map { weight in
            let place = try whole.narrowed(0, to: end..<end + weight.shape[0])
            end += weight.shape[0]
            try place.assign(weight.detached())
            return place
        }
    }

    // 1e-5: sums of at most 300 products in float32, in another order.
    @Test(arguments: [[5, 19, 7, 3], [70, 64, 96, 48]], [true, false])
    func `layers with the same input in float32`(sizes: [Int], hasBias: Bool) throws {
        let (rows, inputs) = (sizes[0], sizes[1])
        let outputs = [sizes[2], sizes[3], sizes[3]]
        let biases = hasBias ? outputs.map { [$0] } : []
        try compare([[rows, inputs]] + outputs.map { [$0, inputs] } + biases, tolerance: 1e-5) {
            tensors,
            isTogether in
            let layers = Self.layers(Array(tensors[1..<4]), Array(tensors[4...]))
            if isTogether {
                return try tensors[0].linear(layers, in: .float32, routes: .suggested)
            }
            return try layers.map { try tensors[0].linear($0.weight, bias: $0.bias) }
        }
    }

    // 1e-2: the products are rounded to bfloat16, which keeps 8 bits, and the order of their sums differs.
    @Test(arguments: [[5, 19, 7, 3], [70, 64, 96, 48]], [true, false])
    func `layers with the same input in bfloat16, with copies that lie together or apart`(
        sizes: [Int],
        isJoined: Bool
    ) throws {
        let (rows, inputs) = (sizes[0], sizes[1])
        let outputs = [sizes[2], sizes[3]]
        for route in ProductRoutes.BFloat16.available {
            let routes = ProductRoutes(bfloat16: route)
            try compare(
                [[rows, inputs]] + outputs.map { [$0, inputs] } + outputs.map { [$0] },
                tolerance: 1e-2
            ) { tensors, isTogether in
                var layers = Self.layers(Array(tensors[1..<3]), Array(tensors[3...]))
                let copies = try Self.narrowed(layers.map(\.weight), isJoined: isJoined)
                for index in layers.indices { layers[index].copy = copies[index] }
                if isTogether {
                    return try tensors[0].linear(layers, in: .bfloat16, routes: routes)
                }
                return try layers.map {
                    try tensors[0].linear(
                        $0.weight,
                        copy: $0.copy,
                        bias: $0.bias,
                        in: .bfloat16,
                        routes: routes
                    )
                }
            }
        }
    }

    private static func apply(_ activation: FusedActivation, _ x: Tensor) throws -> Tensor {
        switch activation {
        case .silu: try x.map(.silu)
        case .gelu: try x.map(.gelu)
        case .geluTanh: try x.map(.geluTanh)
        case .relu: try x.map(.relu)
        }
    }

    /// A layer's parts: separate gate and up, both in one matrix, or none.
    enum Form: CaseIterable { case plain, gateAndUp, bothInOne }

    private func compareFeedForward(
        _ form: Form,
        _ activation: FusedActivation,
        _ sizes: (rows: Int, width: Int, inner: Int),
        in dtype: DType,
        tolerance: Double
    ) throws {
        let (rows, width, inner) = sizes
        let first: [[Int]] =
            switch form {
            case .plain: [[inner, width]]
            case .gateAndUp: [[inner, width], [inner, width]]
            case .bothInOne: [[2 * inner, width]]
            }
        let weights = first + [[width, inner]]
        // Our own kernel rounds its sums only between the products of a layer. Where a sum and its bias nearly cancel, relu's slope then
        // differs from that of layers alone.
        let compared = ProductRoutes.BFloat16.available.filter { $0 != .attune || activation != .relu }
        for route in dtype == .bfloat16 ? compared : [.bfloat16] {
            let routes = ProductRoutes(bfloat16: route)
            try compare([[rows, width]] + weights + weights.map { [$0[0]] }, tolerance: tolerance) {
                tensors,
                isTogether in
                var layers = Self.layers(
                    Array(tensors[1...weights.count]),
                    Array(tensors[(weights.count + 1)...])
                )
                if dtype == .bfloat16 {
                    let copies =
                        try Self.narrowed(layers.dropLast().map(\.weight), isJoined: true)
                        + [tensors[weights.count].detached().to(dtype: dtype)]
                    for index in layers.indices { layers[index].copy = copies[index] }
                }
                if isTogether {
                    return [
                        try tensors[0].feedForward(
                            layers,
                            isGated: form != .plain,
                            activation: activation,
                            in: dtype,
                            routes: routes
                        )
                    ]
                }
                func product(_ x: Tensor, _ layer: LayerTensors) throws -> Tensor {
                    dtype == .float32
                        ? try x.linear(layer.weight, bias: layer.bias)
                        : try x.linear(
                            layer.weight,
                            copy: layer.copy,
                            bias: layer.bias,
                            in: dtype,
                            routes: routes
                        )
                }
                var inside = try product(tensors[0], layers[0])
                switch form {
                case .plain: inside = try Self.apply(activation, inside)
                case .gateAndUp:
                    inside = try Self.apply(activation, inside) * product(tensors[0], layers[1])
                case .bothInOne:
                    inside =
                        try Self.apply(activation, inside.narrowed(1, to: 0..<inner))
                        * inside.narrowed(1, to: inner..<2 * inner)
                }
                return [try product(inside, layers[layers.count - 1])]
            }
        }
    }

    // 2e-5: as above, after two products.
    @Test(arguments: Form.allCases, [FusedActivation.silu, .gelu, .geluTanh, .relu])
    func `a feed-forward layer in float32`(form: Form, activation: FusedActivation) throws {
        try compareFeedForward(form, activation, (37, 24, 50), in: .float32, tolerance: 2e-5)
        try compareFeedForward(form, activation, (4, 64, 96), in: .float32, tolerance: 2e-5)
    }

    // 2e-2: two roundings to bfloat16.
    @Test(arguments: Form.allCases, [FusedActivation.silu, .gelu, .geluTanh, .relu])
    func `a feed-forward layer in bfloat16`(form: Form, activation: FusedActivation) throws {
        try compareFeedForward(form, activation, (37, 24, 50), in: .bfloat16, tolerance: 2e-2)
        try compareFeedForward(form, activation, (4, 64, 96), in: .bfloat16, tolerance: 2e-2)
    }

    @Test func `GELU agrees with libtorch's over its whole range, and NaN and infinity stay`() throws {
        let steps = (0...4000).map { Float($0 - 2000) * 0.005 }
        let values = steps + [.nan, .infinity, -.infinity, 1e30, -1e30]
        let x = try Tensor(values, shape: [values.count, 1])
        let one = try Tensor([Float(1)], shape: [1, 1])
        let layers = [LayerTensors(weight: one), LayerTensors(weight: one)]
        let ours = try x.feedForward(
            layers,
            isGated: false,
            activation: .gelu,
            in: .float32,
            routes: .suggested
        ).array(of: Float.self)
        let theirs = try x.map(.gelu).array(of: Float.self)
        for (index, value) in steps.enumerated() {
            // A few units in the last place of x.
            #expect(abs(ours[index] - theirs[index]) <= 4e-7 * max(1, abs(value)), "\(value)")
        }
        #expect(ours[steps.count].isNaN)
        #expect(ours[steps.count + 1] == .infinity)
        #expect(ours[steps.count + 3] == 1e30)
        #expect(ours[steps.count + 4] == 0)
    }

    @Test func `sizes that do not fit are an error`() throws {
        let x = try Tensor.zeros([2, 3])
        let layers = [
            LayerTensors(weight: try Tensor.zeros([4, 5])), LayerTensors(weight: try Tensor.zeros([4, 3])),
        ]
        #expect(throws: TorchError.self) { try x.linear(layers, in: .float32, routes: .suggested) }
        #expect(throws: TorchError.self) {
            try x.feedForward(layers, isGated: false, activation: .relu, in: .float32, routes: .suggested)
        }
    }
}
