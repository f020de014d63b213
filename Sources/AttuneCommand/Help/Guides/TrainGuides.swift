import ArgumentParser

extension AttuneCommand: GuidedCommand {
    static var guide: HelpGuide {
        HelpGuide(examples: [
            .init("Train on a file, and test on a fifth of its rows", "attune train tickets.csv"),
            .init("Classify a text", #"attune predict --model runs/tickets --text "I was charged twice""#),
        ])
    }
}

extension TrainCommand: GuidedCommand {
    static var guide: HelpGuide {
        HelpGuide(
            examples: [
                AttuneCommand.guide.examples[0],
                .init(
                    "The same with settings of your own",
                    """
                    attune train --model sentence-transformers/all-MiniLM-L6-v2 --dataset tickets.csv --text-column text \
                    --label-column label --test-size 0.2 --output-dir runs/own
                    """
                ),
                .init(
                    "The same again from its recipe, with another learning rate",
                    "attune train runs/tickets/recipe.yaml --learning-rate 1e-4 --output-dir runs/faster"
                ),
                .init(
                    "Stop when the macro F1 stops improving, and keep the best weights",
                    """
                    attune train runs/tickets/recipe.yaml --eval-strategy epoch --save-strategy epoch \
                    --metric-for-best-model f1_macro --early-stopping-patience 2 --load-best-model-at-end \
                    --output-dir runs/best
                    """
                ),
            ],
            common: ["output-dir", "resume-from-checkpoint", "overwrite-output-dir", "dry-run"],
            headings: [
                ("Batches and seeds", ["seeds"]),
                (
                    "Memory and speed",
                    ["fit", "threads", "device", "token-cache", "no-token-cache", "trace", "trace-steps"]
                ),
                ("Several processes", ["log-ranks", "world-size", "bandwidth"]),
            ]
        )
    }
}

extension DistilCommand: GuidedCommand {
    static var guide: HelpGuide {
        HelpGuide(
            examples: [
                .init(
                    "A small model that answers like a large one, from texts without labels",
                    """
                    attune distil --teacher runs/tickets --student sentence-transformers/all-MiniLM-L6-v2 --dataset tickets.csv \
                    --output-dir runs/small
                    """
                ),
                .init(
                    "With the labels of the rows that have one, evaluated on rows of another file",
                    """
                    attune distil --teacher runs/tickets --student sentence-transformers/all-MiniLM-L6-v2 --dataset tickets.csv \
                    --label-column label --alpha 0.7 --temperature 4 --eval-dataset tickets.csv --output-dir runs/small-labels
                    """
                ),
            ],
            common: ["teacher", "distillation-temperature", "distillation-alpha"] + TrainCommand.guide.common,
            headings: TrainCommand.guide.headings
        )
    }
}

extension WatchCommand: GuidedCommand {
    static var guide: HelpGuide {
        HelpGuide(
            examples: [
                .init("Follow a run in another terminal, until it ends", "attune watch runs/tickets"),
                .init("How far a run is, as JSON", "attune watch runs/tickets --once --json"),
            ],
            common: ["once"]
        )
    }
}

extension ReportCommand: GuidedCommand {
    static var guide: HelpGuide {
        HelpGuide(
            examples: [
                .init("The page of a run, for a browser", "attune report runs/tickets --output tickets.html"),
                .init("The same in the terminal", "attune report runs/tickets --text"),
                .init(
                    "With the texts of the rows to look at",
                    "attune report runs/tickets --dataset tickets.csv"
                ),
            ],
            common: ["text", "output", "dataset"],
            headings: [("Data", ["split"])]
        )
    }
}

extension StartCommand: GuidedCommand {
    static var guide: HelpGuide {
        HelpGuide(
            examples: [
                .init("A recipe for a file, to be read and changed", "attune start tickets.csv"),
                .init(
                    "The same with given columns, in another file",
                    "attune start tickets.csv --text-column text --label-column label --recipe-file tickets.yaml"
                ),
            ],
            common: ["recipe-file"],
            headings: PlanCommand.guide.headings
        )
    }
}

extension BaselineCommand: GuidedCommand {
    static var guide: HelpGuide {
        HelpGuide(
            examples: [
                .init(
                    "How well a simple classifier does on a file",
                    "attune baseline --dataset tickets.csv --text-column text --label-column label --test-size 0.2"
                ),
                .init(
                    "The same, saved, and used for other texts",
                    """
                    attune baseline --dataset tickets.csv --text-column text --label-column label --output-dir runs/linear
                    attune baseline --model runs/linear --input new.csv --output predictions.jsonl
                    """
                ),
            ],
            common: ["dataset", "text-column", "label-column", "test-size", "output-dir", "model", "input"],
            headings: [
                (
                    "Data",
                    [
                        "split", "dataset-config", "text-pair-column", "label-columns", "problem-type",
                        "missing-labels",
                    ]
                ),
                ("Evaluation", ["eval-dataset", "eval-split", "stratify-by", "split-seed"]),
                ("Loss", ["c"]),
                ("Saving", ["overwrite-output-dir"]),
                ("Prediction", ["text", "output"]),
            ]
        )
    }
}

extension PlanCommand: GuidedCommand {
    static var guide: HelpGuide {
        HelpGuide(
            examples: [
                .init(
                    "Whether a run fits, and how long it takes",
                    """
                    attune plan --model sentence-transformers/all-MiniLM-L6-v2 --dataset tickets.csv --text-column text \
                    --label-column label
                    """
                ),
                .init(
                    "The same for larger batches on a GPU of 24 GB",
                    "attune plan runs/tickets/recipe.yaml --per-device-train-batch-size 32 --memory 24GB"
                ),
                .init(
                    "The gain of four hosts over one",
                    "attune plan runs/tickets/recipe.yaml --world-size 4 --bandwidth 10Gbit"
                ),
            ],
            common: ["memory", "json"],
            headings: TrainCommand.guide.headings
                + [("Saving", ["output-dir", "overwrite-output-dir", "resume-from-checkpoint", "dry-run"])]
        )
    }
}
