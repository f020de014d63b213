import JSON
import Logging
import Synchronization
import Testing

@testable import Serving

@Suite struct JSONLogHandlerTests {
    @Test func `an event is one JSON line`() throws {
        let lines = Lines()
        var logger = Logger(label: "attune") { JSONLogHandler(label: $0) { lines.add($0) } }
        logger[metadataKey: "model"] = "a\nb"
        logger.info(
            "two\nlines \"quoted\"",
            metadata: ["list": ["x", "y"], "model": "c", "table": ["k": "v"]]
        )
        logger.debug("dropped")
        let texts = lines.all
        try #require(texts.count == 1)
        #expect(!texts[0].contains("\n"))
        let json = try JSONValue.parse(Array(texts[0].utf8))
        #expect(json["level"].string == "info")
        #expect(json["message"].string == "two\nlines \"quoted\"")
        #expect(json["model"].string == "c")
        #expect(json["list"].array == [.string("x"), .string("y")])
        #expect(json["table"]["k"].string == "v")
    }

    @Test func `plain text is one line`() {
        let lines = Lines()
        let logger = Logger(label: "attune") { JSONLogHandler(label: $0, format: .text) { lines.add($0) } }
        logger.warning("two\nlines", metadata: ["key": "a\nb"])
        #expect(lines.all.count == 1)
        #expect(lines.all[0].hasSuffix("warning two lines key=a b"))
    }
}

/// Collects lines of a log.
final class Lines: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    func add(_ line: String) { lines.withLock { $0.append(line) } }
}
