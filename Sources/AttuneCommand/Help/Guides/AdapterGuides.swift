import ArgumentParser

extension AdapterCommand: GuidedCommand {
    static var guide: HelpGuide {
        HelpGuide(examples: [AdapterMergeCommand.guide.examples[0], AdapterShowCommand.guide.examples[0]])
    }
}

extension AdapterMergeCommand: GuidedCommand {
    static var guide: HelpGuide {
        HelpGuide(
            examples: [
                .init(
                    "A whole classifier from an adapter",
                    "attune adapter merge runs/tickets-lora --output runs/tickets-whole"
                ),
                .init(
                    "The same, with the change of the logits of a text",
                    #"attune adapter merge runs/tickets-lora --output runs/checked --text "I want my money back""#
                ),
            ],
            common: ["output", "adapter-base"],
            headings: [("Data", ["text"]), ("Memory and speed", ["weights-dtype"])]
        )
    }
}

extension AdapterShowCommand: GuidedCommand {
    static var guide: HelpGuide {
        HelpGuide(
            examples: [
                .init("The layers, ranks and labels of an adapter", "attune adapter show runs/tickets-lora"),
                .init("The same as JSON", "attune adapter show runs/tickets-lora --json"),
            ],
            common: ["json"]
        )
    }
}

extension AdapterConvertCommand: GuidedCommand {
    static var guide: HelpGuide {
        HelpGuide(
            examples: [
                .init(
                    "Plain LoRA from a PiSSA adapter",
                    "attune adapter convert runs/tickets-lora --output runs/tickets-plain"
                ),
                .init(
                    "The same with a base model in another place",
                    """
                    attune adapter convert runs/tickets-lora --output runs/plain \
                    --adapter-base sentence-transformers/all-MiniLM-L6-v2
                    """
                ),
            ],
            common: ["output", "adapter-base"]
        )
    }
}
