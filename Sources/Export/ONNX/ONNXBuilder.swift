/// The value of an operator's attribute.
enum ONNXAttribute: Equatable {
    case int(Int)
    case ints([Int])
    case float(Float)
    case string(String)
}

/// An operator of an ONNX graph with the names of its inputs and outputs.
struct ONNXNode {
    var name: String
    var operation: String
    /// The set of operators: empty for ONNX's own, or `com.microsoft`.
    var domain = ""
    /// An empty name stands for an input that is left out.
    var inputs: [String]
    var outputs: [String]
    var attributes: [(name: String, value: ONNXAttribute)] = []
}

/// Collects the nodes and tensors of an ONNX graph under unique names.
struct ONNXBuilder {
    /// The operators of ONNX Runtime.
    static let contrib = "com.microsoft"

    private(set) var nodes: [ONNXNode] = []
    private(set) var tensors: [ONNXTensor] = []
    private var names: Set<String> = []
    /// Results that several nodes use, by a description of their computation.
    private var sharedNames: [String: String] = [:]

    /// Whether a node needs the operators of ONNX Runtime.
    var usesContrib: Bool { nodes.contains { $0.domain == Self.contrib } }

    /// Reserves a name.
    ///
    /// - Parameter name: The wanted name.
    /// - Returns: The name, with a number if it is used already.
    mutating func unused(_ name: String) -> String {
        var candidate = name
        var number = 1
        while !names.insert(candidate).inserted {
            number += 1
            candidate = "\(name)_\(number)"
        }
        return candidate
    }

    /// Adds a node with one output.
    ///
    /// - Parameters:
    ///   - operation: The operator.
    ///   - inputs: The names of its inputs; empty for one that is left out.
    ///   - name: The name of the node and of its output.
    ///   - domain: The set of operators.
    ///   - attributes: Its attributes.
    /// - Returns: The name of the output.
    mutating func add(
        _ operation: String,
        _ inputs: [String],
        as name: String,
        domain: String = "",
        _ attributes: KeyValuePairs<String, ONNXAttribute> = [:]
    ) -> String {
        let output = unused(name)
        add(operation, inputs, outputs: [output], as: output, domain: domain, attributes)
        return output
    }

    /// Adds a node with any outputs.
    ///
    /// - Parameters:
    ///   - operation: The operator.
    ///   - inputs: The names of its inputs; empty for one that is left out.
    ///   - outputs: The reserved names of its outputs; empty for one that is left out.
    ///   - name: The name of the node.
    ///   - domain: The set of operators.
    ///   - attributes: Its attributes.
    mutating func add(
        _ operation: String,
        _ inputs: [String],
        outputs: [String],
        as name: String,
        domain: String = "",
        _ attributes: KeyValuePairs<String, ONNXAttribute> = [:]
    ) {
        nodes.append(
            ONNXNode(
                name: name,
                operation: operation,
                domain: domain,
                inputs: inputs,
                outputs: outputs,
                attributes: attributes.map { (name: $0.key, value: $0.value) }
            )
        )
    }

    /// Adds a tensor.
    ///
    /// - Parameters:
    ///   - name: The wanted name.
    ///   - type: The type of its elements.
    ///   - shape: Its sizes, outermost first.
    ///   - values: The source of its values.
    ///   - note: A remark for readers of the file.
    /// - Returns: Its name.
    mutating func tensor(
        _ name: String,
        _ type: ONNXType,
        _ shape: [Int],
        _ values: ONNXTensor.Values,
        note: String = ""
    ) -> String {
        let name = unused(name)
        tensors.append(ONNXTensor(name: name, type: type, shape: shape, values: values, note: note))
        return name
    }

    /// Returns a result that is computed once for all its users.
    ///
    /// - Parameters:
    ///   - key: A description of the computation.
    ///   - make: Adds its nodes and returns the name of the result.
    /// - Returns: The name of the result.
    /// - Throws: The error of `make`.
    mutating func shared<Failure: Error>(
        _ key: String,
        _ make: (inout ONNXBuilder) throws(Failure) -> String
    ) throws(Failure) -> String {
        if let name = sharedNames[key] { return name }
        let name = try make(&self)
        sharedNames[key] = name
        return name
    }

    // MARK: Constants

    /// A one-dimensional int64 constant, such as a shape.
    ///
    /// - Parameter numbers: The elements.
    /// - Returns: Its name.
    mutating func integers(_ numbers: [Int]) -> String {
        let text = numbers.map(String.init).joined(separator: "_")
        return shared("integers \(text)") {
            $0.tensor(
                "constants/int64_\(text)",
                .int64,
                [numbers.count],
                .bytes(littleEndianBytes(numbers.map(Int64.init)))
            )
        }
    }

    /// An int64 constant without axes.
    ///
    /// - Parameter number: The value.
    /// - Returns: Its name.
    mutating func integer(_ number: Int) -> String {
        shared("integer \(number)") {
            $0.tensor("constants/scalar_\(number)", .int64, [], .bytes(littleEndianBytes([Int64(number)])))
        }
    }

    /// A floating-point constant without axes.
    ///
    /// - Parameters:
    ///   - number: The value.
    ///   - type: float32 or float16.
    /// - Returns: Its name.
    mutating func number(_ number: Double, _ type: ONNXType) -> String {
        shared("number \(number) \(type)") {
            $0.tensor(
                "constants/\(type)_\(number)",
                type,
                [],
                .bytes(floatingPointBytes([Float(number)], type))
            )
        }
    }
}

/// Half of the largest float16: the sum of two such numbers is finite.
private let largestSafeFloat16: Float = 65_504 / 2

/// The bytes of numbers in a floating-point type.
///
/// - Parameters:
///   - numbers: The numbers. Those beyond float16, such as the score of a masked key, become half of its largest number.
///   - type: float32 or float16.
/// - Returns: Their bytes, in order.
func floatingPointBytes(_ numbers: [Float], _ type: ONNXType) -> [UInt8] {
    guard type == .float16 else { return littleEndianBytes(numbers) }
    return littleEndianBytes(
        numbers.map { number -> UInt16 in
            guard abs(number) > 65_504 else { return float16Bits(number) }
            return float16Bits(number < 0 ? -largestSafeFloat16 : largestSafeFloat16)
        }
    )
}

/// The bits of a number rounded to the nearest float16, ties to even.
///
/// Swift's `Float16` does not exist on Macs with Intel processors.
///
/// - Parameter number: A number.
/// - Returns: The bits; infinity for numbers beyond float16.
func float16Bits(_ number: Float) -> UInt16 {
    let sign = UInt16(truncatingIfNeeded: number.bitPattern >> 16) & 0x8000
    let size = abs(number)
    guard !size.isNaN else { return sign | 0x7E00 }
    guard size < 65_520 else { return sign | 0x7C00 }
    // The distance of neighbouring float16 numbers: 2^-24 for subnormal ones, else 2^(exponent - 10).
    let exponent = max(size == 0 ? -14 : Int(size.exponent), -14)
    let steps = (Double(size) * Double(sign: .plus, exponent: 10 - exponent, significand: 1))
        .rounded(.toNearestOrEven)
    // A normal number has 1,024 steps more than its ten bits hold; rounding up to 2,048 raises the exponent.
    return sign | UInt16(Int(steps) + (exponent + 14) << 10)
}
