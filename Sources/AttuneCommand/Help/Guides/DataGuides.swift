import ArgumentParser

extension DataCommand: GuidedCommand {
    static var guide: HelpGuide {
        HelpGuide(examples: [DescribeCommand.guide.examples[0], SplitCommand.guide.examples[0]])
    }
}

extension DescribeCommand: GuidedCommand {
    static var guide: HelpGuide {
        HelpGuide(
            examples: [
                .init(
                    "The labels and the problems of a file",
                    "attune data describe --dataset tickets.csv --text-column text --label-column label"
                ),
                .init(
                    "How many texts a maximum length would cut",
                    "attune data describe --dataset tickets.csv --text-column text --model runs/tickets --max-length 64"
                ),
            ],
            common: ["dataset", "text-column", "label-column", "model", "max-length", "json"],
            headings: [
                ("Data", ["label-columns", "text-pair-column", "split", "dataset-config"]),
                ("Evaluation", ["eval-dataset", "eval-split"]), ("Reporting", ["examples"]),
            ]
        )
    }
}

extension SplitCommand: GuidedCommand {
    static var guide: HelpGuide {
        HelpGuide(
            examples: [
                .init(
                    "A fifth of the rows for test, with the labels' shares",
                    "attune data split --dataset tickets.csv --test-size 0.2 --stratify-by label --output-dir parts"
                ),
                .init(
                    "Half of the rows only, as Parquet",
                    """
                    attune data split --dataset tickets.csv --sample 0.5 --test-size 0.25 --format parquet \
                    --output-dir halves
                    """
                ),
            ],
            common: ["dataset", "test-size", "stratify-by", "seed", "output-dir", "format"],
            headings: [
                (
                    "Data",
                    ["sample", "sample-seed", "missing-labels", "class-encode", "split", "dataset-config"]
                ), ("Token ids", ["model", "text-column", "text-pair-column", "max-length"]),
                ("Saving", ["overwrite-output-dir"]),
            ]
        )
    }
}

extension ConvertCommand: GuidedCommand {
    static var guide: HelpGuide {
        HelpGuide(
            examples: [
                .init(
                    "A table as Parquet",
                    "attune data convert --dataset tickets.csv --output tickets.parquet"
                ),
                .init(
                    "Two columns of several files in one",
                    "attune data convert --dataset 'parts/*.jsonl' --columns text label --output all.csv"
                ),
            ],
            common: ["dataset", "columns", "output"],
            headings: [
                ("Data", ["split", "dataset-config"]),
                ("Labels", ["class-encode", "label-columns", "labels-name"]),
            ]
        )
    }
}

extension CacheCommand: GuidedCommand {
    static var guide: HelpGuide {
        HelpGuide(
            examples: [
                .init("The cached texts and their size", "attune data cache"),
                .init(
                    "Delete those that no run has used for a month",
                    "attune data cache --clear --unused-for 30"
                ),
            ],
            common: ["clear", "unused-for"],
            headings: [("Data", ["token-cache", "no-token-cache"])]
        )
    }
}
