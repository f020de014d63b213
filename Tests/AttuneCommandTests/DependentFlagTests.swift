import Foundation
import TestSupport
import Testing

/// A flag that has an effect only with another flag is not silently ignored.
struct DependentFlagTests {
    private func plan(_ more: [String]) throws -> CommandOutcome {
        try attuneWithRows("train", ["--dry-run", "--output-dir", "out"] + more)
    }

    @Test(
        arguments: [
            (
                "--eval-steps 5 --eval-strategy no --test-size 0.2",
                "--eval-steps has no effect without --eval-strategy steps"
            ),
            (
                "--eval-steps 5 --eval-strategy epoch --test-size 0.2",
                "--eval-steps has no effect without --eval-strategy steps"
            ),
            ("--eval-steps 5", "--eval-strategy steps needs --test-size, --eval-dataset or --eval-split"),
            ("--eval-strategy epoch", "--eval-strategy epoch needs --test-size"),
            (
                "--save-steps 5 --save-strategy epoch",
                "--save-steps has no effect without --save-strategy steps"
            ),
            ("--save-steps 5 --save-strategy no", "--save-steps has no effect"),
            ("--save-total-limit 2 --save-strategy no", "--save-total-limit has no effect"),
            ("--logging-steps 5 --logging-strategy epoch", "--logging-steps has no effect"),
            ("--eval-delay 5", "--eval-delay has no effect"),
            ("--early-stopping-threshold 0.1", "--early-stopping-threshold has no effect"),
            ("--greater-is-better true", "--greater-is-better has no effect"),
            ("--split-seed 3", "--split-seed has no effect without --test-size"),
            ("--sample-seed 3", "--sample-seed has no effect without --sample"),
            ("--sample-stratify-by label", "--sample-stratify-by has no effect"),
            ("--adam-beta1 0.8 --optim sgd", "--adam-beta1 has no effect without --optim adamw or lion"),
            ("--adam-epsilon 1e-6 --optim adafactor", "--adam-epsilon has no effect"),
            ("--hub-strategy end", "--hub-strategy has no effect without --push-to-hub"),
        ]
    )
    func `the error names the flag that it needs`(flags: String, answer: String) throws {
        let outcome = try plan(flags.split(separator: " ").map(String.init))
        #expect(outcome.code == 64 && outcome.output.isEmpty, "\(outcome.errors)")
        #expect(outcome.errors.contains(answer), "\(outcome.errors)")
    }

    @Test func `--eval-steps turns evaluation on, with a note`() throws {
        let outcome = try plan(["--eval-steps", "4", "--test-size", "0.2", "--max-steps", "10"])
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(outcome.errors.contains("--eval-steps 4 without --eval-strategy: evaluating every 4 steps\n"))
        #expect(outcome.output.contains("every 4 steps and at the end, 3 times"), "\(outcome.output)")
        let warmup = try plan(["--lr-scheduler-type", "constant", "--warmup-ratio", "0.03"])
        #expect(warmup.code == 0 && warmup.errors.contains("warmup has no effect with the schedule constant"))
    }

    @Test func `a typed flag may make a recipe's setting ineffective, but the recipe itself may not`() throws
    {
        try withTemporaryFolder { folder in
            let recipe = folder.appending(path: "r.yaml")
            try Data(
                "eval_strategy: steps\neval_steps: 50\nsave_steps: 50\ntest_size: 0.2\nadam_beta1: 0.8\n".utf8
            ).write(to: recipe)
            let path = recipe.path(percentEncoded: false)
            let typed = try plan([
                path, "--eval-strategy", "no", "--save-strategy", "epoch", "--optim", "sgd",
            ])
            #expect(typed.code == 0, "\(typed.errors)")
            // A typed flag wins over a setting of the file that it excludes.
            try Data("warmup_steps: 3\nprecision: fp32\n".utf8).write(to: recipe)
            #expect(try plan([path, "--warmup-ratio", "0.1", "--tf32"]).code == 0)
            try Data("eval_strategy: no\neval_steps: 50\n".utf8).write(to: recipe)
            let contrary = try plan([path])
            #expect(contrary.code == 64, "\(contrary.errors)")
            #expect(
                contrary.errors.contains(
                    "lines 1 and 2: eval_steps has no effect without eval_strategy steps"
                ),
                "\(contrary.errors)"
            )
        }
    }

    @Test func `flags with an effect are accepted`() throws {
        for flags in [
            [
                "--logging-steps", "5", "--logging-strategy", "no", "--eval-strategy", "steps", "--test-size",
                "0.2",
            ],
            ["--save-total-limit", "2"], ["--save-steps", "5"], ["--adam-beta1", "0.8", "--optim", "lion"],
            ["--sample-seed", "3", "--sample", "0.5"], ["--split-seed", "3", "--test-size", "0.2"],
        ] {
            let outcome = try plan(flags)
            #expect(outcome.code == 0, "\(flags): \(outcome.errors)")
        }
    }
}
