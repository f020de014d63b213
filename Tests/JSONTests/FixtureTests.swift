import JSON
import TestSupport
import Testing

/// Reading fixtures: missing parts are errors, not empty lists.
struct FixtureTests {
    @Test func `missing cases are an error, not an empty test`() throws {
        #expect { try Fixture.cases("gguf/configs.json") } throws: {
            "\($0)" == "gguf/configs.json has no list \"cases\""
        }
        #expect(try !Fixture.cases("losses/losses.json").isEmpty)
    }

    @Test func `a list of the wrong kind is an error, and so are lists of unequal length`() throws {
        let document = try JSONValue.parse(#"{"numbers": [1, 2], "mixed": [1, "x"]}"#.utf8)
        #expect(try document["numbers"].integers() == [1, 2])
        #expect(throws: FixtureError.self) { try document["mixed"].integers() }
        #expect(throws: FixtureError.self) { try document["nothing"].elements() }
        #expect(throws: FixtureError.self) { try paired([1, 2], [1]) }
        #expect(try paired([1, 2], ["a", "b"]).map(\.1) == ["a", "b"])
    }
}
