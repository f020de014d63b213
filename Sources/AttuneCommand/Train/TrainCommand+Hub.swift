import ArgumentParser
import Attune
import Foundation
import Hub

// `--push-to-hub`: the push after training, and the model card.
extension TrainCommand {
    /// Pushes the trained model.
    ///
    /// If that fails, prints a command that repeats the push; the model is saved locally.
    func finish(_ pusher: HubPusher, _ folder: URL, _ interrupt: Interrupt) throws {
        var failure = ExitCode.interrupted
        defer { for note in pusher.takeNotes() { writeToStandardError(note + "\n") } }
        var made: UploadedCommit?
        do {
            made = try pusher.pushFinal(folder, shouldStop: { interrupt.isRequested })
        } catch {
            writeToStandardError("attune: error: the model is saved, but pushing it failed: \(error)\n")
            failure = ExitCode(for: error)
        }
        if let made { return try print("pushed to \(pusher.repository): \(made.address)") }
        writeToStandardError(
            "push it with:\n  \(pusher.repetition(of: outputDir, program: CommandLine.arguments[0]))\n"
        )
        throw failure
    }

    /// The origins and the destination of the model, for its model card.
    func card(
        of job: TrainingJob,
        _ yaml: @escaping @Sendable (ResolvedSettings) throws -> String,
        _ pusher: HubPusher?
    ) -> ModelCardDetails {
        var card = ModelCardDetails()
        card.baseModel = job.recipe.model.hubID
        card.dataset = job.recipe.data.hubID
        card.languages = Dataset.languages(of: job.dataset)
        card.repository = pusher?.repository.name
        card.recipe = yaml
        return card
    }

    /// A description of the push for `--dry-run`; nil without `--push-to-hub`.
    func pushPlan() throws -> String? {
        try push.repository(for: outputDir).map { id in
            let owner = id.name.contains("/") ? "" : "your "
            return "to \(owner)\(id), \(push.hubStrategy.rawValue); token and repository were not checked"
        }
    }
}
