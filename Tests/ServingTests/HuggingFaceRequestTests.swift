import Classification
import Foundation
import JSON
import Models
import Testing

@testable import Serving

/// The requests and answers of Hugging Face's inference clients.
@Suite struct HuggingFaceRequestTests {
    private func read(_ body: String) throws -> HuggingFaceRequest {
        try HuggingFaceRequest(JSONValue.parseTEI(Array(body.utf8)))
    }

    @Test(
        arguments: [
            (#""a""#, [.text("a")]),
            (#"["a"]"#, [.text("a")]),
            (#"["a","b","c"]"#, [.text("a"), .text("b"), .text("c")]),
            (#"{"text":"a","text_pair":"b"}"#, [.pair("a", "b")]),
            (#"{"text":"a","text_pair":null}"#, [.text("a")]),
            (#"[{"text":"a","text_pair":"b"},"c",{"text":"d"}]"#, [.pair("a", "b"), .text("c"), .text("d")]),
        ] as [(String, [ServedInput])]
    )
    func `a list is a batch, and an object with text_pair a pair`(
        inputs: String,
        expected: [ServedInput]
    ) throws {
        #expect(try read(#"{"inputs":\#(inputs)}"#).inputs == expected)
    }

    @Test(arguments: [
        ("[]", "inputs"), ("1", "inputs"), ("null", "inputs"), (#"[["a","b"]]"#, "inputs[0]"),
        (#"["a",1]"#, "inputs[1]"), (#"{"text_pair":"b"}"#, "inputs.text"),
        (#"[{"text":"a","text_pair":1}]"#, "inputs[0].text_pair"),
    ])
    func `other shapes of inputs are refused with their place`(inputs: String, place: String) {
        let fault = #expect(throws: ServingFault.self) { try read(#"{"inputs":\#(inputs)}"#) }
        guard case .wrongShape(place, _) = fault else {
            Issue.record("\(String(describing: fault)) does not name \(place)")
            return
        }
    }

    @Test func `parameters may be missing, null or empty`() throws {
        let plain = try read(#"{"inputs":"a"}"#)
        #expect(
            plain.topK == nil && plain.function == nil && plain.truncates == nil && plain.maxTokens == nil
        )
        for parameters in ["{}", "null", #"{"top_k":null,"function_to_apply":null}"#, #"{"unknown":[1]}"#] {
            #expect(try read(#"{"inputs":"a","parameters":\#(parameters)}"#) == plain)
        }
    }

    @Test func `parameters are those of transformers' pipeline`() throws {
        let query = try read(
            #"{"inputs":"a","parameters":{"top_k":2,"function_to_apply":"Sigmoid","truncation":true,"max_length":9}}"#
        )
        #expect(query.topK == 2 && query.function == .sigmoid)
        let items = query.items(autoTruncate: false)
        #expect(items.map(\.truncates) == [true] && items.map(\.maxTokens) == [9])
        #expect(items.map(\.refusesEmpty) == [true])
        let whole = try read(
            #"{"inputs":"a","parameters":{"truncation":"do_not_truncate","max_length":9}}"#
        )
        .items(autoTruncate: true)
        #expect(whole.map(\.truncates) == [false] && whole.map(\.maxTokens) == [nil])
        let cut = try read(#"{"inputs":"a","parameters":{"max_length":9}}"#).items(autoTruncate: false)
        #expect(cut.map(\.truncates) == [true] && cut.map(\.maxTokens) == [9])
    }

    @Test(arguments: [
        #""top_k""#, #"{"top_k":0}"#, #"{"top_k":-1}"#, #"{"top_k":1.5}"#, #"{"top_k":"1"}"#,
        #"{"function_to_apply":"tanh"}"#, #"{"function_to_apply":1}"#, #"{"truncation":"x"}"#,
        #"{"max_length":0}"#, "[]",
    ])
    func `other parameters are refused`(parameters: String) {
        let fault = #expect(throws: ServingFault.self) {
            try read(#"{"inputs":"a","parameters":\#(parameters)}"#)
        }
        guard case .wrongShape(let path, _) = fault else {
            Issue.record("not refused by shape")
            return
        }
        #expect(path.hasPrefix("parameters"))
    }

    @Test func `functions are those of transformers' pipeline`() {
        let prediction = Prediction(logits: [1, -1], labels: ["a", "b"], problemType: .multiLabel)
        let single = Prediction(logits: [1], labels: ["a"])
        let sigmoids = [1 / (1 + exp(-1.0)), 1 / (1 + exp(1.0))]
        let softmax = [1 / (1 + exp(-2.0)), 1 / (1 + exp(2.0))]
        for (function, expected) in [
            (nil, sigmoids), (.sigmoid, sigmoids), (.softmax, softmax), (HuggingFaceFunction.none, [1, -1]),
        ] as [(HuggingFaceFunction?, [Double])] {
            let scores = HuggingFaceAnswer.scores(of: prediction, function)
            #expect(scores.count == 2)
            for (score, value) in zip(scores, expected) { #expect(abs(score - value) < 1e-12) }
        }
        #expect(HuggingFaceAnswer.scores(of: single, nil) == [sigmoids[0]])
    }

    @Test func `an answer is a list of lists, and equal scores are in order of ids`() {
        let writer = HuggingFaceAnswer(labels: ["a", "b", "c"])
        func text(_ scores: [[Double]], topK: Int? = nil) -> String {
            String(decoding: writer.body(scores, topK: topK), as: UTF8.self)
        }
        let all = #"[{"label":"b","score":0.5},{"label":"a","score":0.25},{"label":"c","score":0.25}]"#
        #expect(text([[0.25, 0.5, 0.25]]) == "[\(all)]")
        #expect(text([[0.25, 0.5, 0.25]], topK: 7) == "[\(all)]")
        let best = #"[{"label":"b","score":0.5}]"#
        #expect(text([[0.25, 0.5, 0.25], [0.25, 0.5, 0.25]], topK: 1) == "[\(best),\(best)]")
    }

    @Test(
        arguments: [
            (.malformedJSON("x"), 400), (.notUTF8, 400),
            (.wrongShape(path: "inputs", expected: "a string"), 422),
            (.tooManyItems(count: 2, limit: 1), 422), (.unknownModel("a", known: []), 404),
            (.overloaded(retryAfter: 3), 429), (.draining, 429), (.cancelled, 429),
            (.loading(retryAfter: 2), 503),
            (.failedToLoad("no file"), 500), (.unsupportedMediaType(nil), 415),
            (.bodyTooLarge(limit: 1), 413),
        ] as [(ServingFault, Int)]
    )
    func `only loading is answered with 503`(fault: ServingFault, code: Int) {
        #expect(HuggingFaceError(fault).code == code)
        #expect(HuggingFaceError(fault).message == fault.description)
    }

    @Test func `the first input without an answer is named`() {
        let error = #expect(throws: HuggingFaceError.self) {
            try HuggingFaceError.answers([.failure(.empty), .failure(.nonFinite)])
        }
        #expect(error?.code == 400 && error?.message == "inputs[0]: the text is empty")
        let single = #expect(throws: HuggingFaceError.self) {
            try HuggingFaceError.answers([.failure(.tooLong(tokens: 9, limit: 8))])
        }
        #expect(single?.code == 422 && single?.message.hasPrefix("the text has 9 tokens") == true)
    }

    @Test func `a model's name in a path may be percent-encoded`() {
        #expect(HuggingFaceRoutes.modelName("org/name") == "org/name")
        #expect(HuggingFaceRoutes.modelName("org%2Fname%20x") == "org/name x")
        #expect(HuggingFaceRoutes.modelName("100%") == "100%")
    }
}
