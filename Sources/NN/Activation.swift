public import Torch

/// An element-wise activation function, by its name in configurations.
///
/// Source: `ACT2FN` of transformers 5.23 (activations.py).
public enum Activation: String, Sendable, Equatable, CaseIterable {
    case gelu
    /// The tanh approximation of GELU.
    case geluTanh = "gelu_pytorch_tanh"
    case quickGELU = "quick_gelu"
    case relu
    case sigmoid
    case silu
    case tanh

    /// Looks up the function by its name in a configuration.
    ///
    /// - Parameter name: transformers' name. `gelu_new`, `gelu_fast` and `gelu_pytorch_tanh` are the same function.
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
    /// - Parameter x: A tensor of any shape.
    /// - Returns: A tensor of the same shape.
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

    /// Returns the function of `gate`, times `up`: a gated linear unit.
    ///
    /// - Parameters:
    ///   - gate: A tensor of any shape.
    ///   - up: A tensor of the same shape.
    /// - Returns: A tensor of the same shape.
    /// - Throws: `.failed` if the shapes differ.
    ///
    /// Source: Shazeer 2020, "GLU variants improve transformer".
    public func gated(_ gate: Tensor, _ up: Tensor) throws(TorchError) -> Tensor {
        self == .silu ? try gate.swiglu(up) : try self(gate) * up
    }
}
