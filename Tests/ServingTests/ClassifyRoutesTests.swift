import Classification
import HTTPTypes
import JSON
import Models
import TestSupport
import Testing
import Tokenization

@testable import Serving

/// Our own API, over HTTP.
@Suite struct ClassifyRoutesTests {
    @Test func `results equal the model's predictions, and a faulty item has an error`() async throws {
        try await ClassifyTestServer.run { server in
            let body = #"{"texts": ["hello", 5, "win money"], "logits": true, "top_k": 1}"#
            let answer = try await server.post("/v1/classify", body)
            #expect(answer.code == 200)
            let results = try answer.json["results"].elements()
            #expect(results.count == 3)
            #expect(results[1]["error"]["kind"] == .string("wrong_shape"))
            let model = try server.service.model()
            for (index, text) in [(0, "hello"), (2, "win money")] {
                let own = try await server.service.classify([ServedItem(.text(text))], with: model)[0].get()
                let prediction = model.prediction(own)
                #expect(results[index]["label"] == .string(prediction.label))
                // 1e-6: batches of other sizes may sum in another order.
                #expect(abs((results[index]["score"].double ?? .nan) - prediction.score) < 1e-6)
                #expect(results[index]["tokens"] == .int(own.tokens))
                #expect(results[index]["truncated"] == .bool(false))
                #expect(try results[index]["scores"].elements().count == 1)
                for (one, other) in try paired(results[index]["logits"].doubles(), own.logits) {
                    #expect(abs(one - Double(other)) < 1e-5)
                }
            }
            let tokens = results.compactMap { $0["tokens"].int }.reduce(0, +)
            #expect(answer.json["usage"] == .object(["tokens": .int(tokens), "truncated": .int(0)]))
        }
    }

    @Test func `long texts are cut, refused or read in windows, as the request says`() async throws {
        try await ClassifyTestServer.run { server in
            let text = String(repeating: "word ", count: 200)
            func result(_ options: String) async throws -> JSONValue {
                let answer = try await server.post("/v1/classify", #"{"text": "\#(text)"\#(options)}"#)
                return try #require(answer.json["results"].array?.first)
            }
            #expect(try await result("")["truncated"] == .bool(true))
            #expect(try await result(#", "truncate": false"#)["error"]["kind"] == .string("too_long"))
            let windows = try await result(#", "long_text": "window""#)
            #expect(try #require(windows["windows"].int) > 1)
            #expect(windows["truncated"] == .bool(false))
            #expect(try #require(try await result(#", "max_tokens": 10"#)["tokens"].int) <= 10)
        }
    }

    @Test func `a stream has a line for each item, in order`() async throws {
        try await ClassifyTestServer.run { server in
            let texts = (0..<40).map { JSONValue.string(String(repeating: "word ", count: $0 % 9 + 1)) }
            let body = JSONValue.object(["texts": .array(texts + [.int(5)])]).compact
            let whole = try await server.post("/v1/classify", body)
            let stream = try await server.post(
                "/v1/classify",
                body,
                headers: ["Accept": "application/x-ndjson"]
            )
            #expect(stream.contentType == "application/x-ndjson")
            let lines = try ClassifyTestServer.lines(stream)
            #expect(lines.map(\.["index"].int) == (0...40).map(Optional.some))
            for (line, result) in try paired(lines, whole.json["results"].elements()) {
                #expect(line["label"] == result["label"])
                #expect(line["error"] == result["error"])
            }
            let flag = try await server.post("/v1/classify", #"{"text": "a", "stream": true}"#)
            #expect(try ClassifyTestServer.lines(flag).count == 1)
        }
    }

    @Test func `any number of lines is answered, and a faulty line has an error line`() async throws {
        var settings = ServiceSettings()
        settings.limits.maxItems = 10
        settings.limits.payloadLimit = 3_000
        try await ClassifyTestServer.run(settings: settings) { server in
            var lines = (0..<700).map { "\"message \($0)\"" }
            lines[3] = "{"
            lines[5] = #"{"text": "a", "text_pair": "b", "id": "row 5", "column": 1}"#
            lines[9] = "\"\(String(repeating: "x", count: 4_000))\""
            let answer = try await server.post(
                "/v1/classify?top_k=1&logits=true",
                lines.joined(separator: "\n"),
                headers: ["Content-Type": "application/x-ndjson"]
            )
            #expect(answer.code == 200)
            let results = try ClassifyTestServer.lines(answer)
            #expect(results.map(\.["index"].int) == (0..<700).map(Optional.some))
            #expect(results[3]["error"]["kind"] == .string("malformed_json"))
            #expect(results[5]["id"] == .string("row 5"))
            #expect(results[9]["error"]["kind"] == .string("body_too_large"))
            for (index, result) in results.enumerated() where ![3, 9].contains(index) {
                #expect(result["scores"].array?.count == 1)
                #expect(result["logits"].array?.count == 2)
            }
            let refused = try await server.post(
                "/v1/classify?topk=1",
                "\"a\"",
                headers: ["Content-Type": "application/x-ndjson"]
            )
            #expect(refused.code == 422)
        }
    }

    @Test func `several models answer one request`() async throws {
        try await ClassifyTestServer.run { server in
            let source = try server.service.model().source
            _ = try await server.service.load(LoadRequest(name: "twin", source: source))
            let answer = try await server.post("/v1/classify", #"{"text": "a", "models": ["twin", "tiny"]}"#)
            let models = try answer.json["models"].elements()
            #expect(models.map(\.["model"].string) == ["twin", "tiny"])
            #expect(models[0]["results"] == models[1]["results"])
            let stream = try await server.post(
                "/v1/classify",
                #"{"texts": ["a", "b"], "models": ["twin", "tiny"], "stream": true}"#
            )
            let lines = try ClassifyTestServer.lines(stream)
            #expect(lines.map(\.["model"].string) == ["twin", "tiny", "twin", "tiny"])
        }
    }

    @Test func `refusals have a status, a kind and a message`() async throws {
        var settings = ServiceSettings()
        settings.limits.maxItems = 2
        settings.limits.payloadLimit = 500
        try await ClassifyTestServer.run(settings: settings) { server in
            let long = String(repeating: "x", count: 600)
            let cases: [(body: String, code: Int, kind: String)] = [
                ("{", 400, "malformed_json"), (#"{"text": "a", "model": "b"}"#, 404, "unknown_model"),
                (#"{"texts": ["a", "b", "c"]}"#, 422, "too_many_items"),
                (#"{"topk": 1}"#, 422, "wrong_shape"),
                (#"{"text": "\#(long)"}"#, 413, "body_too_large"),
            ]
            for (body, code, kind) in cases where code != 413 {
                let answer = try await server.post("/v1/classify", body)
                #expect(answer.code == code)
                #expect(answer.json["error"]["kind"] == .string(kind))
                #expect(answer.json["error"]["message"].string?.isEmpty == false)
            }
            let media = try await server.post("/v1/classify", "a", headers: ["Content-Type": "text/plain"])
            #expect(media.code == 415)
            let method = try await server.get("/v1/classify")
            #expect(method.code == 405)
            // Last, because the server closes the connection.
            let large = try await server.post("/v1/classify", cases[4].body)
            #expect(large.code == 413)
            #expect(large.json["error"]["kind"] == .string("body_too_large"))
        }
    }

    @Test func `the words that speak for a label are found`() async throws {
        try await ClassifyTestServer.run { server in
            let answer = try await server.post("/v1/explain", #"{"text": "hello world", "label": "spam"}"#)
            #expect(answer.code == 200)
            #expect(answer.json["label"] == .string("spam"))
            let tokens = try answer.json["tokens"].elements()
            let words = tokens.filter { $0["special"] == .bool(false) }
            #expect(!words.isEmpty)
            #expect(words.allSatisfy { ($0["end"].int ?? 0) > ($0["start"].int ?? 0) })
            #expect(tokens.allSatisfy { $0["score"].double != nil })
            let unknown = try await server.post("/v1/explain", #"{"text": "a", "label": "b"}"#)
            #expect(unknown.code == 404)
            #expect(unknown.json["error"]["kind"] == .string("unknown_label"))
        }
    }
}
