import Foundation
import TestSupport
import Testing

@testable import Attune
@testable import AttuneCommand

/// `--fit`: the choice in words, and in the run's recipe.
struct FitTextTests {
    private func attempt(
        _ flags: [(String, SettingValue)],
        _ bytes: Int,
        prices: [String] = [],
        isMeasured: Bool = true
    )
        -> MemoryFit.Attempt
    {
        MemoryFit.Attempt(
            values: flags.map { (setting: $0.0, value: $0.1) },
            prices: prices,
            bytes: bytes,
            isMeasured: isMeasured
        )
    }

    private func text(
        _ attempts: [MemoryFit.Attempt],
        chosen: MemoryFit.Attempt? = nil,
        adapter: MemoryFit.Attempt? = nil
    ) -> FitText {
        let limit = MemoryLimit(name: "24GB", bytes: 24_000_000_000, holdsProcess: true)
        return FitText(
            fit: MemoryFit(limit: limit, attempts: attempts, chosen: chosen, adapter: adapter),
            typed: "24GB"
        )
    }

    @Test func `the choice names the flags, their price and the earlier attempts`() {
        let given = attempt([], 61_000_000_000, isMeasured: false)
        let lighter = attempt(
            [("gradient_checkpointing", .bool(true)), ("optim", .text("adamw_bnb_8bit"))],
            17_200_000_000,
            prices: ["about a third more time", "some precision of AdamW's moments"]
        )
        #expect(
            text([given, lighter], chosen: lighter).choice == """
                --fit 24GB: --gradient-checkpointing --optim adamw_bnb_8bit needs 17.2 GB
                  given up: about a third more time; some precision of AdamW's moments
                  tried before:
                    more than 61.0 GB  as given

                """
        )
        let asGiven = attempt([], 2_000_000_000)
        #expect(
            text([asGiven], chosen: asGiven).choice == "--fit 24GB: the run fits as it is, with 2.0 GB\n"
        )
    }

    @Test func `a run that does not fit is answered with an adapter that does, if there is one`() {
        let heavy = attempt([("weights_dtype", .text("bf16"))], 38_000_000_000)
        let adapter = attempt([("adapter", .text("lora"))], 9_000_000_000)
        let start =
            "--fit 24GB: no settings fit into 24.0 GB: the run needs 38.0 GB with --weights-dtype bf16; "
        #expect(
            text([heavy], adapter: adapter).refusal
                == start + "instead of all weights, train an adapter: --adapter lora fits with 9.0 GB"
        )
        #expect(text([heavy]).refusal.hasPrefix(start + "take a smaller model"))
    }

    @Test func `the run's recipe holds the choice, and resumes without the flag`() throws {
        try withTemporaryFolder { folder in
            try writeWeather(24, to: folder)
            let train =
                "$ATTUNE train --model $BASE --dataset d.csv --text-column text --label-column label --test-size 0.25 "
                + "--max-steps 2 "
            let run = try shell(train + "--fit auto --output-dir run", in: folder)
            #expect(
                run.code == 0 && run.errors.contains("--fit auto: the run fits as it is"),
                "\(run.errors)"
            )
            let recipe = try String(contentsOf: folder.appending(path: "run/recipe.yaml"), encoding: .utf8)
            #expect(!recipe.contains("\nfit:"))
            let resumed = try shell(
                "$ATTUNE train run/recipe.yaml --fit 8GB --resume-from-checkpoint latest",
                in: folder
            )
            #expect(
                resumed.code == 64 && resumed.errors.contains("give its recipe.yaml"),
                "\(resumed.errors)"
            )
            let none = try shell(train + "--fit 10MB --output-dir none", in: folder)
            #expect(none.code != 0 && none.errors.contains("no settings fit into 10.0 MB"), "\(none.errors)")
            let wrong = try shell(train + "--fit much --output-dir none", in: folder)
            #expect(wrong.code == 64, "\(wrong.errors)")
            let bare = try shell(train + "--fit 24 --output-dir none", in: folder)
            #expect(bare.code == 64 && bare.errors.contains("such as --fit 24GB"), "\(bare.errors)")
        }
    }
}
