import Foundation
import TestSupport
import Testing

@testable import AttuneCommand

/// The shell completion of `attune train`, whose settings the parser does not know.
struct CompletionTests {
    @Test func `bash completes the settings of a recipe and the command's own flags`() throws {
        try withTemporaryFolder { folder in
            let script = try attune(["--generate-completion-script", "bash"]).output
            try Data(script.utf8).write(to: folder.appending(path: "attune.bash"))
            let complete = """
                . ./attune.bash
                for word in --learning-r --label-col --output-d --gradient-ch --epo; do
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
                    ["--learning-rate"], ["--label-column", "--label-column-name", "--label-columns"],
                    ["--output-dir"], ["--gradient-checkpointing"], ["--epochs"],
                ]
            )
        }
    }

    @Test func `bash completes the values of settings and other names of a command's own flags`() throws {
        try withTemporaryFolder { folder in
            let script = try attune(["--generate-completion-script", "bash"]).output
            try Data(script.utf8).write(to: folder.appending(path: "attune.bash"))
            let complete = """
                . ./attune.bash
                for words in "train --optim adamw_b" "plan --scheduler cosine_warm" "predict --model-n"; do
                    set -- $words
                    COMP_WORDS=(attune "$@") COMP_CWORD=$# COMP_LINE="attune $*" COMP_POINT=999 COMPREPLY=()
                    _attune attune "${@: -1}" "${@: -2:1}"
                    echo "${COMPREPLY[@]}"
                done
                """
            try Data(complete.utf8).write(to: folder.appending(path: "complete"))
            let outcome = try shell("bash complete", in: folder)
            #expect(outcome.code == 0, "\(outcome.errors)")
            let lines = outcome.output.split(separator: "\n", omittingEmptySubsequences: false).map(
                String.init
            )
            #expect(lines.prefix(2) == ["adamw_bnb_8bit", "cosine_warmup_with_min_lr"])
            #expect(Set(lines[2].split(separator: " ")) == ["--model-name", "--model-name-or-path"])
        }
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func `a script is complete, and offers no hidden command`(shell: String) throws {
        let script = try attune(["--generate-completion-script", shell]).output
        for node in CommandNode.root.all {
            for flag in try node.catalog().flags {
                for name in flag.names {
                    #expect(script.contains(shell == "fish" ? "-l '\(name)'" : "--\(name)"), "\(name)")
                }
            }
        }
        #expect(!script.contains("_attune_man") && !script.contains("'man'"))
    }

    @Test(arguments: ["zsh", "fish"])
    func `the other shells' scripts have every setting in all four commands that take a recipe`(
        shell: String
    ) throws {
        let script = try attune(["--generate-completion-script", shell]).output
        for flag in ["learning-rate", "per-device-train-batch-size", "warmup-ratio"] {
            let form = shell == "zsh" ? "--\(flag)[" : "-l '\(flag)'"
            #expect(script.components(separatedBy: form).count == 5, "\(flag)")
        }
    }
}
