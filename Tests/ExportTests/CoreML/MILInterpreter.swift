import Foundation
import SwiftProtobuf
import TestSupport

@testable import Export

/// Computes a MIL program in float64, by the definitions of its operations.
///
/// Source: the documentation of operations in coremltools 9 (converters/mil/mil/ops/defs, iOS15 and iOS16).
struct MILInterpreter {
    /// The operations that compute, without the constants.
    let operations: [CoreML_Specification_MILSpec_Operation]
    private let outputName: String
    private(set) var constants: [String: Numbers] = [:]
    private var texts: [String: String] = [:]

    /// Reads a program.
    ///
    /// - Parameters:
    ///   - program: The program.
    ///   - weights: The content of its file of weights.
    /// - Throws: An error for a program or weights that contradict themselves.
    init(_ program: CoreML_Specification_MILSpec_Program, weights: [UInt8]) throws {
        guard let function = program.functions["main"],
            let block = function.blockSpecializations[function.opset],
            block.outputs.count == 1
        else { throw FixtureError("there is no main function with one output") }
        outputName = block.outputs[0]
        operations = block.operations.filter { $0.type != "const" }
        for constant in block.operations where constant.type == "const" {
            guard let value = constant.attributes["val"], let name = constant.outputs.first?.name else {
                throw FixtureError("a constant has no value")
            }
            let strings = value.immediateValue.tensor.strings.values
            if let text = strings.first {
                texts[name] = text
            } else {
                constants[name] = try Self.numbers(value, weights)
            }
        }
    }

    private static func numbers(
        _ value: CoreML_Specification_MILSpec_Value,
        _ weights: [UInt8]
    ) throws -> Numbers {
        let type = value.type.tensorType
        let shape = type.dimensions.map { Int($0.constant.size) }
        let tensor = value.immediateValue.tensor
        let isFloat16 = type.dataType == .float16
        let values: [Double]
        if case .blobFileValue(let place)? = value.value {
            values = try stored(at: Int(place.offset), isFloat16, weights)
        } else {
            switch type.dataType {
            case .float16: values = Self.float16s(Array(tensor.bytes.values))
            case .float32: values = tensor.floats.values.map(Double.init)
            case .int32: values = tensor.ints.values.map(Double.init)
            case .bool: values = tensor.bools.values.map { $0 ? 1 : 0 }
            default: throw FixtureError("a constant has the unknown type \(type.dataType)")
            }
        }
        guard values.count == shape.reduce(1, *) else {
            throw FixtureError("a constant has \(values.count) elements")
        }
        return Numbers(values, shape)
    }

    /// The numbers after a header in the file of weights.
    private static func stored(at offset: Int, _ isFloat16: Bool, _ bytes: [UInt8]) throws -> [Double] {
        try bytes.withUnsafeBytes { bytes in
            guard offset % 64 == 0, offset + 64 <= bytes.count else {
                throw FixtureError("no weight is at \(offset)")
            }
            let sentinel = bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
            let type = bytes.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)
            let size = Int(bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self))
            let start = Int(bytes.loadUnaligned(fromByteOffset: offset + 16, as: UInt64.self))
            guard sentinel == 0xDEAD_BEEF, type == (isFloat16 ? 1 : 2), start == offset + 64,
                start + size <= bytes.count
            else { throw FixtureError("the header at \(offset) is not that of the weight") }
            let part = Array(bytes[start..<start + size])
            guard !isFloat16 else { return float16s(part) }
            return part.withUnsafeBytes { part in
                stride(from: 0, to: size, by: 4).map {
                    Double(part.loadUnaligned(fromByteOffset: $0, as: Float.self))
                }
            }
        }
    }

    private static func float16s(_ bytes: [UInt8]) -> [Double] {
        stride(from: 0, to: bytes.count, by: 2).map {
            ONNXInterpreter.float16(UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8)
        }
    }

    /// Computes the logits of one text; checks every declared shape.
    func logits(_ inputs: [String: Numbers]) throws -> [Double] {
        var results = constants
        for (name, value) in inputs { results[name] = value }
        for operation in operations {
            var operands = MILOperator(type: operation.type)
            for (name, argument) in operation.inputs {
                for binding in argument.arguments {
                    if let text = texts[binding.name] {
                        operands.texts[name] = text
                    } else if let value = results[binding.name] {
                        operands.numbers[name, default: []].append(value)
                    } else {
                        throw FixtureError("\(operation.type) uses \(binding.name) too early")
                    }
                }
            }
            let (output, value) = (operation.outputs[0], try operands.output())
            let sizes = output.type.tensorType.dimensions
            let fits =
                sizes.count == value.shape.count
                && zip(sizes, value.shape).allSatisfy { size, own in
                    size.dimension == .unknown(.init()) || Int(size.constant.size) == own
                }
            guard fits else { throw FixtureError("\(output.name) has shape \(value.shape)") }
            guard results.updateValue(value, forKey: output.name) == nil else {
                throw FixtureError("\(output.name) is computed twice")
            }
        }
        guard let logits = results[outputName] else { throw FixtureError("there are no logits") }
        return logits.values
    }
}
