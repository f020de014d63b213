import JSON
import TestSupport
import Testing

@testable import Serving

/// Newline-delimited bodies, without a server.
@Suite struct ClassifyLineTests {
    private func lines(_ text: String, chunk: Int, limit: Int = 100) -> [LineSplitter.Line] {
        var splitter = LineSplitter(limit: limit)
        let bytes = Array(text.utf8)
        var lines: [LineSplitter.Line] = []
        for start in stride(from: 0, to: bytes.count, by: chunk) {
            lines += splitter.lines(adding: bytes[start..<min(start + chunk, bytes.count)])
        }
        return lines + [splitter.finish()].compactMap { $0 }
    }

    @Test func `lines do not depend on the borders of chunks`() {
        let text = "\"a\"\n\n  \r\n{\"text\": \"b\u{E9}\"}\r\n\"c\""
        let expected = lines(text, chunk: 1000)
        #expect(expected.count == 3)
        for chunk in 1...text.utf8.count { #expect(lines(text, chunk: chunk) == expected) }
    }

    @Test func `a line over the limit is dropped up to its end`() {
        let text = "\"a\"\n" + String(repeating: "x", count: 50) + "\n\"b\""
        for chunk in [1, 7, 1000] {
            let found = lines(text, chunk: chunk, limit: 20)
            #expect(found == [.whole(Array("\"a\"".utf8)), .tooLong, .whole(Array("\"b\"".utf8))])
        }
        #expect(lines(String(repeating: "x", count: 20), chunk: 3, limit: 20).first != .tooLong)
        #expect(lines(String(repeating: "x", count: 21), chunk: 3, limit: 20) == [.tooLong])
    }

    @Test func `results are put in the order of items`() async {
        let (stream, continuation) = AsyncStream<IndexedResult>.makeStream()
        for index in [2, 0, 3, 1] {
            continuation.yield(IndexedResult(index: index, result: .failure(.failed("\(index)"))))
        }
        continuation.finish()
        var results = OrderedResults(stream)
        for index in 0..<4 { #expect(await results.next() == .failure(.failed("\(index)"))) }
        #expect(await results.next() == nil)
    }

    @Test func `the media types of lines`() {
        #expect(LineMedia.isLines("application/x-ndjson; charset=utf-8"))
        #expect(LineMedia.isLines("Application/JSONL"))
        #expect(!LineMedia.isLines("application/json") && !LineMedia.isLines(nil))
        #expect(LineMedia.accepts("application/json, application/x-ndjson;q=0.5"))
        #expect(!LineMedia.accepts("*/*"))
    }
}
