public import ArgumentParser
import Foundation
public import Hub
import JSON

extension RepositoryID.Kind: ExpressibleByArgument {}

/// `attune hub download`.
struct HubDownloadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "download",
        abstract: "Downloads a repository, or some of its files, and prints the folder.",
        discussion: """
            Files that are already there are not downloaded again. An interrupted download resumes.
            """,
        aliases: ["pull"]
    )

    @Argument(help: "The repository, as org/name or org/name@revision.")
    var repository: String

    @Argument(help: "Files or patterns; `*` also matches slashes. Default: all files.")
    var files: [String] = []

    @Option(help: ArgumentHelp("Files or patterns to leave out.", valueName: "pattern"))
    var exclude: [String] = []

    @Option(help: "The type of repository.")
    var kind = RepositoryID.Kind.model

    @OptionGroup var hub: HubOptions

    @OptionGroup(title: "Messages") var messages: MessageOptions

    func run() throws {
        try reportingFailure(messages) {
            let id = try RepositoryID(repository, kind: kind)
            let selection = FileSelection.matching(files, except: exclude)
            let progress = HubProgress()
            let snapshot = try hub.withClient { client in
                try await client.snapshot(of: id, selection) { progress.show($0) }
            }
            let path = HubPath.path(snapshot.folder)
            try printResult(path, ["folder": .string(path)], asJSON: messages.json)
        }
    }
}
