import ArgumentParser

/// `attune hub`.
struct HubCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hub",
        abstract: "Logs in to the Hub, downloads from it, uploads to it, and shows what was downloaded.",
        discussion: """
            The Hub is https://huggingface.co, or what HF_ENDPOINT says. A token is looked for in --token, HF_TOKEN, a .env \
            file in the working folder (HF_TOKEN or HF_HUB_TOKEN), and what `attune hub login` stored; it is sent to the \
            Hub alone. The cache is the Python library's: HF_HOME, HF_HUB_CACHE, HF_HUB_OFFLINE and HTTPS_PROXY count.
            """,
        subcommands: [
            HubLoginCommand.self, HubLogoutCommand.self, HubWhoamiCommand.self, HubDownloadCommand.self,
            HubUploadCommand.self, HubCacheCommand.self,
        ]
    )
}
