public import Torch

/// How a parameter is initialized if no checkpoint provides it.
public enum Initialization: Sendable, Equatable {
    case zeros
    case ones
    /// N(0, std²).
    case normal(std: Double)
}

/// The kind of module that a parameter belongs to, for optimizers that treat it differently.
public enum ParameterRole: Sendable, Equatable {
    case plain
    /// Layer normalization: never decayed, regardless of its name.
    case layerNorm
    /// An embedding table: its moments stay in 32 bits.
    case embedding
    /// The magnitudes of DoRA: never decayed, because decay would pull the rows of the weight toward zero.
    case magnitude
}

/// A weight tensor of a model, identified by its name in the checkpoint.
public final class Parameter {
    /// The name in the checkpoint, for example `model.layers.0.self_attn.q_proj.weight`.
    public let name: String
    /// Its shape.
    public let shape: [Int]
    /// How it is initialized if no checkpoint provides it.
    public let initialization: Initialization
    /// The kind of module it belongs to.
    public let role: ParameterRole
    /// Its values; empty (`[0]`) until ``set(_:)`` or ``initialize(random:)``.
    public private(set) var value: Tensor { didSet { keptEnds = nil } }
    /// The values in a quantized form, `[out, in]`, instead of ``value``; nil for values in floating point.
    public private(set) var quantized: QuantizedMatrix?
    /// Whether the optimizer updates it.
    public var isTrainable = true
    /// Whether it belongs to the frozen base of an adapter and is never trained.
    package var isFrozen = false
    /// Factor on the run's learning rate.
    package var learningRateFactor = 1.0
    /// The result of ``sampledEnds()`` for values that are not in memory; setting values clears it.
    package var keptEnds: [Tensor]?
    /// The values rounded to bfloat16, and the version of the values.
    private var bfloat16Copy: (tensor: Tensor, version: UInt32)?
    /// The float32 sum of gradients of ``sumGradient()``, or the gradient of `replaceGradient(by:)`.
    private var gradientSum: Tensor?

    /// The zero-based index of its block: the number after `layers`, `layer`, `h` or `blocks` in its name; nil for
    /// parameters outside of the blocks.
    public var block: Int? {
        let parts = name.split(separator: ".")
        for (part, next) in zip(parts, parts.dropFirst())
        where ["layers", "layer", "h", "blocks"].contains(part) {
            if let number = Int(next) { return number }
        }
        return nil
    }

    init(
        name: String,
        shape: [Int],
        initialization: Initialization,
        role: ParameterRole = .plain
    ) throws(TorchError) {
        self.role = role
        self.name = name
        self.shape = shape
        self.initialization = initialization
        value = try Tensor.empty([0])
    }

    /// Sets the values.
    ///
    /// - Parameter tensor: A tensor of ``shape``.
    /// - Throws: `.failed` if the shape differs.
    public func set(_ tensor: Tensor) throws(TorchError) {
        guard tensor.shape == shape else {
            throw TorchError(
                operation: name,
                message: "has shape \(shape), but got values of shape \(tensor.shape)"
            )
        }
        value = tensor
        quantized = nil
        bfloat16Copy = nil
    }

    /// Keeps the values in a quantized form, which cannot be trained.
    ///
    /// ``value`` becomes empty.
    ///
    /// - Parameters:
    ///   - matrix: `[out, in]`, also for a parameter of shape `[in, out]`.
    ///   - device: The device of the products.
    /// - Throws: `.failed` if the shape differs; `.outOfMemory`.
    package func set(_ matrix: QuantizedMatrix, device: Device) throws(TorchError) {
        guard matrix.shape == shape || matrix.shape == shape.reversed() else {
            throw TorchError(
                operation: name,
                message: "has shape \(shape), but got a quantized matrix of shape \(matrix.shape)"
            )
        }
        value = try Tensor.empty([0], device: device)
        quantized = matrix
        bfloat16Copy = nil
    }

    /// The type of the values; float32 for quantized ones, which are dequantized to it.
    package var dtype: DType { quantized == nil ? value.dtype : .float32 }

    /// The bytes of the values in memory.
    package var byteCount: Int { quantized?.byteCount ?? value.count * value.dtype.byteWidth }

    /// Initializes the values, in float32 on the source's device.
    ///
    /// - Parameter random: The stream to draw from.
    /// - Throws: `.outOfMemory`.
    public func initialize(random: RandomSource) throws(TorchError) {
        value =
            switch initialization {
            case .zeros: try .zeros(shape, device: random.device)
            case .ones: try .full(1, shape, device: random.device)
            case .normal(let std): try .normal(shape, std: std, random: random)
            }
    }
}

extension Parameter {
    /// Returns the float32 values rounded to bfloat16.
    ///
    /// The copy is kept and updated when the values change: by an optimizer's kernel during its step (``existingBFloat16Copy``),
    /// otherwise by this method.
    ///
    /// - Returns: A contiguous tensor of ``shape``.
    /// - Throws: `.outOfMemory`.
    package func narrowed() throws(TorchError) -> Tensor {
        let version = try value.version()
        if let bfloat16Copy {
            if bfloat16Copy.version != version { try bfloat16Copy.tensor.assign(value.detached()) }
            self.bfloat16Copy = (bfloat16Copy.tensor, version)
            return bfloat16Copy.tensor
        }
        let copy = try value.detached().to(dtype: .bfloat16).contiguous()
        bfloat16Copy = (copy, version)
        return copy
    }

    /// Places the copies of ``narrowed()`` of several matrices one after another in memory, unless there are copies already: their
    /// products can then be computed as one.
    ///
    /// - Parameter parameters: Matrices of the same width.
    /// - Throws: `.outOfMemory`.
    static func narrowTogether(_ parameters: [Parameter]) throws(TorchError) {
        guard parameters.count > 1, parameters.allSatisfy({ $0.bfloat16Copy == nil }),
            let first = parameters.first, first.shape.count == 2,
            parameters.allSatisfy({ $0.shape.count == 2 && $0.shape[1] == first.shape[1] })
        else { return }
        let rows = parameters.reduce(0) { $0 + $1.shape[0] }
        let whole = try Tensor.empty(
            [rows, first.shape[1]],
            dtype: .bfloat16,
            device: first.value.device
        )
        var end = 0
        for parameter in parameters {
            let place = try whole.narrowed(0, to: end..<end + parameter.shape[0])
            end += parameter.shape[0]
            try place.assign(parameter.value.detached())
            parameter.bfloat16Copy = (place, try parameter.value.version())
        }
    }

    /// The copy that ``narrowed()`` made, if any, for a kernel to write to.
    package var existingBFloat16Copy: Tensor? { bfloat16Copy?.tensor }

    /// Records that the update of the values has also updated the copy.
    ///
    /// - Throws: `.failed` for values without a version counter.
    func noteNarrowCopyIsFresh() throws(TorchError) {
        guard let bfloat16Copy else { return }
        self.bfloat16Copy = (bfloat16Copy.tensor, try value.version())
    }
}

extension Parameter {
    /// Returns the accumulated gradient; nil if there is none.
    ///
    /// - Returns: The gradient in the values' type, or in float32 after ``sumGradient()`` or `replaceGradient(by:)`.
    /// - Throws: `.failed`.
    public func gradient() throws(TorchError) -> Tensor? {
        if let gradientSum { return gradientSum }
        return try value.gradient()
    }

    /// Whether its gradient only has the rows that a batch uses, as for a float32 embedding on a CPU.
    package var hasGradientOfRows: Bool {
        role == .embedding && value.dtype == .float32 && value.device == .cpu
    }

    /// Returns the accumulated gradient for an optimizer; for an embedding it may have only some rows.
    func updatableGradient() throws(TorchError) -> Tensor? {
        if let gradientSum { return gradientSum }
        return try value.gradientOfRows()
    }

    /// Clears the accumulated gradient.
    ///
    /// - Throws: `.failed`.
    public func clearGradient() throws(TorchError) {
        gradientSum = nil
        try value.clearGradient()
    }

    /// Adds the gradient of values narrower than float32 to a float32 sum, and clears it for the next backward pass: a sum
    /// in bfloat16 would lose small contributions.
    ///
    /// - Throws: `.outOfMemory`.
    public func sumGradient() throws(TorchError) {
        guard value.dtype != .float32, let gradient = try value.gradient() else { return }
        let wide = try gradient.to(dtype: .float32)
        if let sum = gradientSum { gradientSum = try sum + wide } else { gradientSum = wide }
        try value.clearGradient()
    }

    /// Replaces the accumulated gradient, for example by its sum over several processes.
    ///
    /// Clear it with ``clearGradient()`` before the next backward pass.
    ///
    /// - Parameter gradient: A float32 tensor of ``shape``; kept, not copied.
    /// - Throws: `.failed` if the shape differs.
    package func replaceGradient(by gradient: Tensor) throws(TorchError) {
        guard gradient.shape == shape else {
            throw TorchError(
                operation: name,
                message: "has shape \(shape), but got a gradient of shape \(gradient.shape)"
            )
        }
        try value.clearGradient()
        gradientSum = gradient
    }

    /// Returns rows of a table's accumulated gradient, in float32; nil if there is none.
    ///
    /// - Parameter rows: The indices of the rows, ascending, `int64`, on the device of the values.
    /// - Returns: `[U, H]` for U rows, with zeros in those without a gradient.
    /// - Throws: `.failed` if a gradient of rows has another row; `.outOfMemory`.
    package func gradient(ofRows rows: Tensor) throws(TorchError) -> Tensor? {
        let last = try value.gradient(ofRows: rows)?.to(dtype: .float32)
        guard let sum = try gradientSum?.gatheringRows(rows) else { return last }
        guard let last else { return sum }
        return try sum + last
    }

    /// Replaces a table's accumulated gradient by one of some rows, for example by its sum over several processes.
    ///
    /// It gets the form that it has in one process: sparse if ``hasGradientOfRows``, else dense, with zeros in other rows. Clear it
    /// with ``clearGradient()`` before the next backward pass.
    ///
    /// - Parameters:
    ///   - values: `[U, H]`, float32; kept, not copied.
    ///   - rows: The indices of the rows, ascending, `int64`, on the device of the values.
    /// - Throws: `.failed` if the shapes do not fit; `.outOfMemory`.
    package func replaceGradient(by values: Tensor, ofRows rows: Tensor) throws(TorchError) {
        try clearGradient()
        if hasGradientOfRows { return try value.setGradient(values, ofRows: rows) }
        let whole = try Tensor.zeros(shape, device: value.device)
        try whole.assign(values, toRows: rows)
        gradientSum = whole
    }
}

/// A prefix of names, like a path, under which a module creates its parameters.
///
/// ```swift
/// let attention = scope["layers"][0]["self_attn"]
/// let query = try Linear(attention["q_proj"], from: 576, to: 576)   // …layers.0.self_attn.q_proj.weight
/// ```
public struct ParameterScope {
    private let store: ParameterStore
    private let prefix: String

    /// Creates the root scope of a store.
    ///
    /// - Parameter store: The store that collects the parameters.
    public init(_ store: ParameterStore) {
        self.store = store
        prefix = ""
    }

    private init(store: ParameterStore, prefix: String) {
        self.store = store
        self.prefix = prefix
    }

    /// The scope one level down.
    ///
    /// - Parameter name: The level's name; an empty name returns this scope.
    public subscript(name: String) -> ParameterScope {
        name.isEmpty ? self : ParameterScope(store: store, prefix: prefix + name + ".")
    }

    /// The scope of a list element.
    ///
    /// - Parameter index: Zero-based index.
    public subscript(index: Int) -> ParameterScope { self["\(index)"] }

    /// Registers a matrix of this scope that an adapter can change.
    ///
    /// - Parameters:
    ///   - kind: The place of inputs and outputs in the matrix.
    ///   - weight: The matrix.
    ///   - bias: The layer's bias.
    /// - Returns: The matrix.
    func adaptedWeight(
        _ kind: AdaptedWeight.Kind,
        _ weight: Parameter,
        bias: Parameter? = nil
    ) -> AdaptedWeight {
        let path = prefix.hasSuffix(".") ? String(prefix.dropLast()) : prefix
        let result = AdaptedWeight(path: path, kind: kind, weight: weight, bias: bias)
        store.add(result)
        return result
    }

    /// Creates a parameter in this scope.
    ///
    /// - Parameters:
    ///   - name: The last component of its name.
    ///   - shape: Its shape.
    ///   - initialization: How it is initialized if no checkpoint provides it.
    ///   - role: The kind of module it belongs to.
    /// - Returns: The parameter, which has no values yet.
    /// - Throws: `.outOfMemory`.
    public func parameter(
        _ name: String,
        _ shape: [Int],
        initialization: Initialization,
        role: ParameterRole = .plain
    ) throws(TorchError) -> Parameter {
        let parameter = try Parameter(
            name: prefix + name,
            shape: shape,
            initialization: initialization,
            role: role
        )
        store.add(parameter)
        return parameter
    }
}
