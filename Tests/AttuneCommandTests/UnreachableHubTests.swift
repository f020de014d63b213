import Foundation
import HubTestSupport
import TestSupport
import Testing

/// A Hub that does not answer: every command exits with 69, but parsing flags does not contact it.
@Suite(.hangGuard)
struct UnreachableHubTests {
    private static let columns = ["--text-column", "text", "--label-column", "label"]

    private func attuneWithoutHub(_ line: String) throws -> CommandOutcome {
        let model = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
        return try withTemporaryFolder { folder in
            let data = folder.appending(path: "data.csv")
            try Data("text,label\na,x\nb,y\nc,x\nd,y\n".utf8).write(to: data)
            let words = line.split(separator: " ").flatMap { word -> [String] in
                switch word {
                case "MODEL": [model]
                case "DATA": [data.path(percentEncoded: false)]
                case "COLUMNS": Self.columns
                case "OUT": [folder.appending(path: "out").path(percentEncoded: false)]
                default: [String(word)]
                }
            }
            let outcome = try attune(
                words,
                variables: [
                    "HF_ENDPOINT": "http://127.0.0.1:1", "HF_HUB_OFFLINE": "", "TRANSFORMERS_OFFLINE": "",
                    "HF_HOME": folder.appending(path: "home").path(percentEncoded: false),
                ]
            )
            #expect(
                !FileManager.default.fileExists(
                    atPath: folder.appending(path: "out").path(percentEncoded: false)
                )
            )
            return outcome
        }
    }

    @Test(
        arguments: [
            "train --model org/none --dataset DATA COLUMNS --output-dir OUT",
            "train --model org/none --dataset DATA COLUMNS --output-dir OUT --dry-run",
            "train --model org/none --dataset DATA COLUMNS --output-dir OUT --seeds 2",
            "train --model MODEL --dataset org/none COLUMNS --output-dir OUT",
            "train --model MODEL --dataset DATA --eval-dataset org/none COLUMNS --output-dir OUT",
            "plan --model org/none --dataset DATA COLUMNS", "plan --model MODEL --dataset org/none COLUMNS",
            "predict --model org/none --text a", "evaluate --model org/none --dataset DATA COLUMNS",
            "evaluate --model MODEL --dataset org/none COLUMNS", "tokenize --model org/none --text a",
            "decode --model org/none --ids 1", "inspect --model org/none",
            "data describe --dataset org/none COLUMNS",
            "data split --dataset org/none --test-size 0.5 --output-dir OUT",
            "data split --dataset DATA --model org/none --test-size 0.5 --output-dir OUT",
            "data convert --dataset org/none --output OUT.csv", "hub download org/none",
        ]
    )
    func `every command reports it and exits with 69`(line: String) throws {
        let outcome = try attuneWithoutHub(line)
        #expect(outcome.code == 69 && outcome.output.isEmpty, "\(outcome.code) \(outcome.errors)")
        let isTold =
            outcome.errors.contains("attune: error: ") && outcome.errors.contains("http://127.0.0.1:1")
        #expect(isTold, "\(outcome.errors)")
    }

    @Test func `flags are checked without a Hub`() async throws {
        let hub = FakeHub([:])
        let endpoint = try await hub.start()
        for command in ["train", "plan"] {
            let outcome = try attune(
                [command, "--model", "org/a", "--dataset", "org/b", "--eval-dataset", "org/c"] + Self.columns
                    + ["--output-dir", "o", "--learning-rate", "0"],
                variables: ["HF_ENDPOINT": endpoint]
            )
            #expect(outcome.code == 64 && outcome.errors.contains("--learning-rate must be a number above 0"))
        }
        #expect(hub.requests.isEmpty)
        await hub.stop()
    }
}
