import Foundation
import JSON
import TestSupport
import Testing

@testable import AttuneCommand

/// `attune train --trace`.
struct TraceCommandTests {
    private let training =
        "train --model $BASE --dataset d.csv --text-column text --label-column label --threads 1 "
        + "--max-steps 4"

    @Test func `a run writes the trace of the given steps, and says where`() throws {
        try withTemporaryFolder { folder in
            try writeWeather(40, to: folder)
            let outcome = try shell(
                "\"$ATTUNE\" \(training) --output-dir out --trace traces/t.json --trace-steps 2-3",
                in: folder
            )
            #expect(outcome.code == 0, "\(outcome.errors)")
            #expect(outcome.errors.contains("the trace of steps 2 to 3 is in "), "\(outcome.errors)")
            let place = folder.appending(path: "traces/t.json")
            let events = try #require(try JSONValue.parse(Data(contentsOf: place)).array)
            let steps = events.filter { $0["name"].string == "step" }.map { $0["args"]["step"].int }
            #expect(steps == [2, 3])
            let recipe = try String(contentsOf: folder.appending(path: "out/recipe.yaml"), encoding: .utf8)
            #expect(!recipe.contains("trace"))
        }
    }

    @Test(
        arguments: [
            ("--trace-steps 2-3", "--trace-steps has no effect without --trace"),
            ("--trace t.json --trace-steps 3-2", "--trace-steps"),
            ("--trace t.json --trace-steps 0-2", "--trace-steps"),
            ("--trace t.json --seeds 2", "--trace writes the trace of one run"),
            ("--trace .", "is a folder; name a file"),
        ]
    )
    func `flags that cannot be followed are refused before the run`(flags: String, answer: String) throws {
        try withTemporaryFolder { folder in
            try writeWeather(40, to: folder)
            let outcome = try shell("\"$ATTUNE\" \(training) --output-dir out \(flags)", in: folder)
            #expect(outcome.code == 64 && outcome.errors.contains(answer), "\(outcome.errors)")
        }
    }

    @Test func `steps are a range, or one`() {
        #expect(TraceSteps(argument: "2-6")?.range == 2...6)
        #expect(TraceSteps(argument: "3")?.range == 3...3)
        for wrong in ["", "-", "2-", "-2", "a", "1-2-3", "0"] { #expect(TraceSteps(argument: wrong) == nil) }
    }
}
