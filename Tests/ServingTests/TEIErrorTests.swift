import HTTPTypes
import Hummingbird
import JSON
import Testing

@testable import Serving

/// The errors of text-embeddings-inference's routes: status, kind, message and content type.
@Suite struct TEIErrorTests {
    @Test(
        arguments: [
            (
                .tooManyItems(count: 33, limit: 32), 422, "Validation",
                "batch size 33 > maximum allowed batch size 32"
            ),
            (.overloaded(retryAfter: 3), 429, "Overloaded", "Model is overloaded"),
            (.loading(retryAfter: 2), 503, "Unhealthy", "the model is loading; retry after 2 seconds"),
            (.draining, 503, "Unhealthy", "the server is stopping"),
            (.failedToLoad("no file"), 503, "Unhealthy", "no file"),
        ] as [(ServingFault, Int, String, String)]
    )
    func `faults of a request are JSON with the kind in PascalCase`(
        fault: ServingFault,
        code: Int,
        kind: String,
        message: String
    ) throws {
        let error = TEIError(fault)
        #expect(error.code == code)
        #expect(error.json(.standard)?.compact == #"{"error":"\#(message)","error_type":"\#(kind)"}"#)
        #expect(
            error.json(.openAI)?.compact == #"{"message":"\#(message)","code":\#(code),"type":"\#(kind)"}"#
        )
        #expect(error.response().status.code == code)
        #expect(error.response().headers[.contentType] == "application/json")
    }

    @Test(
        arguments: [
            (
                .malformedJSON("expected a value at byte 10"), 400,
                "Failed to parse the request body as JSON: expected"
            ),
            (.notUTF8, 400, "Failed to parse the request body as JSON: not UTF-8"),
            (
                .wrongShape(path: "inputs", expected: "a string"), 422,
                "Failed to deserialize the JSON body into the target type: inputs: expected a string"
            ),
            (.unsupportedMediaType(nil), 415, "Expected request with `Content-Type: application/json`"),
            (.bodyTooLarge(limit: 1), 413, "Failed to buffer the request body: length limit exceeded"),
            (.bodyTooSlow, 408, "Failed to buffer the request body: timed out"),
        ] as [(ServingFault, Int, String)]
    )
    func `faults before the handler are plain text`(fault: ServingFault, code: Int, text: String) {
        let error = TEIError(fault)
        #expect(error.code == code)
        #expect(error.message.hasPrefix(text))
        #expect(error.json(.standard) == nil)
        #expect(error.response().headers[.contentType] == "text/plain; charset=utf-8")
    }

    @Test(
        arguments: [
            (.empty, 400, "Empty", "Input validation error: `inputs` cannot be empty"),
            (
                .tooLong(tokens: 600, limit: 512), 422, "Validation",
                "Input validation error: `inputs` must have less than 512 tokens. Given: 600"
            ),
            (
                .tooManyCharacters(limit: 4), 422, "Validation",
                "Input validation error: `inputs` must have less than 4 characters. Given: 5"
            ),
            (.unknownToken(7), 422, "Tokenizer", "tokenizer error the vocabulary has no token 7"),
            (.nonFinite, 424, "Backend", "score is NaN"),
            (.failed("out of memory"), 424, "Backend", "Backend error: out of memory"),
        ] as [(ItemFault, Int, String, String)]
    )
    func `faults of an input`(fault: ItemFault, code: Int, kind: String, message: String) {
        let error = TEIError(fault, of: .text("abcdé"))
        #expect(error.code == code)
        #expect(error.kind?.rawValue == kind)
        #expect(error.message == message)
    }

    @Test func `the first input without an answer fails the request`() throws {
        let answer = ServedAnswer(
            logits: [0, 1],
            tokens: 3,
            isTruncated: false,
            windows: 1,
            timing: ItemTiming(tokenization: .zero, queue: .zero, inference: .zero)
        )
        let inputs = [ServedInput.text("a"), .text(""), .text("b")]
        #expect(throws: TEIError(.empty, of: .text(""))) {
            try TEIError.answers([.success(answer), .failure(.empty), .failure(.nonFinite)], of: inputs)
        }
        #expect(try TEIError.answers([.success(answer)], of: [.text("a")]) == [answer])
    }

    @Test func `overload and loading say when to try again`() {
        #expect(TEIError(.overloaded(retryAfter: 3)).response().headers[.retryAfter] == "3")
        #expect(TEIError(.loading(retryAfter: 2)).response().headers[.retryAfter] == "2")
        #expect(TEIError(.bodyTooSlow).response().headers[.retryAfter] == nil)
    }
}
