import Foundation
import TestSupport
import Testing

/// The shell completion of `attune train`, whose settings the parser does not know.
struct CompletionTests {
    @Test func `bash completes the settings of a recipe and the command's own flags`() throws {
        try withTemporaryFolder { folder in
            let script = try attune(["--generate-completion-script", "bash"]).output
            try Data(script.utf8).write(to: folder.appending(path: "attune.bash"))
            let complete = """
                . ./attune.bash
                for word in --learning-r --label-col --output-d --gradient-ch; do
                    COMP_WORDS=(attune train $word)
                    COMP_CWORD=2 COMP_LINE="attune train $word" COMP_POINT=$((13 + ${#word})) COMPREPLY=()
                    _attune attune $word train
                    echo "${COMPREPLY[@]}"
                done
                """
            try Data(complete.utf8).write(to: folder.appending(path: "complete"))
            let outcome = try shell("bash complete", in: folder)
            #expect(outcome.code == 0, "\(outcome.errors)")
            let lines = outcome.output.split(separator: "\n").map { line in
                line.split(separator: " ").map(String.init).sorted()
            }
            #expect(
                lines == [
                    ["--learning-rate"], ["--label-column", "--label-columns"], ["--output-dir"],
                    ["--gradient-checkpointing"],
                ]
            )
        }
    }

    @Test(arguments: ["zsh", "fish"])
    func `the other shells' scripts have every setting in both commands`(shell: String) throws {
        let script = try attune(["--generate-completion-script", shell]).output
        for flag in ["learning-rate", "per-device-train-batch-size", "warmup-ratio"] {
            let form = shell == "zsh" ? "--\(flag)[" : "-l '\(flag)'"
            #expect(script.components(separatedBy: form).count == 3, "\(flag)")
        }
    }
}
