import ArgumentParser

extension ServeCommand: GuidedCommand {
    static var guide: HelpGuide {
        HelpGuide(
            examples: [
                .init("On this machine only", "attune serve runs/tickets --host 127.0.0.1"),
                .init(
                    "Several models, each under its name",
                    "attune serve tickets=runs/tickets tone=runs/tone --port 8080"
                ),
                .init(
                    "Two adapters over one base model, which is in memory once",
                    "attune serve tone=runs/tone-lora topic=runs/topic-lora"
                ),
                .init(
                    "As a container, by variables of the environment",
                    "MODEL_ID=/models/tickets PORT=80 API_KEY=secret attune serve"
                ),
            ],
            common: [
                "host", "port", "api-key", "max-batch-tokens", "auto-truncate", "long-text", "dtype",
                "quantize",
            ],
            headings: [
                ("Memory and speed", ["threads", "device"])
            ]
        )
    }
}
