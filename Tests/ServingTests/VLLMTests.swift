import Classification
import Foundation
import HTTPTypes
import JSON
import Models
import TestSupport
import Testing
import Tokenization

@testable import Serving

/// vLLM's bodies, without a server.
@Suite struct VLLMRequestTests {
    private func inputs(_ body: String, maxItems: Int = .max) throws -> VLLMInputs {
        try VLLMInputs(BodyFields(BodyFields.parse(Array(body.utf8))), maxItems: maxItems)
    }

    @Test func `inputs have four shapes`() throws {
        #expect(try inputs(#"{"input": "a"}"#).inputs == [.text("a")])
        #expect(try inputs(#"{"input": ["a", "b"]}"#).inputs == [.text("a"), .text("b")])
        #expect(try inputs(#"{"input": [1, 2]}"#).inputs == [.ids([1, 2])])
        #expect(try inputs(#"{"input": [[1, 2], [3]]}"#).inputs == [.ids([1, 2]), .ids([3])])
    }

    @Test(
        arguments: [
            ("{}", "input"), (#"{"input": []}"#, "input"), (#"{"input": ["a", 1]}"#, "input[1]"),
            (#"{"input": [1, "a"]}"#, "input[1]"), (#"{"input": [[1], "a"]}"#, "input[1]"),
            (#"{"input": [-1]}"#, "input[0]"), (#"{"input": [5000000000]}"#, "input[0]"),
            (#"{"messages": [{"role": "user", "content": "a"}]}"#, "messages"),
            (#"{"input": "a", "truncate_prompt_tokens": -2}"#, "truncate_prompt_tokens"),
            (#"{"input": "a", "truncate_prompt_tokens": 0}"#, "truncate_prompt_tokens"),
            (#"{"input": "a", "truncation_side": "middle"}"#, "truncation_side"),
        ]
    )
    func `a wrong member is named`(body: String, path: String) {
        #expect {
            try inputs(body)
        } throws: { error in
            guard case .wrongShape(let place, _) = error as? ServingFault else { return false }
            return place == path
        }
    }

    @Test func `truncation and special tokens are as the request says`() throws {
        let plain = try inputs(#"{"input": "a"}"#).items(3...64)[0]
        #expect(!plain.truncates && plain.addsSpecialTokens && plain.maxTokens == nil && plain.side == nil)
        let limit = try inputs(#"{"input": "a", "truncate_prompt_tokens": -1}"#).items(3...64)[0]
        #expect(limit.truncates && limit.maxTokens == nil)
        let body =
            #"{"input": "a", "truncate_prompt_tokens": 8, "truncation_side": "left", "add_special_tokens": false}"#
        let left = try inputs(body).items(3...64)[0]
        #expect(left.truncates && left.maxTokens == 8 && left.side == .left && !left.addsSpecialTokens)
        #expect(throws: ServingFault.self) {
            try inputs(#"{"input": "a", "truncate_prompt_tokens": 65}"#).items(3...64)
        }
    }

    @Test func `base64 has the bytes of float32`() throws {
        func encoding(_ body: String) throws -> VLLMEncoding {
            try VLLMEncoding(BodyFields(BodyFields.parse(Array(body.utf8))))
        }
        let numbers: [Float] = [1, -2.5]
        #expect(try encoding("{}").json(numbers).compact == "[1.0,-2.5]")
        // struct.pack("<2f", 1, -2.5) and struct.pack(">2f", 1, -2.5) of Python, in base64.
        #expect(try encoding(#"{"encoding_format": "base64"}"#).json(numbers) == .string("AACAPwAAIMA="))
        let big = #"{"encoding_format": "base64", "endianness": "big"}"#
        #expect(try encoding(big).json(numbers) == .string("P4AAAMAgAAA="))
        for refused in [#"{"task": "embed"}"#, #"{"dimensions": 2}"#, #"{"embed_dtype": "float16"}"#] {
            #expect(throws: ServingFault.self) { try encoding(refused) }
        }
    }
}

/// vLLM's routes, over HTTP.
@Suite struct VLLMRoutesTests {
    @Test func `probabilities are by label id`() async throws {
        try await ClassifyTestServer.run { server in
            let answer = try await server.post(
                "/classify",
                #"{"model": "tiny", "input": ["hello", "win"], "priority": 5}"#
            )
            #expect(answer.code == 200)
            #expect(answer.json["object"] == .string("list"))
            #expect(answer.json["model"] == .string("tiny"))
            #expect(answer.json["id"].string?.hasPrefix("classify-") == true)
            let model = try server.service.model()
            let items = ["hello", "win"].map { ServedItem(.text($0)) }
            let own = try await server.service.classify(items, with: model).map { try $0.get() }
            for (entry, own) in try paired(answer.json["data"].elements(), own) {
                let prediction = model.prediction(own)
                #expect(entry["label"] == .string(prediction.label))
                #expect(entry["num_classes"] == .int(2))
                for (one, other) in try paired(entry["probs"].doubles(), prediction.scores) {
                    #expect(abs(one - other) < 1e-6)
                }
            }
            let tokens = own.reduce(0) { $0 + $1.tokens }
            #expect(answer.json["usage"]["prompt_tokens"] == .int(tokens))
            #expect(answer.json["usage"]["completion_tokens"] == .int(0))
        }
    }

    @Test func `token ids are read as they are, and logits are given on request`() async throws {
        try await ClassifyTestServer.run { server in
            let model = try server.service.model()
            let ids = model.tokenizer.encode("hello", addSpecialTokens: true).ids
            let list = ids.map { String($0) }.joined(separator: ",")
            let text = try await server.post("/classify", #"{"input": "hello", "use_activation": false}"#)
            let tokens = try await server.post(
                "/classify",
                #"{"input": [\#(list)], "use_activation": false}"#
            )
            #expect(text.json["data"] == tokens.json["data"])
            let pooled = try await server.post("/pooling", #"{"input": "hello", "use_activation": false}"#)
            #expect(pooled.json["data"].array?.first?["data"] == text.json["data"].array?.first?["probs"])
            #expect(pooled.json["data"].array?.first?["object"] == .string("pooling"))
            let prompt = try await server.post("/detokenize", #"{"tokens": [\#(list)]}"#)
            #expect(prompt.json["prompt"].string?.contains("hello") == true)
        }
    }

    @Test func `errors have vLLM's body and code`() async throws {
        try await ClassifyTestServer.run { server in
            let long = String(repeating: "word ", count: 200)
            let cases: [(body: String, code: Int, type: String)] = [
                (#"{"input": ""}"#, 400, "BadRequestError"), (#"{"input": []}"#, 400, "BadRequestError"),
                (#"{"input": "\#(long)"}"#, 400, "BadRequestError"),
                (#"{"input": [1000000]}"#, 400, "BadRequestError"),
                (#"{"input": "a", "model": "b"}"#, 404, "NotFoundError"), ("{", 400, "BadRequestError"),
                (#"{"messages": []}"#, 400, "BadRequestError"),
                (#"{"input": "a", "truncate_prompt_tokens": 1000}"#, 400, "BadRequestError"),
            ]
            for (body, code, type) in cases {
                let answer = try await server.post("/classify", body)
                #expect(answer.code == code, "\(body.prefix(40))")
                #expect(answer.json["error"]["code"] == .int(code))
                #expect(answer.json["error"]["type"] == .string(type))
            }
            let cut = try await server.post(
                "/classify",
                #"{"input": "\#(long)", "truncate_prompt_tokens": -1}"#
            )
            #expect(cut.code == 200)
            #expect(cut.json["usage"]["prompt_tokens"] == .int(64))
            let version = try await server.get("/version")
            #expect(version.json["version"].string?.isEmpty == false)
        }
    }
}
