import Classification
import JSON
import Models
import TestSupport
import Testing
import Tokenization

@testable import Serving

/// The body of `/v1/classify`, without a server.
@Suite struct ClassifyRequestTests {
    private func request(_ body: String, maxItems: Int = .max) throws -> ClassifyRequest {
        try ClassifyRequest(BodyFields.parse(Array(body.utf8)), maxItems: maxItems)
    }

    @Test func `texts, a text and pairs are read`() throws {
        #expect(try request(#"{"text": "a"}"#).inputs == [ClassifyInput(.text("a"))])
        #expect(try request(#"{"texts": ["a", "b"]}"#).inputs.count == 2)
        #expect(try request(#"{"pairs": [["a", "b"]]}"#).inputs == [ClassifyInput(.pair("a", "b"))])
        #expect(try request(#"{"texts": []}"#).inputs.isEmpty)
        let row = try request(#"{"texts": [{"text": "a", "text_pair": "b", "id": 7, "other": true}]}"#)
            .inputs[0]
        #expect(row.content == .success(.pair("a", "b")))
        #expect(row.id == .int(7))
    }

    @Test func `a faulty item is an error of its index only`() throws {
        let inputs = try request(#"{"texts": ["a", 5, null, {"text": 1}, "b"]}"#).inputs
        let faults = inputs.map { input in
            if case .failure(let fault) = input.content { fault.message } else { "" }
        }
        #expect(faults[0].isEmpty && faults[4].isEmpty)
        #expect(faults[1] == #"texts[1] must be a string or an object with "text""#)
        #expect(faults[3] == "texts[3].text must be a string")
        let pairs = try request(#"{"pairs": [["a"], "b", ["a", "b"]]}"#).inputs
        #expect(pairs.map { (try? $0.content.get()) == nil } == [true, true, false])
    }

    @Test func `options are read`() throws {
        let body = #"""
            {"text": "a", "top_k": 2, "raw": true, "logits": true, "truncate": false, "long_text": "window:96",
             "max_tokens": 40, "stream": true, "models": ["a", "b"]}
            """#
        let request = try request(body)
        #expect(request.options.topK == 2)
        #expect(request.options.longText == .window(stride: 96))
        #expect(request.streams && request.options.isRaw && request.options.hasLogits)
        #expect(request.models == ["a", "b"] && request.isForSeveralModels)
        let item = request.options.item(.text("a"), autoTruncate: true)
        #expect(!item.truncates && item.maxTokens == 40)
    }

    @Test(
        arguments: [
            (#"[]"#, "the body"), (#"{}"#, "the body"), (#"{"text": "a", "texts": []}"#, "text, texts"),
            (#"{"text": 5}"#, "text"), (#"{"texts": "a"}"#, "texts"), (#"{"text": "a", "topk": 1}"#, "topk"),
            (#"{"text": "a", "top_k": 0}"#, "top_k"), (#"{"text": "a", "top_k": 1.5}"#, "top_k"),
            (#"{"text": "a", "raw": "yes"}"#, "raw"), (#"{"text": "a", "long_text": "middle"}"#, "long_text"),
            (#"{"text": "a", "models": []}"#, "models"), (#"{"text": "a", "models": ["a", "a"]}"#, "models"),
            (#"{"text": "a", "models": ["a"], "model": "b"}"#, "model"),
        ]
    )
    func `a wrong member is named`(body: String, path: String) throws {
        #expect {
            try request(body)
        } throws: { error in
            guard case .wrongShape(let place, _) = error as? ServingFault else { return false }
            return place == path
        }
    }

    @Test func `too many items, malformed JSON and bytes that are not UTF-8 are refused`() throws {
        #expect(throws: ServingFault.tooManyItems(count: 3, limit: 2)) {
            try request(#"{"texts": ["a", "b", "c"]}"#, maxItems: 2)
        }
        #expect {
            try request("{")
        } throws: { error in
            if case .malformedJSON = error as? ServingFault { true } else { false }
        }
        #expect(throws: ServingFault.notUTF8) {
            try BodyFields.parse([UInt8(ascii: "\""), 0xFF, UInt8(ascii: "\"")])
        }
        let deep = String(repeating: "[", count: 100_000)
        #expect(throws: ServingFault.self) { try request(deep) }
    }

    @Test func `a query has the options of lines`() throws {
        let query = try LineQuery([("model", "7"), ("top_k", "3"), ("raw", "true"), ("long_text", "head")])
        #expect(query.model == "7")
        #expect(query.options.topK == 3 && query.options.isRaw && query.options.longText == .head)
        #expect(throws: ServingFault.self) { try LineQuery([("topk", "3")]) }
        #expect(throws: ServingFault.self) { try LineQuery([("raw", "1")]) }
    }
}

/// The answers of `/v1/classify`, without a server.
@Suite struct ClassifyResultTests {
    @Test func `scores are in descending order, equal ones by id`() {
        let prediction = Prediction(logits: [1, 2, 1, 2], labels: ["a", "b", "c", "d"])
        #expect(ClassifyResult.ranked(prediction, topK: nil) == [1, 3, 0, 2])
        #expect(ClassifyResult.ranked(prediction, topK: 1) == [1])
        #expect(ClassifyResult.ranked(prediction, topK: 9).count == 4)
    }

    @Test func `an infinite threshold is left out, because JSON has no infinity`() {
        var prediction = Prediction(logits: [1, 2], labels: ["a", "b"])
        (prediction.threshold, prediction.isRejected, prediction.set) = (.infinity, true, [])
        let json = JSONValue.object(JSONObject(ClassifyResult.members(prediction, topK: nil)))
        #expect(json["threshold"] == .null)
        #expect(json["rejected"] == .bool(true))
        #expect(json["set"] == .array([]))
        prediction.threshold = 0.25
        let other = JSONValue.object(JSONObject(ClassifyResult.members(prediction, topK: nil)))
        #expect(other["threshold"] == .double(0.25))
    }

    @Test func `an item that the service did not answer has an error and its id`() throws {
        let model = try ServedModel.forTests()
        var input = ClassifyInput(.text("a"))
        input.id = .string("row 5")
        let result = ClassifyResult(input, .failure(.nonFinite), model: model, isRaw: false)
        let json = result.json(ClassifyOptions(), first: [("index", .int(3))])
        #expect(json["index"] == .int(3))
        #expect(json["id"] == .string("row 5"))
        #expect(json["error"]["kind"] == .string("non_finite"))
        let missing = ClassifyResult(input, nil, model: model, isRaw: false).json(ClassifyOptions())
        #expect(missing["error"]["kind"] == .string("failed"))
    }
}
