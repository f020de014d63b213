import ArgumentParser

/// The headings of flags for scoring labelled rows with a saved classifier.
private let headings: [(title: String, flags: [String])] = [
    (
        "Data",
        [
            "label-columns", "text-pair-column", "split", "dataset-config", "max-length", "long-text",
            "empty-texts",
            "missing-labels",
        ]
    ), ("Model", ["adapter-base"]),
    (
        "Memory and speed",
        [
            "batch-size", "max-tokens-per-batch", "precision", "bf16", "tf32", "weights-dtype", "device",
            "threads",
        ]
    ),
]

extension CalibrateCommand: GuidedCommand {
    static var guide: HelpGuide {
        HelpGuide(
            examples: [
                .init(
                    "Scores that can be believed",
                    "attune calibrate runs/tickets --dataset tickets.csv"
                ),
                .init(
                    "Labels that are right nine times of ten, or none",
                    "attune calibrate runs/tickets --dataset tickets.csv --thresholds precision:0.9"
                ),
                .init(
                    "Sets that hold the true label nine times of ten",
                    "attune calibrate runs/tickets --dataset tickets.csv --conformal lac --coverage 0.9"
                ),
                .init("The model's own scores again", "attune calibrate runs/tickets --remove"),
            ],
            common: [
                "dataset", "text-column", "label-column", "method", "thresholds", "conformal", "coverage",
            ],
            headings: [
                ("Decisions", ["threshold-label", "test-size", "seed", "remove"]), ("Saving", ["output"]),
            ] + headings
        )
    }
}

extension ErrorsCommand: GuidedCommand {
    static var guide: HelpGuide {
        HelpGuide(
            examples: [
                .init("The twenty most doubtful labels", "attune errors runs/tickets --dataset tickets.csv"),
                .init(
                    "All of them, as a table to correct",
                    "attune errors runs/tickets --dataset tickets.csv --output doubtful.csv"
                ),
                .init(
                    "All rows, each by the run that held it out",
                    "attune errors runs/fold-1 runs/fold-2 --dataset tickets.csv"
                ),
            ],
            common: ["dataset", "text-column", "label-column", "output", "top"],
            headings: [("Suspects", ["rule", "order"])] + headings
        )
    }
}

extension CompareCommand: GuidedCommand {
    static var guide: HelpGuide {
        HelpGuide(
            examples: [
                .init("Whether the second run is better", "attune compare runs/tickets runs/tickets-2"),
                .init("As JSON", "attune compare runs/tickets runs/tickets-2 --json"),
            ],
            common: ["top", "output", "json"],
            headings: [("Bootstrap", ["draws", "seed"])]
        )
    }
}

extension ApplyCommand: GuidedCommand {
    static var guide: HelpGuide {
        HelpGuide(
            examples: [
                .init(
                    "The dataset with your corrections",
                    "attune data apply suspects.csv --dataset tickets.csv --output corrected.csv"
                ),
                .init(
                    "The same as Parquet",
                    "attune data apply suspects.csv --dataset tickets.csv --output corrected.parquet"
                ),
            ],
            common: ["dataset", "output"],
            headings: [("Data", ["split", "dataset-config"])]
        )
    }
}
