import ArgumentParser

extension HubCommand: GuidedCommand {
    static var guide: HelpGuide {
        HelpGuide(examples: [HubLoginCommand.guide.examples[0], HubUploadCommand.guide.examples[0]])
    }
}

extension HubLoginCommand: GuidedCommand {
    static var guide: HelpGuide {
        HelpGuide(
            examples: [
                .init("Type or paste the token", "attune hub login"),
                .init("Read it from a file", "attune hub login < token.txt"),
            ],
            common: ["token"]
        )
    }
}

extension HubLogoutCommand: GuidedCommand {
    static var guide: HelpGuide {
        HelpGuide(
            examples: [
                .init("Delete the stored tokens", "attune hub logout"),
                .init("Check that none is left", "attune hub logout && attune hub whoami"),
            ],
            common: ["quiet", "json"]
        )
    }
}

extension HubWhoamiCommand: GuidedCommand {
    static var guide: HelpGuide {
        HelpGuide(
            examples: [
                .init("The account of the stored token", "attune hub whoami"),
                .init("The account of another token", "HF_TOKEN=hf_abc attune hub whoami"),
            ],
            common: ["token"]
        )
    }
}

extension HubDownloadCommand: GuidedCommand {
    static var guide: HelpGuide {
        HelpGuide(
            examples: [
                .init("A whole model", "attune hub download sentence-transformers/all-MiniLM-L6-v2"),
                .init(
                    "Some files of a revision",
                    #"attune hub download sentence-transformers/all-MiniLM-L6-v2@main config.json "*.safetensors""#
                ),
                .init(
                    "A dataset without its archives",
                    #"attune hub download org/tickets --kind dataset --exclude "*.zip""#
                ),
            ],
            common: ["kind", "exclude", "token"]
        )
    }
}

extension HubUploadCommand: GuidedCommand {
    static var guide: HelpGuide {
        HelpGuide(
            examples: [
                .init("A model, to your account", "attune hub upload runs/tickets tickets"),
                .init(
                    "To an organization, without checkpoints",
                    #"attune hub upload runs/tickets org/tickets --exclude "checkpoint-*" --private"#
                ),
                .init(
                    "A folder of data, as a pull request",
                    #"attune hub upload parts org/tickets --kind dataset --message "More texts" --pull-request"#
                ),
            ],
            common: ["kind", "include", "exclude", "private", "message", "token"],
            headings: [("In the repository", ["path-in-repo", "delete", "pull-request"])]
        )
    }
}

extension HubCacheCommand: GuidedCommand {
    static var guide: HelpGuide {
        HelpGuide(
            examples: [
                .init("The downloaded repositories and their size", "attune hub cache"),
                .init("Delete one", "attune hub cache --delete sentence-transformers/all-MiniLM-L6-v2"),
            ],
            common: ["delete"]
        )
    }
}
