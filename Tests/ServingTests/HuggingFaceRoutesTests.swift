import Classification
import Foundation
import HTTPTypes
import JSON
import TestSupport
import Testing

@testable import Serving

/// The routes of Hugging Face's inference clients, over HTTP.
@Suite struct HuggingFaceRoutesTests {
    /// Reads an answer as `InferenceClient.text_classification` of huggingface_hub does.
    private func parsedByClient(_ answer: TEITestServer.Answer) throws -> [(label: String, score: Double)] {
        let lists = try answer.json.elements()
        return try #require(lists.first).elements().map { row in
            (try #require(row["label"].string), try #require(row["score"].double))
        }
    }

    @Test func `the answer is a list of lists for every client`() async throws {
        try await TEITestServer.run { server in
            // The first two: huggingface_hub, which always sends parameters. The others: huggingface.js.
            for (path, body) in [
                ("/", #"{"inputs":"hello","parameters":{}}"#),
                ("/models/tiny", #"{"inputs":"hello","parameters":{"top_k":2}}"#),
                ("/models/tiny", #"{"inputs":"hello"}"#),
                ("/pipeline/text-classification", #"{"inputs":"hello"}"#),
                ("/pipeline/text-classification/tiny", #"{"inputs":"hello"}"#),
            ] {
                let answer = try await server.post(path, body)
                #expect(answer.code == 200, "\(path)")
                #expect(answer.contentType?.hasPrefix("application/json") == true)
                let rows = try parsedByClient(answer)
                #expect(Set(rows.map(\.label)) == ["ham", "spam"])
                #expect(rows[0].score >= rows[1].score)
                #expect(abs(rows[0].score + rows[1].score - 1) < 1e-12)
            }
            let flat = try await server.post("/", #"{"inputs":"hello"}"#)
            #expect(try flat.json.elements().map { $0["label"].string != nil } == [true, true])
        }
    }

    @Test func `scores are those of predictions`() async throws {
        try await TEITestServer.run { server in
            let model = try server.service.model(nil)
            let result = try await server.service.classify([ServedItem(.text("hello"))], with: model)[0].get()
            let prediction = model.prediction(result)
            let answer = try await server.post("/models/tiny", #"{"inputs":["hello","other"]}"#)
            #expect(try answer.json.elements().count == 2)
            for (label, score) in try parsedByClient(answer) {
                // 1e-5: batches of other sizes may sum products in another order.
                #expect(abs(score - (prediction.scoresByLabel[label] ?? .nan)) < 1e-5)
            }
        }
    }

    @Test func `top_k and function_to_apply are honoured`() async throws {
        try await TEITestServer.run { server in
            let best = try await server.post("/", #"{"inputs":"hello","parameters":{"top_k":1}}"#)
            #expect(try parsedByClient(best).count == 1)
            let logits = try await server.post(
                "/",
                #"{"inputs":"hello","parameters":{"function_to_apply":"none"}}"#
            )
            let raw = try await server.post("/predict", #"{"inputs":"hello","raw_scores":true}"#)
            let expected = try raw.json.elements().compactMap { $0["score"].double }
            for (row, logit) in try paired(parsedByClient(logits), expected) {
                #expect(abs(row.score - logit) < 1e-5)
            }
        }
    }

    @Test func `errors are JSON with a message`() async throws {
        try await TEITestServer.run { server in
            for (path, body, code) in [
                ("/models/tiny", #"{"inputs":"#, 400), ("/models/tiny", #"{"inputs":1}"#, 422),
                ("/models/tiny", #"{"inputs":""}"#, 400), ("/models/org/other", #"{"inputs":"a"}"#, 404),
                ("/", #"{"inputs":"a","parameters":{"top_k":0}}"#, 422),
                ("/pipeline/text-classification", #"{"inputs":[["a","b"]]}"#, 422),
            ] {
                let answer = try await server.post(path, body)
                #expect(answer.code == code, "\(path) \(body)")
                #expect(answer.json["error"].string?.isEmpty == false)
                #expect(answer.json.object?.members.count == 1)
            }
            let type = try await server.post("/models/tiny", #"{"inputs":"a"}"#, contentType: "text/plain")
            #expect(type.code == 415)
        }
    }

    @Test func `a model's name may contain a slash`() async throws {
        try await withTemporaryFolder { folder in
            try ServingTestModel.save(to: folder)
            let service = ClassifierService()
            let path = folder.path(percentEncoded: false)
            try await service.start([
                LoadRequest(name: "first", source: path), LoadRequest(name: "org/name", source: path),
            ])
            try await TEITestServer.run(service) { server in
                for path in ["/models/org/name", "/models/org%2Fname"] {
                    #expect(try await server.post(path, #"{"inputs":"a"}"#).code == 200)
                    let status = try await server.get(path)
                    #expect(status.json["id"].string == "org/name")
                    #expect(status.json["state"].string == "Loaded")
                    #expect(status.json["labels"].compact == #"["ham","spam"]"#)
                }
                #expect(try await server.get("/models/name").code == 404)
            }
        }
    }

    @Test func `requests are refused with 503 only until the model is loaded`() async throws {
        try await TEITestServer.run(ClassifierService()) { server in
            for path in ["/models/tiny", "/pipeline/text-classification", "/"] {
                let answer = try await server.post(path, #"{"inputs":"a","parameters":{}}"#)
                #expect(answer.code == 503)
                #expect(answer.headers[.retryAfter].flatMap { Int($0) } != nil)
                #expect(answer.json["error"].string?.isEmpty == false)
            }
        }
    }
}
