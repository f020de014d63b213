import ArgumentParser
import Foundation
import Hub

/// `attune hub download`.
struct HubDownloadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "download",
        abstract: "Downloads a repository, or some of its files, and prints where they are.",
        discussion: """
            What is there is not fetched again. A download that was interrupted goes on where it was.

              attune hub download org/name
              attune hub download org/name@v1.0 config.json "*.safetensors"
              attune hub download --kind dataset org/texts --exclude "*.zip"
            """
    )

    /// What `--kind` takes.
    enum Kind: String, ExpressibleByArgument, CaseIterable {
        case model
        case dataset
    }

    @Argument(help: "The repository, as org/name or org/name@revision.")
    var repository: String

    @Argument(help: "Files or patterns; `*` passes slashes. Default: all files.")
    var files: [String] = []

    @Option(help: ArgumentHelp("Files or patterns that are left out.", valueName: "pattern"))
    var exclude: [String] = []

    @Option(help: "What the repository holds.")
    var kind: Kind = .model

    @OptionGroup var hub: HubOptions

    func run() throws {
        try reportingFailure {
            let id = try RepositoryID(repository, kind: kind == .model ? .model : .dataset)
            let selection = FileSelection.matching(files, except: exclude)
            let progress = HubProgress()
            let snapshot = try hub.withClient { client in
                try await client.snapshot(of: id, selection) { progress.show($0) }
            }
            print(HubDoor.path(snapshot.folder))
        }
    }
}
