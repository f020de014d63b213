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
                    "attune adapter merge runs/tickets --output runs/tickets-whole"
                ),
                .init(
                    "The same, with the change of the logits of a text",
                    #"attune adapter merge runs/tickets --output runs/tickets-whole --text "I want my money back""#
                ),
            ],
            common: ["output", "adapter-base"]
        )
    }
}

extension AdapterShowCommand: GuidedCommand {
    static var guide: HelpGuide {
        HelpGuide(
            examples: [
                .init("What an adapter changes", "attune adapter show runs/tickets"),
                .init("The same as JSON", "attune adapter show runs/tickets --json"),
            ],
            common: ["adapter-base"]
        )
    }
}

extension AdapterConvertCommand: GuidedCommand {
    static var guide: HelpGuide {
        HelpGuide(
            examples: [
                .init(
                    "Plain LoRA from a PiSSA adapter",
                    "attune adapter convert runs/tickets --output runs/tickets-lora"
                ),
                .init(
                    "The same with a base model in another place",
                    "attune adapter convert runs/tickets --output runs/tickets-lora --adapter-base models/phi3"
                ),
            ],
            common: ["output", "adapter-base"]
        )
    }
}
