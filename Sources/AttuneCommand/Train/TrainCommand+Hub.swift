import ArgumentParser
import Attune
import Foundation
import Hub

// `--push-to-hub`: the push after training, and the model card.
extension TrainCommand {
    /// Pushes the trained model.
    ///
    /// If that fails, prints a command that repeats the push; the model is saved locally.
    func finish(_ pusher: HubPusher, _ interrupt: Interrupt) throws {
        var failure = ExitCode.interrupted
        defer { for note in pusher.takeNotes() { writeToStandardError(note + "\n") } }
        var made: UploadedCommit?
        let progress = HubProgress(.uploading)
        writeToStandardError("pushing to \(pusher.repository)\n")
        do {
            made = try waiting {
                try await pusher.finish(shouldStop: { interrupt.isRequested }) { progress.show($0) }
            }
        } catch {
            failure = ExitCode(for: error)
            let message = "the model is saved, but pushing it failed: \(error)"
            Console.current.error(message, exitCode: failure.rawValue)
        }
        if let made { return try print("pushed to \(pusher.repository): \(made.address)") }
        Console.current.stopped(
            "push it with:\n  \(pusher.repetition(of: outputDir, program: CommandLine.arguments[0]))",
            exitCode: failure.rawValue
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

    /// Checks before any download that the run may push; nil if the recipe has no push.
    func pusher(_ recipe: Recipe) throws -> HubPusher? {
        try recipe.push.map { push in
            let folder = outputFolder
            return try waiting { try await HubPusher(push, from: folder, in: HubOptions.environment) }
        }
    }

    /// A description of the push for `--dry-run`; nil if the recipe has none.
    func pushPlan(_ recipe: Recipe) throws -> String? {
        try recipe.push.map { push in
            let id = try push.repositoryID(for: outputFolder)
            let owner = id.name.contains("/") ? "" : "your "
            return "to \(owner)\(id), \(push.strategy.rawValue); token and repository were not checked"
        }
    }
}
