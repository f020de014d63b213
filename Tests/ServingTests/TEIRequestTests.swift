import JSON
import Testing
import Tokenization

@testable import Serving

/// The decoding of requests to text-embeddings-inference's routes.
@Suite struct TEIRequestTests {
    private func predict(_ body: String) throws -> TEIPredictRequest {
        try TEIPredictRequest(JSONValue.parseTEI(Array(body.utf8)))
    }

    private func fault(_ body: String) -> ServingFault? {
        do {
            _ = try predict(body)
            return nil
        } catch {
            return error as? ServingFault
        }
    }

    @Test(
        arguments: [
            (#""a""#, [.text("a")], false),
            (#"["a"]"#, [.text("a")], false),
            (#"["a","b"]"#, [.pair("a", "b")], false),
            (#"[["a"],["b"]]"#, [.text("a"), .text("b")], true),
            (#"[["a"]]"#, [.text("a")], true),
            (#"[["a","b"],["c","d"]]"#, [.pair("a", "b"), .pair("c", "d")], true),
            (#"[["a"],["b","c"]]"#, [.text("a"), .pair("b", "c")], true),
            ("\"\"", [.text("")], false),
        ] as [(String, [ServedInput], Bool)]
    )
    func `a list of two strings is a pair, and a list of lists a batch`(
        inputs: String,
        expected: [ServedInput],
        isBatch: Bool
    ) throws {
        let query = try predict(#"{"inputs":\#(inputs)}"#)
        #expect(query.inputs.inputs == expected)
        #expect(query.inputs.isBatch == isBatch)
    }

    @Test(arguments: [
        (#"["a","b","c"]"#, "inputs"), (#"[["a"],"b"]"#, "inputs[1]"), ("[]", "inputs"),
        ("[[]]", "inputs[0]"), (#"[["a","b","c"]]"#, "inputs[0]"), (#"["a",["b"]]"#, "inputs"),
        (#"[["a"],[1]]"#, "inputs[1]"), ("1", "inputs"), ("null", "inputs"), ("{}", "inputs"),
        ("[null]", "inputs[0]"), (#"["a",null]"#, "inputs"),
    ])
    func `other shapes of inputs are refused with their place`(inputs: String, path: String) {
        #expect(
            fault(#"{"inputs":\#(inputs)}"#) == .wrongShape(path: path, expected: TEIInputs.expected)
        )
    }

    @Test func `options have text-embeddings-inference's defaults`() throws {
        let plain = try predict(#"{"inputs":"a","unknown":[1]}"#)
        #expect(plain.truncates == nil && plain.side == nil && !plain.wantsRawScores)
        let null = try predict(#"{"inputs":"a","truncate":null}"#)
        #expect(null == plain)
        for autoTruncate in [false, true] {
            let items = plain.items(autoTruncate: autoTruncate)
            #expect(items.map(\.truncates) == [autoTruncate])
            #expect(items.map(\.refusesEmpty) == [true])
        }
        let chosen = try predict(#"{"inputs":"a","truncate":false,"raw_scores":true}"#)
        #expect(chosen.items(autoTruncate: true).map(\.truncates) == [false])
        #expect(chosen.wantsRawScores)
    }

    @Test(
        arguments: [
            ("Right", .right), ("right", .right), ("Left", .left), ("left", .left), ("LEFT", nil), ("", nil),
        ] as [(String, Truncation.Side?)]
    )
    func `the direction of truncation has two spellings`(word: String, side: Truncation.Side?) throws {
        let body = #"{"inputs":"a","truncation_direction":"\#(word)"}"#
        guard let side else {
            #expect(fault(body) != nil)
            return
        }
        #expect(try predict(body).items(autoTruncate: true).map(\.side) == [side])
    }

    @Test(arguments: [
        #"{"inputs":"a","raw_scores":null}"#, #"{"inputs":"a","raw_scores":1}"#,
        #"{"inputs":"a","truncate":"true"}"#, #"{"inputs":"a","truncation_direction":null}"#,
        "{}", "[]", "null", #""a""#,
    ])
    func `options of another type are refused`(body: String) throws {
        guard case .wrongShape = fault(body) else {
            Issue.record("\(body) was read")
            return
        }
    }

    @Test func `only batches are limited`() throws {
        #expect(throws: Never.self) { try predict(#"{"inputs":["a","b"]}"#).requireFit(1) }
        #expect(throws: Never.self) { try predict(#"{"inputs":[["a"],["b"]]}"#).requireFit(2) }
        #expect(throws: ServingFault.tooManyItems(count: 2, limit: 1)) {
            try predict(#"{"inputs":[["a"],["b"]]}"#).requireFit(1)
        }
    }

    @Test func `a malformed body is reported with the byte`() {
        guard case .malformedJSON(let message) = fault(#"{"inputs":"#) else {
            Issue.record("an incomplete body was read")
            return
        }
        #expect(message.contains("at byte "))
        let deep = String(repeating: "[", count: 100_000)
        guard case .malformedJSON = fault(#"{"inputs":\#(deep)"#) else {
            Issue.record("deep nesting was read")
            return
        }
    }

    @Test func `characters are counted as Unicode scalars`() throws {
        #expect(try predict(#"{"inputs":[["äöü"],["e\u0301","👩‍👩‍👧"]]}"#).inputs.characterCount == 3 + 2 + 5)
    }

    @Test func `requests of Vertex AI are checked one by one`() throws {
        func requests(_ body: String) throws -> [TEIPredictRequest] {
            try TEIVertexRequest(JSONValue.parseTEI(Array(body.utf8))).requests(limit: 1)
        }
        #expect(try requests(#"{"instances":[]}"#).isEmpty)
        #expect(try requests(#"{"instances":[{"inputs":"a"},{"inputs":["a","b"]}]}"#).count == 2)
        let shape = #expect(throws: TEIError.self) { try requests(#"{"instances":[{"inputs":"a"},{}]}"#) }
        #expect(shape?.kind == .validation && shape?.code == 422)
        #expect(shape?.message.hasPrefix("instances[1].inputs: expected ") == true)
        let size = #expect(throws: TEIError.self) {
            try requests(#"{"instances":[{"inputs":[["a"],["b"]]}]}"#)
        }
        #expect(size?.message == "batch size 2 > maximum allowed batch size 1")
        let rerank = #expect(throws: TEIError.self) {
            try requests(#"{"instances":[{"query":"a","texts":["b"]}]}"#)
        }
        #expect(rerank?.message == "Backend error: model is not a re-ranker model")
        #expect(throws: ServingFault.self) { try requests(#"{"instances":{}}"#) }
    }
}
