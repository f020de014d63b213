public import Foundation
import Torch

/// Whether the answers of an exported classifier can be computed here.
public enum ExportedWeights: Sendable, Equatable {
    /// Attune opens the folder or file, whose weights are those of the format.
    case opened(URL)
    /// The answers are those of the classifier before, except for the last digits.
    case unchanged
    /// The program that opens the format computes in another way; the reason, for people.
    case elsewhere(String)
}

extension ExportRequest {
    /// Whether the answers of an exported classifier can be computed here.
    ///
    /// - Parameter place: The folder or file that was written.
    /// - Returns: A place to open, or a reason.
    public func weights(at place: URL) -> ExportedWeights {
        switch format {
        case .safetensors, .gguf, .attune: return .opened(place)
        case .coreml: return type == .float32 ? .unchanged : .elsewhere("Core ML computes in float16 itself")
        case .onnx:
            switch precision {
            case .float32: return .unchanged
            case .float16: return .elsewhere("the file also computes in float16")
            case .int8, .int8QDQ, .int4:
                return .elsewhere("ONNX Runtime also rounds the states between layers to 8 bits")
            }
        }
    }
}
