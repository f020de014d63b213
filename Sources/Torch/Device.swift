import CTorch

/// The device that stores a tensor's elements and runs its operations.
public enum Device: Sendable, Hashable {
    case cpu
    /// An NVIDIA GPU, by index.
    case cuda(Int)
    /// Apple's GPU.
    case mps

    var native: ct_device {
        switch self {
        case .cpu: ct_device(type: CT_CPU, index: 0)
        case .cuda(let index): ct_device(type: CT_CUDA, index: Int32(index))
        case .mps: ct_device(type: CT_MPS, index: 0)
        }
    }

    init(native: ct_device) {
        self =
            switch native.type {
            case CT_CUDA: .cuda(Int(native.index))
            case CT_MPS: .mps
            default: .cpu
            }
    }
}

extension Device: CustomStringConvertible {
    /// PyTorch's name: `cpu`, `cuda:0`, `mps`.
    public var description: String {
        switch self {
        case .cpu: "cpu"
        case .cuda(let index): "cuda:\(index)"
        case .mps: "mps"
        }
    }
}
