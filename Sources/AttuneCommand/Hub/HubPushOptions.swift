import ArgumentParser
import Foundation
import Hub

/// What a run sends to the Hub while it goes on, by the reference's names.
///
/// Source: `HubStrategy` of transformers 5.23 (trainer_utils.py).
enum HubStrategy: String, ExpressibleByArgument, CaseIterable {
    /// The model, once training is over.
    case end
    /// The model of every checkpoint, and at the end.
    case everySave = "every_save"
    /// Besides, the latest checkpoint, from which a run goes on, as `last-checkpoint`.
    case checkpoint
    /// Besides, every checkpoint under its own name.
    case allCheckpoints = "all_checkpoints"
}

/// Where a run's model goes on the Hub.
struct HubPushOptions: ParsableArguments {
    @Flag(
        help: """
            Send the model to the Hub, beside training and at its end; the token and the repository are checked before \
            the first step.
            """
    )
    var pushToHub = false

    @Option(
        help: ArgumentHelp(
            "The repository: name, org/name or org/name@branch. Default: the output folder's name, yours.",
            valueName: "name"
        )
    )
    var hubModelId: String?

    @Flag(help: "Where the repository is created, show it to its owner only.")
    var hubPrivateRepo = false

    @Option(
        help: ArgumentHelp(
            "\(HubStrategy.allCases.map(\.rawValue).joined(separator: ", ")): what is sent, and when.",
            valueName: "strategy"
        )
    )
    var hubStrategy = HubStrategy.everySave

    func validate() throws {
        if !pushToHub, hubModelId != nil { throw ValidationError("--hub-model-id goes with --push-to-hub") }
        if !pushToHub, hubPrivateRepo { throw ValidationError("--hub-private-repo goes with --push-to-hub") }
    }

    /// The repository to push to; nil where nothing is pushed.
    ///
    /// - Parameter folder: The output folder, whose name it has unless another is given.
    /// - Returns: The id, of which the owner may be missing.
    /// - Throws: A name that cannot be a repository's, naming the flag.
    func repository(for folder: String) throws -> RepositoryID? {
        guard pushToHub else { return nil }
        let name = hubModelId ?? URL(filePath: folder).standardizedFileURL.lastPathComponent
        do { return try RepositoryID(name, kind: .model) } catch {
            throw ValidationError("--hub-model-id: \(error)")
        }
    }
}
