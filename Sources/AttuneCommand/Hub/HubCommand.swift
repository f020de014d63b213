import ArgumentParser

/// `attune hub`.
struct HubCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hub",
        abstract: "Logs in to the Hub, downloads, uploads, and manages the download cache.",
        discussion: """
            The Hub is https://huggingface.co, unless HF_ENDPOINT names another one. A token is read from --token, HF_TOKEN, a \
            .env file in the working folder (HF_TOKEN or HF_HUB_TOKEN) or the login of `attune hub login`, in this order; it is \
            sent only to the Hub. The cache is shared with huggingface_hub: HF_HOME, HF_HUB_CACHE, HF_HUB_OFFLINE and \
            HTTPS_PROXY apply.
            """,
        subcommands: [
            HubLoginCommand.self, HubLogoutCommand.self, HubWhoamiCommand.self, HubDownloadCommand.self,
            HubUploadCommand.self, HubCacheCommand.self,
        ]
    )
}
