public import ArgumentParser
import Attune
public import Export
import Foundation

extension ExportFormat: ExpressibleByArgument {}
extension ExportRequest.Quantization: ExpressibleByArgument {}

/// The format of an export, and how weights are rounded.
struct ExportOptions: ParsableArguments {
    /// The possible types of the written weights.
    enum WeightType: String, ExpressibleByArgument, CaseIterable {
        case fp32, fp16, bf16

        /// The tensors' type.
        var dtype: DType {
            switch self {
            case .fp32: .float32
            case .fp16: .float16
            case .bf16: .bfloat16
            }
        }
    }

    @Option(
        help: ArgumentHelp(
            "onnx (ONNX Runtime, transformers.js, Optimum), gguf (llama.cpp), coreml (Apple), safetensors (transformers) or attune (one file).",
            valueName: "format"
        )
    )
    var format: ExportFormat

    @Option(
        help: ArgumentHelp(
            "The folder or file to write. Default: the model's name with the format's ending, next to it.",
            valueName: "path"
        )
    )
    var output: String?

    @Option(
        help: ArgumentHelp(
            "The type of the weights: fp32, fp16 or bf16. Default: fp16 for gguf and coreml, else fp32.",
            valueName: "type"
        )
    )
    var dtype: WeightType?

    @Option(
        help: ArgumentHelp(
            "Weights in fewer bits, instead of --dtype: int8, int8-qdq or int4 for onnx, q8_0 or q4_k for gguf and attune.",
            valueName: "form"
        )
    )
    var quantize: ExportRequest.Quantization?

    @Option(
        help: ArgumentHelp(
            "The version of ONNX's operators. Default: the newest that current runtimes read.",
            valueName: "version"
        )
    )
    var opset: Int?

    @Flag(help: "Use ONNX Runtime's own operators, which are faster there and unknown elsewhere.")
    var contribOperators = false

    @Option(
        help: ArgumentHelp(
            "Keep only the tokens that the texts of this file use: a much smaller embedding, and the same scores for such texts.",
            valueName: "file"
        )
    )
    var keepTokens: String?

    func validate() throws {
        do throws(ExportError) {
            try request.check()
        } catch {
            throw ValidationError(error.message)
        }
        if format == .coreml, let output, URL(filePath: output).pathExtension != "mlpackage" {
            throw ValidationError(
                "Core ML opens packages with the ending .mlpackage only; give --output NAME.mlpackage"
            )
        }
    }

    /// The settings, without the texts of ``keepTokens``.
    var request: ExportRequest {
        var request = ExportRequest(format)
        request.dtype = dtype?.dtype
        request.quantization = quantize
        request.opset = opset
        request.usesContribOperators = contribOperators
        return request
    }

    /// The folder or file to write.
    ///
    /// - Parameter model: The model, as it was given.
    /// - Returns: ``output``, or a name made of the model's.
    func place(for model: String) -> URL {
        let hint: URL.DirectoryHint = format.isFolder ? .isDirectory : .notDirectory
        if let output { return URL(filePath: output, directoryHint: hint) }
        var name = model
        if let id = ModelSource(model).hubID { name = id.split(separator: "/").last.map(String.init) ?? id }
        while name.count > 1, name.hasSuffix("/") { name.removeLast() }
        if [".", ".."].contains(name.split(separator: "/").last) {
            name = HubPath.path(URL(filePath: name).standardizedFileURL)
        }
        for ending in [".gguf", ".attune"] where name.lowercased().hasSuffix(ending) {
            name.removeLast(ending.count)
        }
        return URL(filePath: name + Self.ending(of: format), directoryHint: hint)
    }

    private static func ending(of format: ExportFormat) -> String {
        switch format {
        case .onnx: "-onnx"
        case .gguf: ".gguf"
        case .coreml: ".mlpackage"
        case .safetensors: "-safetensors"
        case .attune: ".attune"
        }
    }
}
