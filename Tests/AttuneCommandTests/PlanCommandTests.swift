import Foundation
import JSON
import TestSupport
import Testing

/// `attune plan`: steps, disk and memory, with exact sizes.
struct PlanCommandTests {
    private func plan(_ more: [String]) throws -> CommandOutcome {
        try attuneWithRows("plan", ["--test-size", "0.2"] + more)
    }

    /// The output with single spaces.
    private func words(_ outcome: CommandOutcome) -> String { outcome.output.replacing(/\ +/, with: " ") }

    @Test func `a size may use powers of 1,000 or 1,024`() throws {
        let outcome = try plan(["--memory", "24GB", "--memory", "24GiB", "--memory", "1000", "--json"])
        #expect(outcome.code == 0, "\(outcome.errors)")
        let fits = try JSONValue.parse(outcome.output.utf8)["fits"].elements()
        #expect(fits.map(\.["bytes"].int) == [24_000_000_000, 25_769_803_776, 1000])
        #expect(fits.map(\.["fits"].bool) == [true, true, false])
        let text = try plan(["--memory", "24GB"])
        #expect(words(text).contains("a device of 24GB, for the tensors 24.0 GB fits"), "\(text.output)")
        #expect(try words(plan([])).contains("a GPU of 24 GB, for the tensors 24.0 GB fits"))
        let wrong = try plan(["--memory", "much"])
        #expect(wrong.code == 64 && wrong.errors.contains("--memory"), "\(wrong.errors)")
    }

    @Test func `a plan shows when a run saves, and the disk space for that`() throws {
        let one = try plan(["--max-steps", "5"])
        #expect(one.code == 0, "\(one.errors)")
        #expect(
            words(one).contains("save every 500 steps and at the end: 1 checkpoint; the model at the end"),
            "\(one.output)"
        )
        #expect(words(one).contains("evaluate at the end\n"))
        #expect(words(one).contains("\ndisk about ") && one.output.contains("1 checkpoint of "))
        let few = try plan(["--max-steps", "10", "--save-steps", "2", "--save-total-limit", "2", "--json"])
        let disk = try JSONValue.parse(few.output.utf8)["disk"]
        #expect(disk["checkpoints_kept"].int == 2 && disk["checkpoints_at_once"].int == 3)
        let (saved, checkpoint) = (try #require(disk["model"].int), try #require(disk["checkpoint"].int))
        // Weights and two moments in float32.
        #expect(checkpoint == 3 * saved && disk["left"].int == saved + 2 * checkpoint)
        #expect(disk["peak"].int == 3 * checkpoint && disk["replay_file"].int == saved)
        #expect(disk["free"].int ?? 0 > 0)
        let small = try plan(["--save-only-model", "--optim", "sgd", "--no-replay-file", "--json"])
        let other = try JSONValue.parse(small.output.utf8)["disk"]
        #expect(other["checkpoint"] == other["model"] && other["replay_file"] == .null)
    }
}
