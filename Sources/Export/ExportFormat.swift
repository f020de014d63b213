/// A file format that a classifier can be exported to.
public enum ExportFormat: String, Sendable, CaseIterable {
    /// Open Neural Network Exchange, for ONNX Runtime in many languages and in browsers.
    case onnx
    /// The format of llama.cpp.
    case gguf
    /// Apple's Core ML, as an ML program.
    case coreml
    /// The Hub's layout, in another number type or with a smaller vocabulary.
    case safetensors
    /// One file with the whole classifier, for Attune.
    case attune
}
