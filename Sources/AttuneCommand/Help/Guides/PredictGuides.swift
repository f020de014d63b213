import ArgumentParser

/// The headings of flags for reading texts with a saved classifier, and for computing.
private let headings: [(title: String, flags: [String])] = [
    (
        "Data",
        [
            "text-pair", "text-pair-column", "long-text", "split", "dataset-config", "empty-texts",
            "missing-labels",
        ]
    ),
    ("Model", ["label-names", "problem-type", "adapter-name", "adapter-base", "raw"]),
    (
        "Memory and speed",
        [
            "batch-size", "max-tokens-per-batch", "quantize", "precision", "bf16", "tf32", "weights-dtype",
            "device", "threads",
        ]
    ),
]

extension EvaluateCommand: GuidedCommand {
    static var guide: HelpGuide {
        HelpGuide(
            examples: [
                .init(
                    "The accuracy on other rows; the columns are those of training",
                    "attune evaluate --model runs/tickets --dataset tickets.csv"
                ),
                .init(
                    "All metrics of all labels, as JSON",
                    "attune evaluate --model runs/tickets --dataset tickets.csv --output results.json"
                ),
                .init(
                    "The accuracy with products in 8-bit integers",
                    "attune evaluate --model runs/tickets --dataset tickets.csv --quantize int8"
                ),
            ],
            common: ["model", "dataset", "text-column", "label-column", "max-length", "output"],
            headings: [("Data", ["label-columns", "predictions"])] + headings
        )
    }
}

extension VerifyCommand: GuidedCommand {
    static var guide: HelpGuide {
        HelpGuide(
            examples: [
                .init("After copying a model", "attune verify --model runs/tickets"),
                .init(
                    "In bfloat16, as it will be served",
                    "attune verify --model runs/tickets --precision bf16"
                ),
                .init(
                    "The effect of products in 8-bit integers",
                    "attune verify --model runs/tickets --quantize int8"
                ),
                .init("The same check in Python", "attune verify --model runs/tickets --python > verify.py"),
            ],
            common: ["model", "against", "tolerance", "python"],
            headings: [("Data", ["text-column", "max-length"])] + headings
        )
    }
}

extension PredictCommand: GuidedCommand {
    static var guide: HelpGuide {
        HelpGuide(
            examples: [
                .init(
                    "Two texts",
                    #"attune predict --model runs/tickets --text "I was charged twice" --text "Please cancel my account""#
                ),
                .init(
                    "Each row of a file",
                    "attune predict --model runs/tickets --input new.csv --output predictions.jsonl"
                ),
                .init(
                    "Two more columns for a large table; resumes after a crash",
                    "attune predict --model runs/tickets --input new.csv --output labelled.csv --resume"
                ),
                .init(
                    "Lines of standard input, each answered at once",
                    "attune predict --model runs/tickets --input - --flush"
                ),
            ],
            common: [
                "model", "text", "input", "output", "columns", "text-column", "max-length", "logits",
                "resume",
            ],
            headings: [
                ("Output", ["keep-columns", "id-column", "top-k", "threshold", "on-error", "flush"]),
                ("Many rows", ["shard", "merge"]),
                ("Data", ["input-format"]),
            ] + headings
        )
    }
}

extension TokenizeCommand: GuidedCommand {
    static var guide: HelpGuide {
        HelpGuide(
            examples: [
                .init(
                    "A text with its tokens marked",
                    #"attune tokenize --model runs/tickets --text "Unbelievable: 12,345 €" --show"#
                ),
                .init(
                    "The ids and tokens of each row of a file",
                    "attune tokenize --model runs/tickets --input tickets.csv --output tokens.jsonl"
                ),
            ],
            common: ["model", "text", "input", "output", "show", "max-length"],
            headings: [
                ("Data", ["text-column", "text-pair", "text-pair-column", "long-text"]),
                ("Display", ["color", "no-special-tokens"]),
                ("Memory and speed", ["threads"]),
            ]
        )
    }
}

extension DecodeCommand: GuidedCommand {
    static var guide: HelpGuide {
        HelpGuide(
            examples: [
                .init("The text of some ids", "attune decode --model runs/tickets --ids 19 28 5 17"),
                .init(
                    "The texts of a file that `attune tokenize` wrote",
                    "attune decode --model runs/tickets --input tokens.jsonl --output texts.jsonl"
                ),
            ],
            common: ["model", "ids", "input", "output", "skip-special-tokens"]
        )
    }
}

extension InspectCommand: GuidedCommand {
    static var guide: HelpGuide {
        HelpGuide(
            examples: [
                .init("A model of the Hub", "attune inspect --model sentence-transformers/all-MiniLM-L6-v2"),
                .init(
                    "A trained classifier, with every tensor",
                    "attune inspect --model runs/tickets --tensors"
                ),
            ],
            common: ["model", "tensors", "json"]
        )
    }
}

extension ReplayCommand: GuidedCommand {
    static var guide: HelpGuide {
        HelpGuide(
            examples: [
                .init(
                    "The layer in which NaN first appeared",
                    "attune replay runs/tickets/replay-step-12.safetensors"
                ),
                .init(
                    "Whether float32 avoids it",
                    "attune replay runs/tickets/replay-step-12.safetensors --precision fp32"
                ),
            ],
            common: ["precision", "output", "json"],
            headings: [("Memory and speed", ["threads", "device"])]
        )
    }
}

extension DoctorCommand: GuidedCommand {
    static var guide: HelpGuide {
        HelpGuide(
            examples: [
                .init("Everything about this machine", "attune doctor"),
                .init("Without asking the Hub, as JSON", "HF_HUB_OFFLINE=1 attune doctor --json"),
                .init(
                    "The most texts per second that training a model could reach here",
                    "attune doctor --model sentence-transformers/all-MiniLM-L6-v2 --batch-size 32 --tokens 40 --seconds 0.1"
                ),
            ],
            common: ["json", "output", "distributed"],
            headings: [
                (
                    "The limit of a step",
                    [
                        "model", "batch-size", "tokens", "dataset", "text-column", "text-pair-column",
                        "max-length",
                        "long-text", "seconds",
                    ]
                )
            ]
        )
    }
}
