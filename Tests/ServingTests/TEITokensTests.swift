import Foundation
import JSON
import TestSupport
import Testing
import Tokenization

@testable import Serving

/// `/tokenize` and `/decode`.
@Suite struct TEITokensTests {
    private func tokenize(_ body: String) throws -> TEITokenizeRequest {
        try TEITokenizeRequest(JSONValue.parseTEI(Array(body.utf8)))
    }

    private func decode(_ body: String) throws -> TEIDecodeRequest {
        try TEIDecodeRequest(JSONValue.parseTEI(Array(body.utf8)))
    }

    @Test func `a text or a list of texts is read`() throws {
        #expect(try tokenize(#"{"inputs":"a"}"#).texts == ["a"])
        #expect(try tokenize(#"{"inputs":["a","b"],"add_special_tokens":false}"#).texts == ["a", "b"])
        #expect(try !tokenize(#"{"inputs":"a","add_special_tokens":false}"#).addsSpecialTokens)
        for body in [
            #"{"inputs":[["a"]]}"#, #"{"inputs":1}"#, "{}", #"{"inputs":"a","add_special_tokens":null}"#,
        ] {
            #expect(throws: ServingFault.self) { try tokenize(body) }
        }
    }

    @Test(arguments: [
        (#"{"inputs":[]}"#, 400, "`inputs` cannot be empty"),
        (#"{"inputs":["a",""]}"#, 400, "Input validation error: `inputs` cannot be empty"),
        (#"{"inputs":["a","b","c"]}"#, 422, "batch size 3 > maximum allowed batch size 2"),
        (
            #"{"inputs":"\#(String(repeating: "a", count: 251))"}"#, 422,
            "Input validation error: `inputs` must have less than 250 characters. Given: 251"
        ),
    ])
    func `texts are checked`(body: String, code: Int, message: String) throws {
        let error = #expect(throws: TEIError.self) { try tokenize(body).check(limit: 2, maxTokens: 1) }
        #expect(error?.code == code)
        #expect(error?.message == message)
    }

    @Test func `a prompt that the model lacks is refused`() throws {
        let query = try tokenize(#"{"inputs":"a","prompt_name":"query"}"#)
        let error = #expect(throws: TEIError.self) { try query.check(limit: 2, maxTokens: 9) }
        #expect(error?.kind == .validation)
        try tokenize(#"{"inputs":"a","prompt_name":null}"#).check(limit: 2, maxTokens: .max)
    }

    @Test func `tokens have UTF-8 offsets, special tokens none`() throws {
        let tokenizer = try Tokenizer(folder: Fixture.folder.appending(path: "pairs/bert"))
        try #require(tokenizer.specialTokenCount(isPair: false) > 0)
        let text = "Grüße, Ohio"
        let bytes = Array(text.utf8)
        for isWhole in [true, false] {
            let body = #"{"inputs":"\#(text)","add_special_tokens":\#(isWhole)}"#
            let lists = try tokenize(body).tokens(tokenizer).elements()
            #expect(lists.count == 1)
            let tokens = try lists[0].elements()
            let encoding = tokenizer.encode(text, addSpecialTokens: isWhole)
            #expect(tokens.compactMap(\.["id"].int) == encoding.ids.map { Int($0) })
            #expect(tokens.contains { $0["special"].bool == true } == isWhole)
            for token in tokens {
                #expect(token.object?.members.map(\.name) == ["id", "text", "special", "start", "stop"])
                guard let start = token["start"].int, let stop = token["stop"].int else {
                    #expect(token["special"].bool == true && token["stop"] == .null)
                    continue
                }
                #expect(token["text"].string == String(decoding: bytes[start..<stop], as: UTF8.self))
            }
        }
    }

    @Test func `ids of one text or of several are read`() throws {
        #expect(try decode(#"{"ids":[1,2]}"#).ids == [[1, 2]])
        #expect(try decode(#"{"ids":[[1],[2,3]],"skip_special_tokens":false}"#).ids == [[1], [2, 3]])
        for body in [
            #"{"ids":[1,[2]]}"#, #"{"ids":[-1]}"#, #"{"ids":[1.5]}"#, #"{"ids":"a"}"#,
            #"{"ids":[4294967296]}"#,
        ] {
            #expect(throws: ServingFault.self) { try decode(body) }
        }
        for body in [#"{"ids":[]}"#, #"{"ids":[[]]}"#] {
            let error = #expect(throws: TEIError.self) { try decode(body).check(limit: 2) }
            #expect(error?.kind == .empty)
            #expect(error?.message == "Input validation error: `input_ids` cannot be empty")
        }
    }

    @Test func `decoding returns the tokenized texts`() async throws {
        try await TEITestServer.run { server in
            let texts = ["hello world", "Grüße 👋"]
            let inputs = JSONValue.array(texts.map(JSONValue.string)).compact
            let tokens = try await server.post("/tokenize", #"{"inputs":\#(inputs)}"#)
            #expect(tokens.code == 200)
            let ids = try tokens.json.elements().map { list in
                JSONValue.array(try list.elements().map { $0["id"] })
            }
            let batch = try await server.post("/decode", #"{"ids":\#(JSONValue.array(ids).compact)}"#)
            #expect(batch.text == inputs)
            let single = try await server.post("/decode", #"{"ids":\#(ids[0].compact)}"#)
            #expect(single.json.array?.compactMap(\.string) == ["hello world"])
            let unknown = try await server.post("/decode", #"{"ids":[4294967295]}"#)
            #expect(unknown.text == #"[""]"#)
        }
    }
}
