import ArgumentParser

extension ExportCommand: GuidedCommand {
    static var guide: HelpGuide {
        HelpGuide(
            examples: [
                .init(
                    "A smaller folder for transformers and Attune",
                    "attune export runs/tickets --format safetensors --dtype bf16"
                ),
                .init(
                    "Only the tokens of the texts in a file, with the metrics before and after",
                    """
                    attune export runs/tickets --format safetensors --keep-tokens tickets.csv --dataset tickets.csv \
                    --output runs/tickets-small
                    """
                ),
                .init(
                    "For ONNX Runtime, with weights of 8 bits",
                    "attune export runs/tickets --format onnx --quantize int8"
                ),
                .init(
                    "One file, which this program serves",
                    "attune export runs/tickets --format attune --output tickets.attune"
                ),
            ],
            common: ["format", "output", "dtype", "quantize", "keep-tokens", "dataset"],
            headings: [
                ("ONNX", ["opset", "contrib-operators"]),
                (
                    "Data",
                    [
                        "text-column", "text-pair-column", "label-column", "label-columns", "max-length",
                        "long-text", "split", "dataset-config",
                    ]
                ),
                ("Model", ["label-names", "adapter-base"]),
                ("Memory and speed", ["threads"]),
            ]
        )
    }
}
