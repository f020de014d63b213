import HTTPTypes
import Hummingbird
import JSON
import TestSupport
import Testing

@testable import Serving

/// The OpenAPI document.
@Suite struct OpenAPITests {
    /// Routes that answer every request with the same error, and the browser's icon.
    private static let undocumented: Set<String> = [
        "/embed", "/embed_all", "/embed_sparse", "/rerank", "/similarity", "/embeddings", "/v1/embeddings",
        "/favicon.ico",
    ]

    /// A path as the router describes it: everything from the first parameter is one capture.
    private static func routed(_ path: String) -> String {
        path.firstIndex(of: "{").map { String(path[..<$0]) + "**" } ?? path
    }

    @Test func `the document has the routers' routes, and no others`() {
        let router = Router(context: ServingContext.self)
        ServingRouter.add(ClassifierService(), to: router)
        let routes = router.routes.filter { !Self.undocumented.contains($0.path.description) }
            .map { "\($0.method.rawValue) \($0.path.description)" }
        let documented = OpenAPIDocument().operations.map {
            "\($0.method.uppercased()) \(Self.routed($0.path))"
        }
        #expect(Set(documented) == Set(routes))
    }

    @Test func `the families name their paths`() {
        let families =
            ClassifyRoutes.paths + VLLMRoutes.paths + OpenInferenceRoutes.paths + ModerationRoutes.paths
            + ModelRoutes.paths + OpenAPIRoutes.paths + TEIRoutes.paths + HuggingFaceRoutes.paths
            + HealthRoutes.paths + ["/metrics"]
        let documented = Set(OpenAPIDocument().operations.map(\.path))
        #expect(documented == Set(families).subtracting(Self.undocumented))
    }

    @Test func `operations are unique, and all schemas are there`() throws {
        let document = OpenAPIDocument().json
        #expect(document["openapi"] == .string("3.1.0"))
        var identifications: Set<String> = []
        for path in try #require(document["paths"].object).members {
            for method in try #require(path.value.object).members {
                let identification = try #require(method.value["operationId"].string)
                let isNew = identifications.insert(identification).inserted
                #expect(isNew)
                #expect(method.value["responses"].object?.members.isEmpty == false)
            }
        }
        var names: Set<String> = []
        func collect(_ json: JSONValue) {
            if let name = json["$ref"].string { names.insert(name) }
            for member in json.object?.members ?? [] { collect(member.value) }
            for element in json.array ?? [] { collect(element) }
        }
        collect(document)
        #expect(!names.isEmpty)
        let shared =
            document["components"]["schemas"].object?.members.map { "#/components/schemas/\($0.name)" } ?? []
        #expect(names.isSubset(of: Set(shared)))
    }

    @Test func `examples fit their schemas`() {
        let document = OpenAPIDocument()
        let check = OpenAPISchemaCheck(document.json)
        for operation in document.operations where !operation.body.isEmpty {
            for (type, schema) in operation.body where type == "application/json" {
                let fault = check.fault(operation.exampleBody, schema)
                #expect(fault == nil, "\(operation.path): \(fault ?? "")")
            }
        }
    }

    @Test func `answers fit their schemas`() async throws {
        let tensor = #"{"name": "t", "datatype": "BYTES", "shape": [1], "data": ["a"]}"#
        let requests: [(path: String, body: String?, route: String)] = [
            ("/v1/classify", #"{"texts": ["a", 5], "logits": true}"#, "/v1/classify"),
            ("/v1/classify", #"{"pairs": [["a", "b"]], "models": ["tiny"], "top_k": 1}"#, "/v1/classify"),
            ("/v1/classify", #"{"text": 5}"#, "/v1/classify"), ("/v1/classify", "{", "/v1/classify"),
            ("/v1/explain", #"{"text": "a b"}"#, "/v1/explain"),
            ("/v1/explain", #"{"text": "a", "label": "x"}"#, "/v1/explain"),
            ("/v1/models", nil, "/v1/models"), ("/v1/models", #"{"source": "x"}"#, "/v1/models"),
            ("/v1/models/tiny", nil, "/v1/models/{model}"), ("/v1/models/x", nil, "/v1/models/{model}"),
            ("/classify", #"{"input": ["a", "b"]}"#, "/classify"),
            ("/classify", #"{"input": ""}"#, "/classify"),
            ("/pooling", #"{"input": [1, 2], "encoding_format": "base64"}"#, "/pooling"),
            ("/detokenize", #"{"tokens": [1, 2]}"#, "/detokenize"), ("/version", nil, "/version"),
            ("/v1/moderations", #"{"input": ["a"]}"#, "/v1/moderations"),
            ("/v1/moderations", #"{"input": []}"#, "/v1/moderations"),
            ("/v2", nil, "/v2"), ("/v2/health/live", nil, "/v2/health/live"),
            ("/v2/health/ready", nil, "/v2/health/ready"), ("/v2/models/tiny", nil, "/v2/models/{model}"),
            ("/v2/models/tiny/ready", nil, "/v2/models/{model}/ready"),
            ("/v2/models/tiny/infer", #"{"id": "1", "inputs": [\#(tensor)]}"#, "/v2/models/{model}/infer"),
            ("/v2/models/x/infer", #"{"inputs": [\#(tensor)]}"#, "/v2/models/{model}/infer"),
            ("/predict", #"{"inputs": [["a"], ["b", "c"]]}"#, "/predict"),
            ("/predict", #"{"inputs": ""}"#, "/predict"),
            ("/tokenize", #"{"inputs": "a b"}"#, "/tokenize"), ("/decode", #"{"ids": [1, 2]}"#, "/decode"),
            ("/info", nil, "/info"), ("/", #"{"inputs": "a", "parameters": {}}"#, "/"),
            ("/models/tiny", #"{"inputs": ["a", "b"], "parameters": {"top_k": 1}}"#, "/models/{model}"),
            ("/models/tiny", nil, "/models/{model}"), ("/models/x", nil, "/models/{model}"),
            ("/pipeline/text-classification", #"{"inputs": 5}"#, "/pipeline/text-classification"),
        ]
        try await ClassifyTestServer.run { server in
            let document = try await server.get("/api-doc/openapi.json").json
            let check = OpenAPISchemaCheck(document)
            for (path, body, route) in requests {
                let method = body == nil ? "get" : "post"
                let answer =
                    if let body { try await server.post(path, body) } else { try await server.get(path) }
                let operation = document["paths"][route][method]
                let response = operation["responses"][String(answer.code)]
                let place = "\(method) \(path) \(answer.code)"
                #expect(response.object != nil, "\(place) is not documented")
                let type = answer.contentType?.split(separator: ";").first.map(String.init) ?? ""
                #expect(response["content"].object?.contains(type) == true, "\(place): \(type)")
                guard type == "application/json" else { continue }
                let fault = check.fault(answer.json, response["content"][type]["schema"])
                #expect(fault == nil, "\(place): \(fault ?? "")")
                guard (200..<300).contains(answer.code), let body else { continue }
                let schema = operation["requestBody"]["content"][type]["schema"]
                let request = try JSONValue.parse(Array(body.utf8))
                #expect(check.fault(request, schema) == nil, "\(place): the request")
            }
        }
    }

    @Test func `the page has every route, and neither scripts nor requests`() async throws {
        try await ClassifyTestServer.run { server in
            let page = try await server.get("/docs")
            #expect(page.code == 200)
            #expect(page.contentType == "text/html; charset=utf-8")
            for operation in OpenAPIDocument().operations {
                #expect(page.text.contains("<code>\(operation.path)</code>"))
            }
            for word in ["<script", "http://", "https://", "src=", "@import", "url("] {
                #expect(!page.text.contains(word), "\(word)")
            }
            #expect(page.headers[.contentSecurityPolicy]?.contains("default-src 'none'") == true)
        }
    }
}
