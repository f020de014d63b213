public import Torch

/// A pointwise non-linearity, by the names that configurations have for it.
///
/// Source: `ACT2FN` of transformers 5.23 (activations.py).
public enum Activation: String, Sendable, Equatable, CaseIterable {
    case gelu
    /// The approximation by tanh.
    case geluTanh = "gelu_pytorch_tanh"
    case quickGELU = "quick_gelu"
    case relu
    case sigmoid
    case silu
    case tanh

    /// The function that a configuration names.
    ///
    /// - Parameter name: transformers' name, of which some mean the same: `gelu_new`, `gelu_fast` and `gelu_pytorch_tanh`.
    public init?(configurationName name: String) {
        switch name {
        case "gelu_new", "gelu_fast", "gelu_python_tanh": self = .geluTanh
        case "gelu_python": self = .gelu
        case "swish": self = .silu
        default: self.init(rawValue: name)
        }
    }

    /// Applies the function.
    ///
    /// - Parameter x: Any shape.
    /// - Returns: A tensor of that shape.
    /// - Throws: `.outOfMemory`.
    public func callAsFunction(_ x: Tensor) throws(TorchError) -> Tensor {
        switch self {
        case .gelu: try x.map(.gelu)
        case .geluTanh: try x.map(.geluTanh)
        case .quickGELU: try x * (x * 1.702).map(.sigmoid)
        case .relu: try x.map(.relu)
        case .sigmoid: try x.map(.sigmoid)
        case .silu: try x.map(.silu)
        case .tanh: try x.map(.tanh)
        }
    }

    /// The function of `gate`, times `up`: a gated linear unit.
    ///
    /// - Parameters:
    ///   - gate: Any shape.
    ///   - up: A tensor of that shape.
    /// - Returns: A tensor of that shape.
    /// - Throws: `.failed` if the shapes differ.
    ///
    /// Source: Shazeer 2020, "GLU variants improve transformer".
    public func gated(_ gate: Tensor, _ up: Tensor) throws(TorchError) -> Tensor {
        self == .silu ? try gate.swiglu(up) : try self(gate) * up
    }
}
