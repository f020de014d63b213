import Classification
import HTTPTypes
import JSON
import Models
import TestSupport
import Testing
import Tokenization

@testable import Serving

/// The routes of text-embeddings-inference, over HTTP.
@Suite struct TEIRoutesTests {
    @Test func `every shape of inputs has its reply`() async throws {
        try await TEITestServer.run { server in
            for inputs in [#""a""#, #"["a"]"#, #"["a","b"]"#] {
                let answer = try await server.post("/predict", #"{"inputs":\#(inputs)}"#)
                #expect(answer.code == 200)
                let labels = try answer.json.elements().compactMap { $0["label"].string }
                #expect(Set(labels) == ["ham", "spam"])
            }
            for inputs in [#"[["a"],["b"]]"#, #"[["a","b"],["c","d"]]"#, #"[["a"],["b","c"]]"#] {
                let answer = try await server.post("/predict", #"{"inputs":\#(inputs)}"#)
                #expect(answer.code == 200)
                #expect(try answer.json.elements().map { $0.array?.count } == [2, 2])
            }
            for inputs in [#"["a","b","c"]"#, #"[["a"],"b"]"#, "[]", "[[]]", #"[["a","b","c"]]"#] {
                let answer = try await server.post("/predict", #"{"inputs":\#(inputs)}"#)
                #expect(answer.code == 422)
                #expect(answer.contentType == "text/plain; charset=utf-8")
                #expect(
                    answer.text.hasPrefix("Failed to deserialize the JSON body into the target type: inputs")
                )
            }
        }
    }

    @Test func `scores are the model's, the highest first`() async throws {
        try await TEITestServer.run { server in
            let model = try server.service.model(nil)
            let result = try await server.service.classify([ServedItem(.text("hello"))], with: model)[0].get()
            let expected = model.prediction(result)
            for path in ["/predict", "/", "/invocations"] {
                let answer = try await server.post(path, #"{"inputs":"hello"}"#)
                let rows = try answer.json.elements()
                #expect(
                    rows.map { $0.object?.members.map(\.name) } == [["score", "label"], ["score", "label"]]
                )
                let scores = rows.compactMap(\.["score"].double)
                #expect(scores == scores.sorted(by: >))
                for row in rows {
                    let own = expected.scoresByLabel[row["label"].string ?? ""] ?? .nan
                    // 1e-6: scores are 32-bit numbers, and batches of other sizes may sum in another order.
                    #expect(abs((row["score"].double ?? 0) - own) < 1e-6)
                }
            }
            let raw = try await server.post("/predict", #"{"inputs":"hello","raw_scores":true}"#)
            let logits = try raw.json.elements().compactMap(\.["score"].double)
            for (own, other) in try paired(logits, result.logits.sorted(by: >)) {
                #expect(abs(own - Double(other)) < 1e-5)
            }
        }
    }

    @Test func `a multi-label model gets sigmoids, or on demand text-embeddings-inference's softmax`()
        async throws
    {
        for usesTEIActivation in [false, true] {
            try await TEITestServer.run(
                labels: ["joy", "anger", "fear"],
                problemType: .multiLabel,
                usesTEIActivation: usesTEIActivation
            ) { server in
                let answer = try await server.post("/predict", #"{"inputs":"hello"}"#)
                let sum = try answer.json.elements().reduce(0) { $0 + ($1["score"].double ?? .nan) }
                #expect((abs(sum - 1) < 1e-5) == usesTEIActivation)
            }
        }
    }

    @Test func `an answer has headers with its size and times`() async throws {
        try await TEITestServer.run { server in
            let answer = try await server.post("/predict", #"{"inputs":[["äb"],["c","d"]]}"#)
            func header(_ name: String) -> String? { answer.headers[named: name] }
            #expect(answer.contentType == "application/json")
            #expect(header("x-compute-type") == "gpu+optimized")
            #expect(header("x-compute-characters") == "4")
            #expect(header("x-compute-tokens").flatMap { Int($0) } ?? 0 > 0)
            for name in [
                "x-compute-time", "x-total-time", "x-tokenization-time", "x-queue-time", "x-inference-time",
            ] {
                #expect(header(name).flatMap { Int($0) } != nil, "\(name)")
            }
            let failed = try await server.post("/predict", #"{"inputs":""}"#)
            #expect(failed.headers[named: "x-compute-type"] == nil)
        }
    }

    @Test func `errors have text-embeddings-inference's codes and bodies`() async throws {
        try await TEITestServer.run { server in
            func expect(_ body: String, _ code: Int, _ kind: String, _ text: String) async throws {
                let answer = try await server.post("/predict", body)
                #expect(answer.code == code)
                #expect(answer.contentType == "application/json")
                #expect(answer.json["error_type"].string == kind)
                #expect(answer.json["error"].string == text)
            }
            let many = Array(repeating: #"["a"]"#, count: 33).joined(separator: ",")
            let text = "batch size 33 > maximum allowed batch size 32"
            try await expect(#"{"inputs":[\#(many)]}"#, 422, "Validation", text)
            let prefix = "Input validation error: `inputs` "
            for inputs in ["\"\"", #"["",""]"#, #"[["a"],[""]]"#] {
                try await expect(#"{"inputs":\#(inputs)}"#, 400, "Empty", prefix + "cannot be empty")
            }
            let long = String(repeating: "a!", count: 100)
            let tokens = try server.service.model(nil).tokenizer.encode(long).count
            try await expect(
                #"{"inputs":"\#(long)","truncate":false}"#,
                422,
                "Validation",
                prefix + "must have less than 64 tokens. Given: \(tokens)"
            )
            let huge = String(repeating: "a", count: 64 * 250 + 1)
            try await expect(
                #"{"inputs":"\#(huge)","truncate":false}"#,
                422,
                "Validation",
                prefix + "must have less than 16000 characters. Given: 16001"
            )
            #expect(try await server.post("/predict", #"{"inputs":"\#(long)"}"#).code == 200)
            #expect(try await server.post("/predict", #"{"inputs":["","b"]}"#).code == 200)
        }
    }

    @Test func `errors before the handler are plain text`() async throws {
        var settings = ServiceSettings()
        settings.limits.payloadLimit = 100
        try await TEITestServer.run(settings: settings) { server in
            let malformed = try await server.post("/predict", #"{"inputs":"#)
            #expect(malformed.code == 400)
            #expect(malformed.text.hasPrefix("Failed to parse the request body as JSON: "))
            for type in ["text/plain", nil] {
                let answer = try await server.post("/predict", #"{"inputs":"a"}"#, contentType: type)
                #expect(answer.code == 415)
                #expect(answer.text == "Expected request with `Content-Type: application/json`")
            }
            let charset = "application/json; charset=utf-8"
            #expect(try await server.post("/predict", #"{"inputs":"a"}"#, contentType: charset).code == 200)
            let long = String(repeating: "a", count: 101)
            let large = try await server.post("/predict", #"{"inputs":"\#(long)"}"#)
            #expect(large.code == 413)
            #expect(large.text == "Failed to buffer the request body: length limit exceeded")
            #expect(large.contentType == "text/plain; charset=utf-8")
        }
    }

    @Test func `info names the model, its labels and the limits`() async throws {
        let file =
            #"{"version":1,"problem_type":"single_label_classification","labels":["ham","spam"],"temperature":2}"#
        let decisions = try Decisions(parsing: file.utf8, path: "decisions.json")
        try await TEITestServer.run(decisions: decisions) { server in
            let info = try await server.get("/info").json
            let names = [
                "model_id", "model_sha", "model_dtype", "served_model_name", "model_type",
                "max_concurrent_requests", "max_input_length", "max_batch_tokens", "max_batch_requests",
                "max_client_batch_size", "auto_truncate", "tokenization_workers", "version", "sha",
                "docker_label",
            ]
            #expect(info.object?.members.prefix(names.count).map(\.name) == names)
            #expect(info["served_model_name"].string == "tiny")
            let type = info["model_type"]["classifier"]
            #expect(type["id2label"].compact == #"{"0":"ham","1":"spam"}"#)
            #expect(type["label2id"].compact == #"{"ham":0,"spam":1}"#)
            #expect(info["max_input_length"].int == 64)
            #expect(info["max_client_batch_size"].int == 32)
            #expect(info["problem_type"].string == "single_label_classification")
            #expect(info["decisions"]["temperature"].double == 2)
        }
    }

    @Test func `instances of Vertex AI are answered one by one`() async throws {
        try await TEITestServer.run { server in
            let body =
                #"{"instances":[{"inputs":"a"},{"inputs":[["a"],["b"]]},{"inputs":"a","raw_scores":true}]}"#
            let answer = try await server.post("/vertex", body)
            #expect(answer.code == 200)
            let predictions = try answer.json["predictions"].elements()
            #expect(predictions.map { $0.array?.count } == [2, 2, 2])
            #expect(try predictions[1].elements().map { $0.array?.count } == [2, 2])
            #expect(try await server.post("/vertex", #"{"instances":[]}"#).text == #"{"predictions":[]}"#)
            #expect(try await server.post("/vertex", #"{"instances":[{}]}"#).code == 422)
        }
    }

    @Test(arguments: [
        ("/embed", "Backend error: Model is not an embedding model"),
        ("/embed_all", "Backend error: Model is not an embedding model"),
        ("/embed_sparse", "Backend error: Model is not an embedding model with SPLADE pooling"),
        ("/rerank", "Backend error: model is not a re-ranker model"),
        ("/similarity", "Backend error: Model is not an embedding model"),
    ])
    func `routes of other model types answer 424`(path: String, message: String) async throws {
        try await TEITestServer.run { server in
            let answer = try await server.post(path, #"{"inputs":"a"}"#)
            #expect(answer.code == 424)
            #expect(answer.text == #"{"error":"\#(message)","error_type":"Backend"}"#)
        }
    }

    @Test func `routes in OpenAI's form have its errors`() async throws {
        try await TEITestServer.run { server in
            for path in ["/embeddings", "/v1/embeddings"] {
                let answer = try await server.post(path, #"{"input":"a"}"#)
                #expect(answer.code == 424)
                let message = "Backend error: Model is not an embedding model"
                #expect(answer.text == #"{"message":"\#(message)","code":424,"type":"Backend"}"#)
            }
        }
    }

    @Test func `requests are refused until the model is loaded`() async throws {
        try await TEITestServer.run(ClassifierService()) { server in
            for path in ["/predict", "/", "/vertex", "/tokenize"] {
                let answer = try await server.post(path, #"{"inputs":"a","instances":[]}"#)
                #expect(answer.code == 503)
                #expect(answer.headers[.retryAfter].flatMap { Int($0) } != nil)
                #expect(answer.json["error_type"].string == "Unhealthy")
            }
            #expect(try await server.get("/info").code == 503)
        }
    }
}
