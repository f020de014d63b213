import Foundation
import JSON

/// The body of an inference request.
///
/// Source: `specification/protocol/inference_rest.md` of kserve/open-inference-protocol.
struct InferenceRequest: Sendable, Equatable {
    /// The caller's identification, which the answer repeats.
    var id: String?
    /// The inputs, in order.
    var inputs: [ServedInput]
    /// The options, our own members of `parameters`.
    var options: ClassifyOptions
    /// The tensors of the answer.
    var outputs: [InferenceOutput]

    /// Reads a body.
    ///
    /// - Parameters:
    ///   - bytes: The body.
    ///   - jsonCount: The number of bytes of the JSON part, if binary data follow it; nil for the whole body.
    ///   - maxItems: The most inputs.
    /// - Throws: The first fault.
    init(_ bytes: [UInt8], jsonCount: Int?, maxItems: Int) throws(ServingFault) {
        let count = jsonCount ?? bytes.count
        guard (0...bytes.count).contains(count) else {
            throw .wrongShape(
                path: "the header Inference-Header-Content-Length",
                expected: "at most the \(bytes.count) bytes of the body"
            )
        }
        let fields = try BodyFields(BodyFields.parse(bytes[..<count]))
        id = try fields.text("id")
        guard let tensors = fields["inputs"].array, tensors.count == 1 else {
            throw fields.fault("inputs", "a list of one tensor, the texts")
        }
        inputs = try InferenceInput(tensors[0], binary: bytes[count...], maxItems: maxItems).inputs
        let given = fields.has("parameters") ? fields["parameters"] : .object([:])
        let parameters = try BodyFields(given, path: "parameters")
        options = try ClassifyOptions(parameters)
        let isBinary = try parameters.flag("binary_data_output") ?? false
        guard fields.has("outputs") else {
            outputs = InferenceOutput.all(isBinary: isBinary)
            return
        }
        guard let wanted = fields["outputs"].array else { throw fields.fault("outputs", "a list of outputs") }
        var outputs: [InferenceOutput] = []
        for (index, output) in wanted.enumerated() {
            outputs.append(try InferenceOutput(output, path: "outputs[\(index)]", isBinary: isBinary))
        }
        self.outputs = outputs.isEmpty ? InferenceOutput.all(isBinary: isBinary) : outputs
    }
}

/// The path after `/v2/models/`: a model's name, which may contain slashes, and the wanted resource.
struct InferencePath: Sendable, Equatable {
    /// The resources of a model.
    enum Resource: String, Sendable {
        case metadata, ready, infer
    }

    /// The model's name.
    var model: String
    /// The version; nil for any.
    var version: String?
    /// The resource.
    var resource: Resource

    /// The methods that the resource allows, for `Allow`.
    var allowed: String { resource == .infer ? "OPTIONS, POST" : "GET, HEAD, OPTIONS" }

    /// The only version of each model.
    static let onlyVersion = "1"

    /// Reads a path.
    ///
    /// - Parameters:
    ///   - components: The components after `/v2/models/`, percent-encoded.
    ///   - known: The names of the loaded models, which take precedence over resources of the same name.
    init(_ components: [Substring], known: [String] = []) {
        var parts = components.map { String($0).removingPercentEncoding ?? String($0) }
        (model, resource) = (parts.joined(separator: "/"), .metadata)
        guard !known.contains(model) else { return }
        if parts.count > 1, let last = parts.last, last != Resource.metadata.rawValue,
            let named = Resource(rawValue: last)
        {
            resource = named
            parts.removeLast()
        }
        if parts.count > 2, parts[parts.count - 2] == "versions" {
            version = parts.removeLast()
            parts.removeLast()
        }
        model = parts.joined(separator: "/")
    }
}
