import Classification
import Files
import Models
import SwiftProtobuf

extension CoreMLLowering {
    /// The version of the format that iOS 16 and macOS 13 introduced.
    private static let specificationVersion: Int32 = 7
    /// The length that Core ML prepares for, if the classifier takes such texts.
    private static let usualLength = 128

    /// The model without its weights, as Core ML's message.
    ///
    /// - Parameters:
    ///   - classifier: The classifier.
    ///   - longest: The most tokens of a text.
    /// - Returns: The message.
    func modelMessage(of classifier: TextClassifier, longest: Int) -> CoreML_Specification_Model {
        var message = CoreML_Specification_Model()
        message.specificationVersion = Self.specificationVersion
        message.description_p.input = graph.inputs.map { Self.description(of: $0, longest: longest) }
        message.description_p.output = [outputDescription]
        message.description_p.metadata = Self.metadata(of: classifier)
        message.mlProgram = programMessage
        return message
    }

    private static func description(
        of input: Graph.Input,
        longest: Int
    ) -> CoreML_Specification_FeatureDescription {
        var message = CoreML_Specification_FeatureDescription()
        message.name = input.rawValue
        message.shortDescription =
            switch input {
            case .inputIDs: "The ids of a text's tokens."
            case .attentionMask: "1 for a token, 0 for padding, on either side."
            case .tokenTypeIDs: "0 for the first text of a pair, 1 for the second."
            }
        message.type.multiArrayType.dataType = .int32
        message.type.multiArrayType.shape = [1, Int64(min(longest, usualLength))]
        message.type.multiArrayType.shapeRange.sizeRanges = [(1, 1), (1, longest)].map { lowest, highest in
            var range = CoreML_Specification_SizeRange()
            range.lowerBound = UInt64(lowest)
            range.upperBound = Int64(highest)
            return range
        }
        return message
    }

    private var outputDescription: CoreML_Specification_FeatureDescription {
        var message = CoreML_Specification_FeatureDescription()
        message.name = Graph.outputName
        message.shortDescription = "One number for each label, before softmax or sigmoid."
        message.type.multiArrayType.dataType = .float32
        message.type.multiArrayType.shape = Self.shape(graph[graph.output].shape).map {
            if case .fixed(let size) = $0 { Int64(size) } else { -1 }
        }
        return message
    }

    private static func metadata(of classifier: TextClassifier) -> CoreML_Specification_Metadata {
        var message = CoreML_Specification_Metadata()
        message.shortDescription =
            "Classifies texts; the labels are in attune.labels, in the order of the logits."
        message.versionString = attuneVersion
        for (name, value) in exportMetadata(of: classifier) { message.userDefined[name] = value }
        return message
    }
}
