import Foundation
import TestSupport
import Testing

/// `attune start FILE` and `attune train FILE`.
@Suite(.hangGuard)
struct StartTests {
    private let model = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
    private let lines =
        ["id,said,who"]
        + (0..<60).map {
            $0.isMultiple(of: 2) ? "\($0),number \($0) is sunny,ann" : "\($0),number \($0) is rainy,bob"
        }

    /// Runs the command in a folder that holds `tweets.csv`.
    private func withTweets(
        _ lines: [String]? = nil,
        _ body: (URL, (String...) throws -> CommandOutcome) throws -> Void
    ) throws {
        try withTemporaryFolder { folder in
            let text = (lines ?? self.lines).joined(separator: "\n")
            try Data(text.utf8).write(to: folder.appending(path: "tweets.csv"))
            try body(folder) { words in
                try attune(words + ["--model", model, "--device", "cpu", "--threads", "1"], in: folder)
            }
        }
    }

    @Test func `a dataset alone is trained on, and every choice is printed with its flag`() throws {
        try withTweets { folder, attune in
            let outcome = try attune("train", "tweets.csv", "--max-steps", "4")
            #expect(outcome.code == 0, "\(outcome.errors)")
            for line in [
                "tweets.csv: 60 rows, columns id, said, who", "--text-column said",
                "--label-column who", "--test-size 0.2", "--max-length 16", "--output-dir runs/tweets",
            ] { #expect(outcome.errors.contains(line), "\(line) in \(outcome.errors)") }
            #expect(outcome.output.contains("saved to runs/tweets"))
            #expect(
                outcome.output.contains("Too few to tell: the score of 12 held-out texts may be chance.")
            )
            // A second run gets its own folder.
            let second = try attune("train", "tweets.csv", "--max-steps", "4")
            #expect(second.output.contains("saved to runs/tweets-2"), "\(second.errors)")
            // The recipe that a run leaves repeats it.
            let yaml = try String(
                contentsOf: folder.appending(path: "runs/tweets/recipe.yaml"),
                encoding: .utf8
            )
            #expect(yaml.contains("text_column: said\n") && yaml.contains("output_dir: runs/tweets\n"))
        }
    }

    @Test func `start writes a recipe that train takes`() throws {
        try withTweets { folder, attune in
            let started = try attune("start", "tweets.csv", "--max-steps", "4")
            #expect(started.code == 0, "\(started.errors)")
            #expect(started.output.contains("--label-column who"))
            #expect(started.output.hasSuffix("wrote recipe.yaml\nnext: attune train recipe.yaml\n"))
            #expect(!FileManager.default.fileExists(atPath: folder.appending(path: "runs").path))
            let again = try attune("start", "tweets.csv")
            #expect(again.code == 73 && again.errors.contains("recipe.yaml exists"))
            let trained = try AttuneCommandTests.attune(["train", "recipe.yaml"], in: folder)
            #expect(trained.code == 0, "\(trained.errors)")
            #expect(trained.output.contains("saved to runs/tweets"))
        }
    }

    @Test func `columns that are not obvious are listed, and nothing is written`() throws {
        let lines = ["said,who,where"] + (0..<30).map { "number \($0) is sunny,\($0 % 2),\($0 % 3)" }
        try withTweets(lines) { folder, attune in
            let outcome = try attune("train", "tweets.csv")
            #expect(outcome.code == 64)
            #expect(outcome.errors.contains("choose one with --label-column:\n  who    2 values: 0, 1\n"))
            #expect(!FileManager.default.fileExists(atPath: folder.appending(path: "runs").path))
        }
    }

    @Test func `two datasets are refused`() throws {
        try withTweets { _, attune in
            let outcome = try attune("train", "tweets.csv", "--dataset", "other.csv")
            #expect(outcome.code == 64)
            #expect(outcome.errors.contains("tweets.csv and --dataset name two datasets"))
        }
    }

    @Test func `a dataset that does not exist is an error of reading`() throws {
        try withTweets { _, attune in
            let outcome = try attune("train", "tweet.csv")
            #expect(outcome.code == 66 && outcome.errors.contains("tweet.csv"), "\(outcome.errors)")
        }
    }

    @Test func `with --quiet, start prints only its choices, and train only its result`() throws {
        try withTweets { _, attune in
            let started = try attune("start", "tweets.csv", "--max-steps", "4", "--quiet")
            #expect(started.code == 0 && started.errors.isEmpty, "\(started.errors)")
            #expect(started.output.contains("--label-column who"))
            let trained = try attune("train", "tweets.csv", "--max-steps", "4", "--quiet")
            #expect(trained.code == 0 && trained.errors.isEmpty, "\(trained.errors)")
            #expect(trained.output.contains("saved to runs/tweets"))
        }
    }

    @Test func `start without a dataset says how`() throws {
        let outcome = try attune(["start"])
        #expect(outcome.code == 64 && outcome.errors.contains("attune start tweets.csv"))
    }

    @Test func `plan takes a dataset, too`() throws {
        try withTweets { _, attune in
            let outcome = try attune("plan", "tweets.csv", "--max-steps", "4")
            #expect(outcome.code == 0 && outcome.errors.contains("--label-column who"), "\(outcome.errors)")
        }
    }
}
