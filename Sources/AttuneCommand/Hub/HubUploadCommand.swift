import ArgumentParser
import Foundation
import Hub

/// `attune hub upload`.
struct HubUploadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upload",
        abstract: "Uploads a folder or a file into a repository, which is created if need be.",
        discussion: """
            What is there is not sent again, so an upload that was interrupted is simply repeated. Hidden files, `.env` \
            among them, stay here.

              attune hub upload runs/tweets tweets
              attune hub upload runs/tweets org/tweets --exclude "checkpoint-*" --private
              attune hub upload --kind dataset texts/ org/texts@dev \\
                --message "More texts" --pull-request
            """
    )

    @Argument(help: "The folder or file.")
    var place: String

    @Argument(help: "The repository, as name, org/name or org/name@branch; a name alone is yours.")
    var repository: String

    @Option(help: ArgumentHelp("Only these files or patterns; `*` passes slashes.", valueName: "pattern"))
    var include: [String] = []

    @Option(help: ArgumentHelp("Files or patterns that are left out.", valueName: "pattern"))
    var exclude: [String] = []

    @Option(
        help: ArgumentHelp("Deletes these from the repository, except what is sent.", valueName: "pattern")
    )
    var delete: [String] = []

    @Option(help: ArgumentHelp("The folder in the repository, or the file's name there.", valueName: "path"))
    var pathInRepo = ""

    @Option(help: ArgumentHelp("The commit's first line.", valueName: "text"))
    var message = UploadOptions().message

    @Option(help: "What the repository holds.")
    var kind = RepositoryID.Kind.model

    @Flag(help: "Where it is created, show it to its owner only.")
    var `private` = false

    @Flag(help: "Open a pull request instead of changing the branch.")
    var pullRequest = false

    @OptionGroup var hub: HubOptions

    func run() throws {
        try reportingFailure {
            let id = try RepositoryID(repository, kind: kind)
            let options = UploadOptions(
                selection: .matching(include, except: exclude),
                pathInRepository: pathInRepo,
                deleting: delete,
                message: message,
                asPullRequest: pullRequest
            )
            // Before a repository is created for it.
            guard FileManager.default.fileExists(atPath: place) else {
                throw HubError(.notFound, "there is no file or folder \(place) to upload")
            }
            let folder = URL(filePath: place)
            let isPrivate = `private` ? true : nil
            let progress = HubProgress(.uploading)
            let made = try hub.withClient { client in
                let owned = try await client.prepareWriting(to: id, isPrivate: isPrivate)
                return try await client.upload(folder, to: owned, options) { progress.show($0) }
            }
            writeToStandardError(made.summary + "\n")
            try print(made.pullRequest ?? made.address)
        }
    }
}

extension UploadedCommit {
    /// What came of it, in a line.
    var summary: String {
        guard changedFiles + deletedFiles > 0 else {
            return "all \(unchangedFiles) files are there as they are; nothing was sent"
        }
        var parts = ["sent \(changedFiles == 1 ? "a file" : "\(changedFiles) files")"]
        if unchangedFiles > 0 { parts.append("\(unchangedFiles) were there already") }
        if deletedFiles > 0 { parts.append("deleted \(deletedFiles)") }
        return parts.joined(separator: ", ")
    }
}
