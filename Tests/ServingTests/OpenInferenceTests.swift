import Classification
import HTTPTypes
import JSON
import Models
import TestSupport
import Testing

@testable import Serving

/// Bodies and paths of the Open Inference Protocol, without a server.
@Suite struct OpenInferenceRequestTests {
    private func request(_ body: String) throws -> InferenceRequest {
        try InferenceRequest(Array(body.utf8), jsonCount: nil, maxItems: 10)
    }

    private func tensor(_ shape: String, _ data: String) -> String {
        #"{"inputs": [{"name": "text", "datatype": "BYTES", "shape": \#(shape), "data": \#(data)}]}"#
    }

    @Test func `texts and pairs are read, flat or nested`() throws {
        let texts: [ServedInput] = [.text("a"), .text("b")]
        #expect(try request(tensor("[2]", #"["a", "b"]"#)).inputs == texts)
        #expect(try request(tensor("[2, 1]", #"["a", "b"]"#)).inputs == texts)
        #expect(try request(tensor("[2, 1]", #"[["a"], ["b"]]"#)).inputs == texts)
        #expect(try request(tensor("[1, 2]", #"["a", "b"]"#)).inputs == [.pair("a", "b")])
        #expect(try request(tensor("[1, 2]", #"[["a", "b"]]"#)).inputs == [.pair("a", "b")])
    }

    @Test(
        arguments: [
            ("[3]", #"["a"]"#), ("[]", "[]"), ("[0]", "[]"), ("[1, 3]", #"["a", "b", "c"]"#),
            ("[-1]", #"["a"]"#),
            ("[1]", "[5]"), ("[1]", #""a""#), ("[\"1\"]", #"["a"]"#), ("[11]", "[]"),
            ("[9223372036854775807, 2]", #"["a"]"#),
        ]
    )
    func `a shape that does not fit is refused`(shape: String, data: String) {
        #expect(throws: ServingFault.self) { try request(tensor(shape, data)) }
    }

    @Test func `wanted outputs are honoured`() throws {
        let input = #""inputs": [{"name": "t", "datatype": "BYTES", "shape": [1], "data": ["a"]}]"#
        #expect(try request("{\(input)}").outputs.map(\.name) == [.label, .score, .scores, .logits])
        let outputs = #"[{"name": "scores", "parameters": {"classification": 2}}, {"name": "label"}]"#
        let chosen = try request("{\(input), \"id\": \"7\", \"outputs\": \(outputs)}")
        #expect(chosen.id == "7")
        #expect(chosen.outputs.map(\.name) == [.scores, .label])
        #expect(chosen.outputs[0].classification == 2)
        for refused in [
            #"[{"name": "other"}]"#, #"[{"name": "label", "parameters": {"classification": 2}}]"#, "5",
        ] {
            #expect(throws: ServingFault.self) { try request("{\(input), \"outputs\": \(refused)}") }
        }
    }

    @Test func `classification gives value, index and label`() {
        let predictions = [Prediction(logits: [1, 3, 2], labels: ["a", "b", "c"])]
        let output = InferenceOutput(name: .logits, classification: 2, isBinary: false)
        let tensor = InferenceTensor(output, predictions, labels: ["a", "b", "c"])
        #expect(tensor.shape == [1, 2])
        #expect(tensor.data == .texts(["3.0:1:b", "2.0:2:c"]))
    }

    @Test func `binary texts go both ways`() throws {
        let texts = ["a", "", "\u{E9}\u{1F600}", String(repeating: "x", count: 70_000)]
        let bytes = BinaryTexts.encode(texts)
        #expect(Array(bytes[..<5]) == [1, 0, 0, 0, UInt8(ascii: "a")])
        #expect(try BinaryTexts.decode(bytes[...]) == texts)
        #expect(throws: ServingFault.notUTF8) { try BinaryTexts.decode([1, 0, 0, 0, 0xFF]) }
        for cut in [[1], [2, 0, 0, 0, 65], [255, 255, 255, 255]] as [[UInt8]] {
            #expect(throws: ServingFault.self) { try BinaryTexts.decode(cut[...]) }
        }
    }

    @Test func `names may contain slashes`() {
        func path(_ text: String, known: [String] = []) -> InferencePath {
            InferencePath(text.split(separator: "/"), known: known)
        }
        #expect(path("org/name").model == "org/name")
        #expect(path("org/name").resource == .metadata)
        #expect(path("org/name/infer").resource == .infer)
        let version = path("org/name/versions/1/ready")
        #expect(version.model == "org/name" && version.version == "1" && version.resource == .ready)
        #expect(path("org/ready", known: ["org/ready"]).model == "org/ready")
        #expect(path("ready").model == "ready")
        #expect(path("a%20b").model == "a b")
    }
}

/// The Open Inference Protocol, over HTTP.
@Suite struct OpenInferenceRoutesTests {
    private static let body = #"""
        {"id": "7", "inputs": [{"name": "text", "datatype": "BYTES", "shape": [2], "data": ["hello", "win"]}]}
        """#

    @Test func `all outputs have their shapes`() async throws {
        try await ClassifyTestServer.run { server in
            for path in ["/v2/models/tiny/infer", "/v2/models/tiny/versions/1/infer"] {
                let answer = try await server.post(path, Self.body)
                #expect(answer.code == 200)
                #expect(answer.json["model_name"] == .string("tiny"))
                #expect(answer.json["id"] == .string("7"))
                let outputs = try answer.json["outputs"].elements()
                #expect(outputs.map(\.["name"].string) == ["label", "score", "scores", "logits"])
                #expect(try outputs.map { try $0["shape"].integers() } == [[2], [2], [2, 2], [2, 2]])
                #expect(outputs.map { $0["data"].array?.count } == [2, 2, 4, 4])
            }
        }
    }

    @Test func `binary data are read and written as by Triton`() async throws {
        try await ClassifyTestServer.run { server in
            let plain = try await server.post("/v2/models/tiny/infer", Self.body)
            let data = BinaryTexts.encode(["hello", "win"])
            let json = #"""
                {"inputs": [{"name": "t", "datatype": "BYTES", "shape": [2], "parameters": {"binary_data_size": \#(data.count)}}],
                 "outputs": [{"name": "label"}, {"name": "logits", "parameters": {"binary_data": false}}]}
                """#
            let answer = try await server.send(
                .post,
                "/v2/models/tiny/infer",
                Array(json.utf8) + data,
                headers: [
                    "Content-Type": "application/octet-stream",
                    "Inference-Header-Content-Length": String(json.utf8.count),
                ]
            )
            #expect(answer.code == 200)
            let expected = try plain.json["outputs"].elements()
            let outputs = try answer.json["outputs"].elements()
            #expect(outputs[0]["data"] == expected[0]["data"])
            #expect(outputs[1]["shape"] == expected[3]["shape"])
            let wrong = try await server.send(
                .post,
                "/v2/models/tiny/infer",
                Array(json.utf8),
                headers: ["Inference-Header-Content-Length": "100000"]
            )
            #expect(wrong.code == 400)
        }
    }

    @Test func `health, metadata and errors`() async throws {
        try await ClassifyTestServer.run { server in
            #expect(try await server.get("/v2").json["name"] == .string("attune"))
            #expect(try await server.get("/v2/health/live").json["live"] == .bool(true))
            #expect(try await server.get("/v2/health/ready").json["ready"] == .bool(true))
            let metadata = try await server.get("/v2/models/tiny").json
            #expect(try metadata["inputs"].elements().map(\.["datatype"].string) == ["BYTES"])
            #expect(metadata["outputs"].array?.count == 4)
            #expect(try await server.get("/v2/models/tiny/ready").json["ready"] == .bool(true))
            for path in ["/v2/models/other", "/v2/models/other/ready", "/v2/models/tiny/versions/2"] {
                let answer = try await server.get(path)
                #expect(answer.code == 404)
                #expect(answer.json["error"].string?.isEmpty == false)
            }
            let faulty = try await server.post("/v2/models/tiny/infer", #"{"inputs": []}"#)
            #expect(faulty.code == 400)
            #expect(faulty.json["error"].string?.contains("inputs") == true)
            server.service.drain()
            let draining = try await server.get("/v2/health/ready")
            #expect(draining.code == 503)
            #expect(draining.json["ready"] == .bool(false))
        }
    }
}
