import ArgumentParser
import Foundation
import Hub

/// The parts of a run that are sent to the Hub, with transformers' names.
///
/// Source: `HubStrategy` of transformers 5.23 (trainer_utils.py).
enum HubStrategy: String, ExpressibleByArgument, CaseIterable {
    /// The model, once training is over.
    case end
    /// The model at every checkpoint, and at the end.
    case everySave = "every_save"
    /// In addition, the latest checkpoint as `last-checkpoint`, from which a run can resume.
    case checkpoint
    /// In addition, every checkpoint under its own name.
    case allCheckpoints = "all_checkpoints"
}

/// Whether and where a run pushes its model to the Hub.
struct HubPushOptions: ParsableArguments {
    @Flag(
        help: """
            Push the model to the Hub, during training and at its end. The token and the repository are checked before \
            the first step.
            """
    )
    var pushToHub = false

    @Option(
        help: ArgumentHelp(
            "The repository: name, org/name or org/name@branch. Default: the output folder's name, in your account.",
            valueName: "name"
        )
    )
    var hubModelId: String?

    @Flag(help: "Make the repository private if it is created.")
    var hubPrivateRepo = false

    @Option(
        help: ArgumentHelp(
            "\(HubStrategy.allCases.map(\.rawValue).joined(separator: ", ")): what is pushed, and when.",
            valueName: "strategy"
        )
    )
    var hubStrategy = HubStrategy.everySave

    func validate() throws {
        if !pushToHub, hubModelId != nil { throw ValidationError("--hub-model-id needs --push-to-hub") }
        if !pushToHub, hubPrivateRepo { throw ValidationError("--hub-private-repo needs --push-to-hub") }
        if !pushToHub, hubStrategy != .everySave {
            throw ValidationError(
                "--hub-strategy has no effect without --push-to-hub; add that, or leave it out"
            )
        }
    }

    /// The repository to push to; nil without `--push-to-hub`.
    ///
    /// - Parameter folder: The output folder. Its name is the default for the repository's name.
    /// - Returns: The id, perhaps without an owner.
    /// - Throws: `ValidationError` for an invalid repository name.
    func repository(for folder: String) throws -> RepositoryID? {
        guard pushToHub else { return nil }
        let name = hubModelId ?? URL(filePath: folder).standardizedFileURL.lastPathComponent
        do { return try RepositoryID(name, kind: .model) } catch {
            throw ValidationError("--hub-model-id: \(error)")
        }
    }
}
