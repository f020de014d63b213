import ArgumentParser
import Foundation
import TestSupport
import Testing

@testable import AttuneCommand

/// The examples of help, run as they are in a folder with the files that they name.
struct HelpExampleTests {
    /// Commands that ask the Hub, or need a file that only a failed run leaves; their examples are only parsed.
    private static let parsedOnly: Set = [
        "attune hub login", "attune hub whoami", "attune hub upload", "attune hub download", "attune replay",
        "attune hub",
        "attune compare",
    ]

    @Test func `every example of help runs`() throws {
        try withTemporaryFolder { folder in
            try prepare(folder)
            for node in [CommandNode.root] + CommandNode.root.all {
                // The program's own examples are those of its commands.
                let isRepeated = node.path.count == 1 || ["data", "adapter"].contains(node.path.last)
                for example in node.guide.examples where !isRepeated {
                    guard node.spelled != "attune serve" else {
                        // A server runs until it is stopped; ServeCommandTests starts one.
                        let words = example.command.split(separator: " ").map(String.init)
                        let start = try #require(words.firstIndex(of: "attune"))
                        let request = try CommandRequest(Array(words[(start + 1)...]))
                        #expect(try AttuneCommand.parseAsRoot(request.wordsForParser) is ServeCommand)
                        continue
                    }
                    let command = example.command.replacing(/\battune (?=[a-z])/, with: "$ATTUNE ")
                    let outcome = try shell(
                        command + " </dev/null",
                        in: folder,
                        variables: ["HF_HOME": folder.appending(path: "hf").path(percentEncoded: false)]
                    )
                    let isFine =
                        Self.parsedOnly.contains(node.spelled) || example.command.contains("hub whoami")
                    #expect(
                        isFine ? outcome.code != 64 : outcome.code == 0,
                        "\(example.command): \(outcome.errors)"
                    )
                    #expect(
                        !outcome.errors.contains("unknown flag") && !outcome.errors.contains("does not take"),
                        "\(example.command): \(outcome.errors)"
                    )
                }
            }
        }
    }

    /// Writes the files that examples name; the model is small and has the name of a popular one.
    private func prepare(_ folder: URL) throws {
        let files = FileManager.default
        let labels = ["billing", "bug", "account"]
        let rows = (0..<30).map { "ticket \($0) about \(labels[$0 % 3]) things,\(labels[$0 % 3])" }
        try Data(("text,label\n" + rows.joined(separator: "\n") + "\n").utf8)
            .write(to: folder.appending(path: "tickets.csv"))
        try Data("text\nI was charged twice\nIt crashes\n".utf8).write(to: folder.appending(path: "new.csv"))
        let table =
            "row,text,label,proposed_label,confidence,keep\n1,ticket 0 about billing things,bug,bug,0.9,yes\n"
        try Data(table.utf8).write(to: folder.appending(path: "suspects.csv"))
        try Data("hf_abc\n".utf8).write(to: folder.appending(path: "token.txt"))
        let repository = folder.appending(path: "hf/hub/models--sentence-transformers--all-MiniLM-L6-v2")
        let revision = String(repeating: "a", count: 40)
        for part in ["refs", "snapshots"] {
            try files.createDirectory(at: repository.appending(path: part), withIntermediateDirectories: true)
        }
        try Data(revision.utf8).write(to: repository.appending(path: "refs/main"))
        try files.copyItem(
            at: Fixture.folder.appending(path: "models/tiny-base"),
            to: repository.appending(path: "snapshots/\(revision)")
        )
        // An adapter that was taken from the weights, so that it can be converted, and two runs with other rows held out.
        let outcome = try shell(
            """
            T="$ATTUNE train --model sentence-transformers/all-MiniLM-L6-v2 --dataset tickets.csv --text-column text \
            --label-column label --max-steps 1 --output-dir runs"
            $T/tickets-lora --adapter lora --init-lora-weights pissa &&
                $T/fold-1 --test-size 0.5 --split-seed 1 && $T/fold-2 --test-size 0.5 --split-seed 2
            """,
            in: folder,
            variables: ["HF_HOME": folder.appending(path: "hf").path(percentEncoded: false)]
        )
        #expect(outcome.code == 0, "\(outcome.errors)")
    }
}
