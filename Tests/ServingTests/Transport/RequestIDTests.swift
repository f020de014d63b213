import Testing

@testable import Serving

private let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
private let span = "00f067aa0ba902b7"

@Suite struct RequestIDTests {
    @Test(arguments: [
        ("a", true), ("550e8400-e29b-41d4-a716-446655440000", true),
        (String(repeating: "x", count: 128), true),
        (String(repeating: "x", count: 129), false), ("", false), ("a b", false), ("a\tb", false),
        ("é", false),
        ("a\u{0}", false), ("~!\"", true),
    ])
    func `ids of visible ASCII are accepted`(text: String, isAccepted: Bool) {
        #expect((RequestID(header: text, traceParent: nil).id == text) == isAccepted)
    }

    @Test func `made ids differ and are valid`() {
        let ids = (0..<100).map { _ in RequestID(header: nil, traceParent: nil).id }
        #expect(Set(ids).count == 100)
        #expect(ids.allSatisfy { $0.utf8.count == 32 && RequestID.isValid($0) })
    }

    @Test func `a trace is read`() throws {
        let parent = try #require(TraceParent("00-\(trace)-\(span)-01"))
        #expect(parent.traceID == trace && parent.spanID == span && parent.isSampled)
        #expect(TraceParent("00-\(trace)-\(span)-00")?.isSampled == false)
        #expect(TraceParent("cc-\(trace)-\(span)-01-more")?.traceID == trace)
        #expect(RequestID(header: nil, traceParent: "00-\(trace)-\(span)-01").traceID == trace)
    }

    @Test(arguments: [
        "", "00", "00-\(trace)-\(span)", "00-\(trace)-\(span)-01-more", "ff-\(trace)-\(span)-01",
        "00-\(trace.uppercased())-\(span)-01", "00-\(trace)-\(span)-1", "00-\(trace)-\(span)-0g",
        "00-\(String(repeating: "0", count: 32))-\(span)-01",
        "00-\(trace)-\(String(repeating: "0", count: 16))-01",
        "00_\(trace)_\(span)_01", " 00-\(trace)-\(span)-01", "0-\(trace)-\(span)-01",
        "00-\(trace)a-\(span)-01",
    ])
    func `other texts are no traces`(text: String) {
        #expect(TraceParent(text) == nil)
    }
}
