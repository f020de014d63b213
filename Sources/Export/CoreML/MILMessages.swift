import Foundation
import Models
import SwiftProtobuf

// The messages of MIL's schema, which Schema/MIL.pb.swift declares.

private typealias ArgumentMessage = CoreML_Specification_MILSpec_Argument
private typealias BlockMessage = CoreML_Specification_MILSpec_Block
private typealias DimensionMessage = CoreML_Specification_MILSpec_Dimension
private typealias FunctionMessage = CoreML_Specification_MILSpec_Function
private typealias NamedTypeMessage = CoreML_Specification_MILSpec_NamedValueType
private typealias OperationMessage = CoreML_Specification_MILSpec_Operation
private typealias TypeMessage = CoreML_Specification_MILSpec_ValueType
private typealias ValueMessage = CoreML_Specification_MILSpec_Value

extension CoreMLLowering {
    /// The operations of iOS 16 and macOS 13.
    private static let operationSet = "CoreML6"

    /// The program as MIL's message.
    var programMessage: CoreML_Specification_MILSpec_Program {
        var block = BlockMessage()
        block.operations = builder.statements.map(\.message)
        block.outputs = [Graph.outputName]
        var function = FunctionMessage()
        function.inputs = graph.inputs.map {
            MILValue(name: $0.rawValue, type: .int32, shape: [.fixed(1), .sequence]).message
        }
        function.opset = Self.operationSet
        function.blockSpecializations = [Self.operationSet: block]
        var program = CoreML_Specification_MILSpec_Program()
        program.version = 1
        program.functions = ["main": function]
        return program
    }
}

extension MILStatement {
    /// The line as MIL's message.
    fileprivate var message: CoreML_Specification_MILSpec_Operation {
        switch self {
        case .constant(let constant): constant.message
        case .operation(let operation): operation.message
        }
    }
}

extension MILConstant {
    fileprivate var message: CoreML_Specification_MILSpec_Operation {
        var message = OperationMessage()
        message.type = "const"
        message.attributes = ["name": ValueMessage(text: value.name), "val": valueMessage]
        message.outputs = [value.message]
        return message
    }

    private var valueMessage: CoreML_Specification_MILSpec_Value {
        var message = ValueMessage()
        message.type = TypeMessage(value.type, value.shape)
        switch contents {
        case .numbers(let numbers) where value.type == .float16:
            message.immediateValue.tensor.bytes.values = Data(floatingPointBytes(numbers, .float16))
        case .numbers(let numbers): message.immediateValue.tensor.floats.values = numbers
        case .integers(let numbers): message.immediateValue.tensor.ints.values = numbers
        case .flags(let flags): message.immediateValue.tensor.bools.values = flags
        case .text(let text): message.immediateValue.tensor.strings.values = [text]
        case .stored(let offset):
            message.blobFileValue.fileName = MILWeightFile.reference
            message.blobFileValue.offset = UInt64(offset)
        }
        return message
    }
}

extension MILOperation {
    fileprivate var message: CoreML_Specification_MILSpec_Operation {
        var message = OperationMessage()
        message.type = type
        message.attributes = ["name": ValueMessage(text: output.name)]
        for (name, values) in inputs {
            var argument = ArgumentMessage()
            argument.arguments = values.map {
                var binding = ArgumentMessage.Binding()
                binding.name = $0.name
                return binding
            }
            message.inputs[name] = argument
        }
        message.outputs = [output.message]
        return message
    }
}

extension MILValue {
    /// The result's name and type as MIL's message.
    fileprivate var message: CoreML_Specification_MILSpec_NamedValueType {
        var message = NamedTypeMessage()
        message.name = name
        message.type = TypeMessage(type, shape)
        return message
    }
}

extension CoreML_Specification_MILSpec_Value {
    /// Creates a text.
    fileprivate init(text: String) {
        self.init()
        type = TypeMessage(.text, [])
        immediateValue.tensor.strings.values = [text]
    }
}

extension CoreML_Specification_MILSpec_ValueType {
    /// Creates the type of a tensor.
    fileprivate init(_ type: MILType, _ shape: [Graph.Dimension]) {
        self.init()
        tensorType.dataType = type.message
        tensorType.rank = Int64(shape.count)
        tensorType.dimensions = shape.map { size in
            var dimension = DimensionMessage()
            switch size {
            case .fixed(let number): dimension.constant.size = UInt64(number)
            case .sequence, .batch: dimension.unknown = DimensionMessage.UnknownDimension()
            }
            return dimension
        }
    }
}

extension MILType {
    fileprivate var message: CoreML_Specification_MILSpec_DataType {
        switch self {
        case .float16: .float16
        case .float32: .float32
        case .int32: .int32
        case .bool: .bool
        case .text: .string
        }
    }
}
