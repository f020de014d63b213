import Models

/// A type of the elements of a result in a MIL program.
enum MILType: Hashable {
    case float16, float32, int32, bool, text

    /// The type's name as an argument of `cast`.
    var name: String {
        switch self {
        case .float16: "fp16"
        case .float32: "fp32"
        case .int32: "int32"
        case .bool: "bool"
        case .text: "string"
        }
    }

    /// The type of stored weights, float16 or float32.
    var stored: ONNXType { self == .float16 ? .float16 : .float32 }
}

/// A result in a MIL program.
///
/// A package computes one text at a time, so B is 1.
struct MILValue: Hashable {
    let name: String
    let type: MILType
    /// The sizes, outermost first: fixed numbers, or S.
    let shape: [Graph.Dimension]
}

/// An argument of an operation: results, or a constant.
enum MILArgument {
    case value(MILValue)
    case values([MILValue])
    case integer(Int)
    case integers([Int])
    case flag(Bool)
    case flags([Bool])
    case number(Double, MILType)
    case text(String)
}

/// A constant of a MIL program.
struct MILConstant {
    /// The source of the elements.
    enum Contents {
        case numbers([Float])
        case integers([Int32])
        case flags([Bool])
        case text(String)
        /// The place in the file of weights.
        case stored(offset: Int)
    }

    let value: MILValue
    let contents: Contents
}

/// A computation of a MIL program.
struct MILOperation {
    /// The name of the operation, such as `matmul`.
    let type: String
    let inputs: [(name: String, values: [MILValue])]
    let output: MILValue
}

/// A line of a MIL program.
enum MILStatement {
    case constant(MILConstant)
    case operation(MILOperation)
}

/// The common shape of some results, aligned at their last axes.
///
/// - Parameter values: Results whose shapes broadcast, as in NumPy.
/// - Returns: The shape.
func broadcastShape(_ values: [MILValue]) -> [Graph.Dimension] {
    let rank = values.map(\.shape.count).max() ?? 0
    return (0..<rank).map { axis in
        let sizes = values.compactMap { value -> Graph.Dimension? in
            let index = axis - (rank - value.shape.count)
            return index < 0 ? nil : value.shape[index]
        }
        return sizes.first { $0 != .fixed(1) } ?? .fixed(1)
    }
}
