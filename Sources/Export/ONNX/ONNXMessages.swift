import Foundation
import Models
import SwiftProtobuf

// The messages of ONNX's schema, which Schema/onnx.pb.swift declares.

extension ONNXNode {
    /// The node as ONNX's message.
    var message: Onnx_NodeProto {
        var message = Onnx_NodeProto()
        message.name = name
        message.opType = operation
        if !domain.isEmpty { message.domain = domain }
        message.input = inputs
        message.output = outputs
        message.attribute = attributes.map { name, value in
            var attribute = Onnx_AttributeProto()
            attribute.name = name
            switch value {
            case .int(let number):
                attribute.type = .int
                attribute.i = Int64(number)
            case .ints(let numbers):
                attribute.type = .ints
                attribute.ints = numbers.map(Int64.init)
            case .float(let number):
                attribute.type = .float
                attribute.f = number
            case .string(let text):
                attribute.type = .string
                attribute.s = Data(text.utf8)
            }
            return attribute
        }
        return message
    }
}

extension ONNXTensor {
    /// The tensor without its values, as ONNX's message.
    var header: Onnx_TensorProto {
        var message = Onnx_TensorProto()
        message.name = name
        message.dataType = type.rawValue
        message.dims = shape.map(Int64.init)
        if !note.isEmpty { message.docString = note }
        return message
    }

    /// The tensor with the place of its values in another file, as ONNX's message.
    ///
    /// - Parameters:
    ///   - offset: The place of the first byte.
    ///   - file: The name of the file, which is next to the model.
    /// - Returns: The message.
    func header(at offset: Int, in file: String) -> Onnx_TensorProto {
        var message = header
        message.dataLocation = .external
        message.externalData = [("location", file), ("offset", "\(offset)"), ("length", "\(byteCount)")]
            .map { Onnx_StringStringEntryProto($0.0, $0.1) }
        return message
    }
}

extension Onnx_StringStringEntryProto {
    /// Creates an entry.
    ///
    /// - Parameters:
    ///   - key: The name.
    ///   - value: The value.
    init(_ key: String, _ value: String) {
        self.init()
        self.key = key
        self.value = value
    }
}

extension Onnx_ValueInfoProto {
    /// Creates the description of an input or output.
    ///
    /// - Parameters:
    ///   - name: Its name.
    ///   - type: The type of its elements.
    ///   - shape: Its sizes; those of a batch get names.
    init(_ name: String, _ type: ONNXType, _ shape: [Graph.Dimension]) {
        self.init()
        self.name = name
        self.type.tensorType.elemType = type.rawValue
        self.type.tensorType.shape.dim = shape.map {
            var dimension = Onnx_TensorShapeProto.Dimension()
            switch $0 {
            // The names that Optimum gives them.
            case .batch: dimension.dimParam = "batch_size"
            case .sequence: dimension.dimParam = "sequence_length"
            case .fixed(let size): dimension.dimValue = Int64(size)
            }
            return dimension
        }
    }
}

extension ONNXLowering {
    /// The graph without the stored tensors, as ONNX's message.
    ///
    /// - Parameter name: The name of the graph.
    /// - Returns: The message.
    func graphMessage(named name: String) -> Onnx_GraphProto {
        var message = Onnx_GraphProto()
        message.name = name
        message.node = builder.nodes.map(\.message)
        message.input = graph.onnxInputs.map {
            Onnx_ValueInfoProto($0.rawValue, .int64, [.batch, .sequence])
        }
        message.output = [Onnx_ValueInfoProto(Graph.outputName, .float32, graph[graph.output].shape)]
        return message
    }

    /// The model without its graph, as ONNX's message.
    ///
    /// - Parameters:
    ///   - version: Attune's version.
    ///   - metadata: Names and values that programs can read, such as the labels.
    /// - Returns: The message.
    func modelMessage(version: String, metadata: [(name: String, value: String)]) -> Onnx_ModelProto {
        var message = Onnx_ModelProto()
        // The versions of the format in which these operators appeared.
        message.irVersion =
            switch options.opset {
            case ...18: 8
            case 19, 20: 9
            default: 10
            }
        message.producerName = "attune"
        message.producerVersion = version
        var domains: [(String, Int)] = [("", options.opset)]
        if builder.usesContrib { domains.append((ONNXBuilder.contrib, 1)) }
        message.opsetImport = domains.map { domain, version in
            var opset = Onnx_OperatorSetIdProto()
            opset.domain = domain
            opset.version = Int64(version)
            return opset
        }
        message.metadataProps = metadata.map { Onnx_StringStringEntryProto($0.name, $0.value) }
        return message
    }
}
