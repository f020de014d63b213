public import Torch

/// All parameters of a model, in the order in which its modules were created.
public final class ParameterStore {
    /// The parameters in the order of PyTorch's `named_parameters`, if modules are created in PyTorch's order.
    public private(set) var parameters: [Parameter] = []
    /// The matrices that an adapter can change, in the same order.
    package private(set) var adaptedWeights: [AdaptedWeight] = []
    private var indices: [String: Int] = [:]

    /// Creates an empty store.
    public init() {}

    /// The parameter with a name in the checkpoint.
    ///
    /// - Parameter name: The name, for example `score.weight`.
    public subscript(name: String) -> Parameter? { indices[name].map { parameters[$0] } }

    /// The parameters that the optimizer updates.
    public var trainable: [Parameter] { parameters.filter(\.isTrainable) }

    /// The number of weights.
    public var weightCount: Int { parameters.reduce(0) { $0 + $1.shape.reduce(1, *) } }

    func add(_ parameter: Parameter) {
        precondition(indices[parameter.name] == nil, "two parameters have the name \(parameter.name)")
        indices[parameter.name] = parameters.count
        parameters.append(parameter)
    }

    func add(_ weight: AdaptedWeight) { adaptedWeights.append(weight) }

    /// Inserts the parameters of an adapter behind those of its layer.
    ///
    /// - Parameters:
    ///   - added: The parameters, with new names.
    ///   - last: The layer's last parameter.
    package func insert(_ added: [Parameter], after last: Parameter) {
        let index = (indices[last.name] ?? parameters.count - 1) + 1
        parameters.insert(contentsOf: added, at: index)
        reindex()
    }

    /// Removes parameters.
    ///
    /// - Parameter removed: Their names.
    package func remove(_ removed: Set<String>) {
        parameters.removeAll { removed.contains($0.name) }
        reindex()
    }

    private func reindex() {
        indices = Dictionary(uniqueKeysWithValues: parameters.enumerated().map { ($1.name, $0) })
    }

    /// Turns gradients of all trainable parameters on, or of all parameters off.
    ///
    /// - Parameter wanted: Whether `Tensor.backward()` computes them.
    /// - Throws: `.failed` for a parameter that has no floating-point values.
    public func setRequiresGradient(_ wanted: Bool) throws(TorchError) {
        for parameter in parameters {
            try parameter.value.setRequiresGradient(wanted && parameter.isTrainable)
        }
    }
}
