import Files
import HTTPTypes
import Hummingbird
import JSON
import NIOCore

/// The Open Inference Protocol, version 2, for KServe's and Triton's clients, with Triton's extensions for classification and
/// binary data.
///
/// An inference request has one input of type `BYTES`: `[n]` texts or `[n, 2]` pairs. The outputs are `label`, `score`,
/// `scores` and `logits`.
struct OpenInferenceRoutes: Sendable {
    /// The classifiers.
    let service: ClassifierService

    /// The header of a body whose JSON part is followed by binary data.
    private static let jsonLength = "Inference-Header-Content-Length"

    /// The paths of all routes; a model's name may contain slashes.
    static let paths: [String] =
        ["/v2", "/v2/health/live", "/v2/health/ready"]
        + ["/v2/models/{model}", "/v2/models/{model}/versions/{version}"].flatMap {
            [$0, $0 + "/ready", $0 + "/infer"]
        }

    /// The path that stands for all resources of all models, as the router describes it.
    static let models = "/v2/models/**"

    /// Adds the routes.
    ///
    /// - Parameter router: The router.
    func add<Context: ServingRequestContext>(to router: some RouterMethods<Context>) {
        router.get("/v2") { _, _ in Response.json(Self.server) }
        router.get("/v2/health/live") { _, _ in Response.json(.object(["live": .bool(true)])) }
        router.get("/v2/health/ready") { _, _ -> Response in
            let isReady = service.state == .ready
            return Response.json(
                .object(["ready": .bool(isReady)]),
                status: isReady ? .ok : .serviceUnavailable
            )
        }
        router.get("/v2/models/**") { request, context -> Response in
            let path = parsed(context.parameters.getCatchAll())
            guard path.resource != .infer else { return Self.refused(method: "GET", allowed: path.allowed) }
            return try await FaultAnswer.catching(context.record, Self.errorBody, rejecting: .badRequest) {
                let model = try model(path)
                guard path.resource == .ready else { return .json(Self.metadata(model)) }
                return .json(.object(["name": .string(model.name), "ready": .bool(true)]))
            }
        }
        router.post("/v2/models/**") { request, context -> Response in
            let path = parsed(context.parameters.getCatchAll())
            guard path.resource == .infer else { return Self.refused(method: "POST", allowed: path.allowed) }
            let record = context.record
            return try await FaultAnswer.catching(record, Self.errorBody, rejecting: .badRequest) {
                let length = request.headers[named: Self.jsonLength].map { Int($0) ?? -1 }
                if length == nil { try request.requireJSON() }
                return try await request.withBody(service) { bytes in
                    try await infer(bytes, jsonCount: length, path, record)
                }
            }
        }
    }

    /// The methods that a resource of a model allows.
    ///
    /// - Parameter parameters: The parameters of a path under ``models``.
    /// - Returns: The methods, for `Allow`.
    @Sendable func allowed(_ parameters: Parameters) -> String { parsed(parameters.getCatchAll()).allowed }

    /// The answer to a method that a resource of a model does not allow.
    private static func refused(method: String, allowed: String) -> Response {
        ErrorReply.response(
            .methodNotAllowed,
            "this route allows only \(allowed), not \(method)",
            kind: "MethodNotAllowed",
            headers: [.allow: allowed]
        )
    }

    private var names: [String] { service.models().map(\.name) }

    private func parsed(_ components: [Substring]) -> InferencePath {
        InferencePath(components, known: names)
    }

    private func model(_ path: InferencePath) throws(ServingFault) -> ServedModel {
        let model = try service.model(path.model)
        if let version = path.version, version != InferencePath.onlyVersion {
            throw .unknownModel("\(path.model)/versions/\(version)", known: names)
        }
        return model
    }

    private func infer(
        _ bytes: [UInt8],
        jsonCount: Int?,
        _ path: InferencePath,
        _ record: RequestRecord
    ) async throws -> Response {
        let model = try model(path)
        let request = try InferenceRequest(bytes, jsonCount: jsonCount, maxItems: service.limits.maxItems)
        let items = request.inputs.map {
            request.options.item($0, autoTruncate: service.limits.autoTruncate)
        }
        let results = items.isEmpty ? [] : try await service.classify(items, with: model)
        record.note(model: model.name, answers: results, isBatch: results.count != 1)
        let predictions = try FaultAnswer.all(results).map {
            model.prediction($0, raw: request.options.isRaw)
        }
        let tensors = request.outputs.map { InferenceTensor($0, predictions, labels: model.labels) }
        return Self.answer(request, model: model.name, tensors)
    }

    /// The answer, with binary data after its JSON part if the request asks for them.
    private static func answer(
        _ request: InferenceRequest,
        model: String,
        _ tensors: [InferenceTensor]
    ) -> Response {
        let outputs = zip(request.outputs, tensors)
        var members: [(String, JSONValue)] = [
            ("model_name", .string(model)), ("model_version", .string(InferencePath.onlyVersion)),
        ]
        if let id = request.id { members.append(("id", .string(id))) }
        members.append(("outputs", .array(outputs.map { $1.json(isBinary: $0.isBinary) })))
        let json = JSONValue.object(JSONObject(members))
        let binary = outputs.flatMap { $0.isBinary ? $1.data.bytes : [] }
        guard request.outputs.contains(where: \.isBinary) else { return .json(json) }
        let text = Array(json.compact.utf8)
        var headers: HTTPFields = [.contentType: "application/octet-stream"]
        headers[named: jsonLength] = String(text.count)
        return Response(
            status: .ok,
            headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: text + binary))
        )
    }

    /// The answer of `/v2`.
    private static var server: JSONValue {
        .object([
            "name": .string("attune"),
            "version": .string(attuneVersion),
            "extensions": .array(["classification", "binary_tensor_data"].map(JSONValue.string)),
        ])
    }

    /// The metadata of a model.
    private static func metadata(_ model: ServedModel) -> JSONValue {
        func tensor(_ name: String, _ type: String, _ shape: [Int]) -> JSONValue {
            .object([
                "name": .string(name), "datatype": .string(type),
                "shape": .array(shape.map(JSONValue.int)),
            ])
        }
        let outputs = InferenceOutput.Name.allCases.map { name in
            switch name {
            case .label: tensor(name.rawValue, "BYTES", [-1])
            case .score: tensor(name.rawValue, "FP32", [-1])
            case .scores, .logits: tensor(name.rawValue, "FP32", [-1, model.labels.count])
            }
        }
        return .object([
            "name": .string(model.name),
            "versions": .array([.string(InferencePath.onlyVersion)]),
            "platform": .string("attune"),
            "inputs": .array([tensor("text", "BYTES", [-1])]),
            "outputs": .array(outputs),
        ])
    }

    /// The body of every refused request.
    private static func errorBody(_ answer: FaultAnswer) -> JSONValue {
        .object(["error": .string(answer.message)])
    }
}
