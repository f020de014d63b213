import ArgumentParser
import Foundation
import Hub
import JSON

/// `attune hub upload`.
struct HubUploadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upload",
        abstract: "Uploads a folder or a file to a repository, which is created if it does not exist.",
        discussion: """
            Files that are already there are not sent again, so just repeat an interrupted upload. Hidden files, such as \
            `.env`, are not uploaded.
            """,
        aliases: ["push"]
    )

    @Argument(help: "The folder or file.")
    var place: String

    @Argument(help: "The repository, as name, org/name or org/name@branch; a name alone is in your account.")
    var repository: String

    @Option(
        help: ArgumentHelp("Only these files or patterns; `*` also matches slashes.", valueName: "pattern")
    )
    var include: [String] = []

    @Option(help: ArgumentHelp("Files or patterns to leave out.", valueName: "pattern"))
    var exclude: [String] = []

    @Option(
        help: ArgumentHelp(
            "Delete these files from the repository, except those being uploaded.",
            valueName: "pattern"
        )
    )
    var delete: [String] = []

    @Option(help: ArgumentHelp("The folder in the repository, or the file's name there.", valueName: "path"))
    var pathInRepo = ""

    @Option(help: ArgumentHelp("The commit's first line.", valueName: "text"))
    var message = UploadOptions().message

    @Option(help: "The type of repository.")
    var kind = RepositoryID.Kind.model

    @Flag(help: "Make the repository private if it is created.")
    var `private` = false

    @Flag(help: "Open a pull request instead of changing the branch.")
    var pullRequest = false

    @OptionGroup var hub: HubOptions

    @OptionGroup(title: "Messages") var messages: MessageOptions

    func run() throws {
        try reportingFailure(messages) {
            let id = try RepositoryID(repository, kind: kind)
            let options = UploadOptions(
                selection: .matching(include, except: exclude),
                pathInRepository: pathInRepo,
                deleting: delete,
                message: message,
                asPullRequest: pullRequest
            )
            // Check before creating a repository.
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
            let result: JSONObject = [
                "address": .string(made.address),
                "pull_request": made.pullRequest.map(JSONValue.string) ?? .null,
                "changed_files": .int(made.changedFiles), "deleted_files": .int(made.deletedFiles),
                "unchanged_files": .int(made.unchangedFiles),
            ]
            try printResult(made.pullRequest ?? made.address, result, asJSON: messages.json)
        }
    }
}

extension UploadedCommit {
    /// The result of the upload, in one line.
    var summary: String {
        guard changedFiles + deletedFiles > 0 else {
            return "all \(unchangedFiles) files are up to date; nothing was sent"
        }
        var parts = ["sent \(changedFiles == 1 ? "a file" : "\(changedFiles) files")"]
        if unchangedFiles > 0 { parts.append("\(unchangedFiles) were there already") }
        if deletedFiles > 0 { parts.append("deleted \(deletedFiles)") }
        return parts.joined(separator: ", ")
    }
}
