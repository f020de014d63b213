import Classification
import JSON
import Models
import TestSupport
import Testing

@testable import Serving

/// OpenAI's moderation.
@Suite struct ModerationTests {
    private func texts(_ body: String) throws -> [String] {
        try ModerationRequest(BodyFields.parse(Array(body.utf8)), maxItems: 3).texts
    }

    @Test func `inputs have three shapes`() throws {
        #expect(try texts(#"{"input": "a"}"#) == ["a"])
        #expect(try texts(#"{"input": ["a", "b"]}"#) == ["a", "b"])
        #expect(try texts(#"{"input": [{"type": "text", "text": "a"}], "other": 1}"#) == ["a"])
        for body in [
            "{}", #"{"input": []}"#, #"{"input": [1]}"#, #"{"input": [{"type": "image_url"}]}"#,
            #"{"input": ["a", "b", "c", "d"]}"#,
        ] {
            #expect(throws: ServingFault.self) { try texts(body) }
        }
    }

    @Test func `categories are the given labels`() {
        let labels = ["a", "b"]
        let single = ModerationResult(Prediction(logits: [1, 2], labels: labels))
        #expect(single.categories == [false, true] && single.isFlagged)
        let multiple = Prediction(logits: [-1, -2], labels: labels, problemType: .multiLabel)
        #expect(ModerationResult(multiple).categories == [false, false])
        #expect(!ModerationResult(multiple).isFlagged)
        var rejected = Prediction(logits: [1, 2], labels: labels)
        (rejected.labels, rejected.isRejected) = ([], true)
        #expect(!ModerationResult(rejected).isFlagged)
    }

    @Test func `a multi-label model moderates`() async throws {
        try await ClassifyTestServer.run(problemType: .multiLabel) { server in
            let answer = try await server.post("/v1/moderations", #"{"input": ["hello", "win"]}"#)
            #expect(answer.code == 200)
            #expect(answer.json["model"] == .string("tiny"))
            let results = try answer.json["results"].elements()
            #expect(results.count == 2)
            for result in results {
                var isAny = false
                for label in ["ham", "spam"] {
                    let score = try #require(result["category_scores"][label].double)
                    #expect(result["categories"][label] == .bool(score > 0.5))
                    isAny = isAny || score > 0.5
                    #expect(result["category_applied_input_types"][label] == .array([.string("text")]))
                }
                #expect(result["flagged"] == .bool(isAny))
            }
            let wrong = try await server.post("/v1/moderations", #"{"input": 5}"#)
            #expect(wrong.code == 400)
            #expect(wrong.json["error"]["message"].string?.contains("input") == true)
        }
    }

    @Test func `a model that predicts a number does not moderate`() async throws {
        try await ClassifyTestServer.run(labels: ["stars"], problemType: .regression) { server in
            let answer = try await server.post("/v1/moderations", #"{"input": "hello"}"#)
            #expect(answer.code == 400)
        }
    }
}
