public import Torch

/// How a parameter's values come about where no checkpoint gives them.
public enum Initialization: Sendable, Equatable {
    case zeros
    case ones
    /// N(0, std²).
    case normal(std: Double)
}

/// What kind of module a parameter belongs to, where optimizers treat it in their own way.
public enum ParameterRole: Sendable, Equatable {
    case plain
    /// Layer normalisation: never decayed, whatever its name.
    case layerNorm
    /// A table of vectors: its moments stay in 32 bits.
    case embedding
}

/// A weight of a model, known by its name in the checkpoint.
public final class Parameter {
    /// The checkpoint's name for it, `model.layers.0.self_attn.q_proj.weight`.
    public let name: String
    /// Its shape.
    public let shape: [Int]
    /// How it starts where no checkpoint gives it.
    public let initialization: Initialization
    /// What kind of module it belongs to.
    public let role: ParameterRole
    /// Its values; empty (`[0]`) until ``set(_:)`` or ``initialize(random:)``.
    public private(set) var value: Tensor
    /// Whether the optimizer moves it.
    public var isTrainable = true
    /// The values rounded to bfloat16, and which version of them that was.
    private var bfloat16Copy: (tensor: Tensor, version: UInt32)?
    /// The sum of gradients that were taken in by ``sumGradient()``.
    private var gradientSum: Tensor?

    /// The block that it belongs to, from 0: the number after `layers`, `layer`, `h` or `blocks` in its name; nil for what
    /// comes before the first block or after the last.
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

    /// Gives it values.
    ///
    /// - Parameter tensor: Of ``shape``.
    /// - Throws: `.failed` if the shape is another.
    public func set(_ tensor: Tensor) throws(TorchError) {
        guard tensor.shape == shape else {
            throw TorchError(
                operation: name,
                message: "has shape \(shape), and was given one of shape \(tensor.shape)"
            )
        }
        value = tensor
        bfloat16Copy = nil
    }

    /// Gives it fresh values, float32 on the source's device.
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
    /// The float32 values rounded to bfloat16, kept and rounded again when they have changed: an optimizer's kernel does it as
    /// it moves them (``existingBFloat16Copy``), anything else that changes them has it done here.
    ///
    /// - Returns: Of ``shape``, contiguous.
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

    /// The copy that ``narrowed()`` made, if it did, for a kernel to write to.
    package var existingBFloat16Copy: Tensor? { bfloat16Copy?.tensor }

    /// Says that what moved the values has written the copy, too.
    ///
    /// - Throws: `.failed` for values that do not count their versions.
    func noteNarrowCopyIsFresh() throws(TorchError) {
        guard let bfloat16Copy else { return }
        self.bfloat16Copy = (bfloat16Copy.tensor, try value.version())
    }
}

extension Parameter {
    /// The gradient gathered so far; nil where there is none.
    ///
    /// - Returns: Of the values' type, or float32 where several were summed by ``sumGradient()``.
    /// - Throws: `.failed`.
    public func gradient() throws(TorchError) -> Tensor? {
        if let gradientSum { return gradientSum }
        return try value.gradient()
    }

    /// Whether its gradient has the rows that a batch uses and no others, as that of a float32 table on a CPU does.
    package var hasGradientOfRows: Bool {
        role == .embedding && value.dtype == .float32 && value.device == .cpu
    }

    /// The gradient gathered so far as an optimizer takes it: of an embedding, possibly of some rows only.
    func updatableGradient() throws(TorchError) -> Tensor? {
        if let gradientSum { return gradientSum }
        return try value.gradientOfRows()
    }

    /// Forgets the gradient gathered so far.
    ///
    /// - Throws: `.failed`.
    public func clearGradient() throws(TorchError) {
        gradientSum = nil
        try value.clearGradient()
    }

    /// Takes the gradient of values narrower than float32 into a float32 sum, to which the next backward pass adds: in
    /// bfloat16 a sum of several would lose what is small.
    ///
    /// - Throws: `.outOfMemory`.
    public func sumGradient() throws(TorchError) {
        guard value.dtype != .float32, let gradient = try value.gradient() else { return }
        let wide = try gradient.to(dtype: .float32)
        if let sum = gradientSum { gradientSum = try sum + wide } else { gradientSum = wide }
        try value.clearGradient()
    }
}

/// All parameters of a model, in the order in which its modules were made.
public final class ParameterStore {
    /// In PyTorch's `named_parameters` order, as long as modules are made in PyTorch's order.
    public private(set) var parameters: [Parameter] = []
    private var indices: [String: Int] = [:]

    /// An empty store.
    public init() {}

    /// The parameter of a checkpoint's name.
    ///
    /// - Parameter name: `score.weight`, say.
    public subscript(name: String) -> Parameter? { indices[name].map { parameters[$0] } }

    /// Those that the optimizer moves.
    public var trainable: [Parameter] { parameters.filter(\.isTrainable) }

    /// The number of weights.
    public var weightCount: Int { parameters.reduce(0) { $0 + $1.shape.reduce(1, *) } }

    func add(_ parameter: Parameter) {
        precondition(indices[parameter.name] == nil, "two parameters are called \(parameter.name)")
        indices[parameter.name] = parameters.count
        parameters.append(parameter)
    }

    /// Asks for gradients of every trainable parameter, or of none.
    ///
    /// - Parameter wanted: Whether ``Torch/Tensor/backward()`` shall fill them.
    /// - Throws: `.failed` for a parameter that has no floating-point values.
    public func setRequiresGradient(_ wanted: Bool) throws(TorchError) {
        for parameter in parameters {
            try parameter.value.setRequiresGradient(wanted && parameter.isTrainable)
        }
    }
}

/// A place in the tree of names under which a module makes its parameters: read it like a path.
///
/// ```swift
/// let attention = scope["layers"][0]["self_attn"]
/// let query = try Linear(attention["q_proj"], from: 576, to: 576)   // …layers.0.self_attn.q_proj.weight
/// ```
public struct ParameterScope {
    private let store: ParameterStore
    private let prefix: String

    /// The root of a store's names.
    ///
    /// - Parameter store: Where parameters go.
    public init(_ store: ParameterStore) {
        self.store = store
        prefix = ""
    }

    private init(store: ParameterStore, prefix: String) {
        self.store = store
        self.prefix = prefix
    }

    /// The place one step down.
    ///
    /// - Parameter name: The step; empty stays here.
    public subscript(name: String) -> ParameterScope {
        name.isEmpty ? self : ParameterScope(store: store, prefix: prefix + name + ".")
    }

    /// The place of a list's element.
    ///
    /// - Parameter index: From 0.
    public subscript(index: Int) -> ParameterScope { self["\(index)"] }

    /// Makes a parameter here.
    ///
    /// - Parameters:
    ///   - name: The last step of its name.
    ///   - shape: Its shape.
    ///   - initialization: How it starts where no checkpoint gives it.
    ///   - role: What kind of module it belongs to.
    /// - Returns: The parameter, without values yet.
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
