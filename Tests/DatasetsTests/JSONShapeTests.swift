import Datasets
import Foundation
import TestSupport
import Testing

/// JSON files that are neither one object per line nor an array of objects.
struct JSONShapeTests {
    @Test func `objects over several lines are rows, as in datasets`() throws {
        let pretty = "{\n  \"t\": \"a}\\\"{\",\n  \"n\": {\"x\": 1}\n}\n{\n  \"t\": \"b\"\n}"
        for name in ["x.json", "x.jsonl"] {
            #expect(try read(pretty, as: name).strings("t") == ["a}\"{", "b"])
        }
        #expect(
            try read("{\"t\": \"a\"} {\"t\": \"b\"}{\"t\": \"c\"}\n{\"t\": \"d\"}\n", as: "x.json").count == 4
        )
        #expect(try read("{\"t\": \"a\"}\n{\n\"t\": \"b\"}\n{\"t\":\n\"c\"\n}\n", as: "x.json").count == 3)
    }

    @Test func `an error in an object over several lines gives the line on which the object starts`() {
        #expect(
            complaint("{\n\"t\": \"a\"\n}\n{\n\"t\": x\n}\n", as: "x.json").hasPrefix(": line 4 is not JSON")
        )
        #expect(
            complaint("{\n\"t\": \"a\"\n}\n{\n\"t\": \"b\"\n", as: "x.json")
                == ": the object that line 4 opens is never closed"
        )
        #expect(
            complaint("{\"t\": 1}\n{\"t\": 2\n{\"t\": 3}\n", as: "x.jsonl")
                == ": line 2 is not JSON: expected , or } at byte 7"
        )
    }

    @Test func `rows under a name are read with a warning`() throws {
        let wrapped = "{\"version\": 1, \"data\": [{\"t\": \"a\"},\n {\"t\": \"b\"}]}"
        let data = try read(wrapped, as: "x.json")
        #expect(try data.strings("t") == ["a", "b"])
        #expect(
            data.warnings.count == 1
                && data.warnings[0].hasSuffix("the rows are under \"data\"; not read: \"version\"")
        )
        // pandas' orient="table" is such an object.
        let table =
            "{\"schema\": {\"fields\": [{\"name\": \"t\"}]}, \"data\": [{\"t\": \"a\"}, {\"t\": \"b\"}]}"
        #expect(try read(table, as: "x.json").strings("t") == ["a", "b"])
        #expect(
            complaint("{\"data\": [{\"t\": \"a\"},\n {\"t\": 1}]}", as: "x.json").hasPrefix(
                ": line 2: \"t\" holds a number"
            )
        )
        // If each line is a row, a list belongs to its row.
        #expect(
            try read(wrapped.replacing("\n", with: ""), as: "x.jsonl").columnNames == ["version", "data.t"]
        )
    }

    @Test func `an array of texts becomes the column text, as in datasets`() throws {
        #expect(try read("[\"a\",\n \"b\", null]", as: "x.json").contents() == ["text": ["a", "b", nil]])
        #expect(
            complaint("[\"a\", 1]", as: "x.json").hasPrefix(
                ": line 1: the array's earlier elements are texts"
            )
        )
    }

    @Test(
        arguments: [
            (
                "{\"t\": {\"0\": \"a\", \"1\": \"b\"}, \"l\": {\"0\": \"x\", \"1\": \"y\"}}",
                "orient=\"columns\"", "(\"x.json\")"
            ),
            (
                "{\"0\": {\"t\": \"a\", \"l\": \"x\"}, \"1\": {\"t\": \"b\", \"l\": \"y\"}}",
                "orient=\"index\"", "orient=\"index\")"
            ),
            ("{\"t\": [\"a\", \"b\"], \"l\": [\"x\", \"y\"]}", "orient=\"list\"", "(\"x.json\")"),
            (
                "{\"columns\": [\"t\"], \"index\": [0, 1], \"data\": [[\"a\"], [\"b\"]]}", "orient=\"split\"",
                "orient=\"split\")"
            ),
            (
                "[[\"a\", \"x\"], [\"b\", \"y\"]]", "orient=\"values\"",
                ".set_axis([\"text\", \"label\"], axis=1)"
            ),
        ]
    )
    func `tables in other layouts of pandas are refused with their name and a remedy`(
        json: String,
        layout: String,
        reader: String
    ) {
        #expect { try read(json, as: "x.json") } throws: {
            let message = "\($0)"
            return message.contains(reader) && message.contains(layout)
                && message.contains("must hold an array of objects, or one object per line")
        }
    }

    @Test func `a single object is a row`() throws {
        #expect(try read("{\"t\": \"a\", \"l\": [\"x\"]}\n", as: "x.json").count == 1)
        #expect(try read("{\"tokens\": [\"a\", \"b\"], \"tags\": [1, 2]}\n", as: "x.jsonl").count == 1)
        #expect(try read("{\"t\": \"a\", \"spans\": [{\"from\": 1}]}", as: "x.json").strings("t") == ["a"])
    }
}
