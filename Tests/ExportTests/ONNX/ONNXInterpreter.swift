import Foundation
import SwiftProtobuf
import TestSupport

@testable import Export

/// Computes an ONNX model in float64, by the definitions of its operators.
///
/// Source: docs/Operators.md of ONNX; docs/ContribOperators.md of ONNX Runtime.
struct ONNXInterpreter {
    let model: Onnx_ModelProto
    private var tensors: [String: Numbers] = [:]

    /// Opens a model, with its weights if they are in a second file.
    init(_ url: URL) throws {
        model = try Onnx_ModelProto(serializedBytes: Data(contentsOf: url))
        for tensor in model.graph.initializer {
            tensors[tensor.name] = try Self.numbers(tensor, folder: url.deletingLastPathComponent())
        }
    }

    /// The values of a stored tensor.
    func stored(_ name: String) throws -> Numbers {
        guard let tensor = tensors[name] else { throw FixtureError("there is no tensor \(name)") }
        return tensor
    }

    private static func numbers(_ tensor: Onnx_TensorProto, folder: URL) throws -> Numbers {
        var bytes = tensor.rawData
        if tensor.dataLocation == .external {
            let place = Dictionary(uniqueKeysWithValues: tensor.externalData.map { ($0.key, $0.value) })
            guard let name = place["location"], let offset = place["offset"].flatMap(Int.init),
                let length = place["length"].flatMap(Int.init), offset % 4096 == 0
            else { throw FixtureError("\(tensor.name) has no place") }
            bytes = try Data(contentsOf: folder.appending(path: name)).dropFirst(offset).prefix(length)
        }
        func elements<Element: BitwiseCopyable>(_ type: Element.Type) -> [Element] {
            Array(bytes).withUnsafeBytes { bytes in
                (0..<bytes.count / MemoryLayout<Element>.stride).map {
                    bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Element>.stride, as: type)
                }
            }
        }
        let values: [Double]
        switch ONNXType(rawValue: tensor.dataType) {
        case .float32: values = elements(Float.self).map(Double.init)
        case .float16: values = elements(UInt16.self).map(float16)
        case .int64: values = elements(Int64.self).map(Double.init)
        case .uint8, .bool: values = elements(UInt8.self).map(Double.init)
        case .int8: values = elements(Int8.self).map(Double.init)
        case .int32: values = elements(Int32.self).map(Double.init)
        case nil: throw FixtureError("\(tensor.name) has the unknown type \(tensor.dataType)")
        }
        let shape = tensor.dims.map { Int($0) }
        guard values.count == shape.reduce(1, *) else { throw FixtureError("\(tensor.name) has other bytes") }
        return Numbers(values, shape)
    }

    /// The value of a float16's bits.
    static func float16(_ bits: UInt16) -> Double {
        let exponent = Int(bits >> 10 & 0x1F)
        let fraction = Double(bits & 0x3FF)
        let sign: Double = bits & 0x8000 == 0 ? 1 : -1
        switch exponent {
        case 0: return sign * fraction * Double(sign: .plus, exponent: -24, significand: 1)
        case 31: return fraction == 0 ? sign * .infinity : .nan
        default:
            return sign * (1024 + fraction) * Double(sign: .plus, exponent: exponent - 25, significand: 1)
        }
    }

    /// Computes the logits.
    func logits(_ inputs: [String: Numbers]) throws -> Numbers {
        var results = tensors
        for (name, value) in inputs { results[name] = value }
        for node in model.graph.node {
            let operands = try node.input.map { name -> Numbers? in
                guard !name.isEmpty else { return nil }
                guard let value = results[name] else {
                    throw FixtureError("\(node.name) uses \(name) too early")
                }
                return value
            }
            let outputs = try ONNXOperator(node: node, optionalInputs: operands).outputs()
            for (name, value) in zip(node.output, outputs) where !name.isEmpty {
                guard results.updateValue(value, forKey: name) == nil else {
                    throw FixtureError("\(name) is computed twice")
                }
            }
        }
        guard let logits = results["logits"] else { throw FixtureError("there are no logits") }
        return logits
    }
}
