import ArgumentParser
import Attune
import Foundation
import Hub

// `--push-to-hub`: what is sent when training is over, and what the model's page says.
extension TrainCommand {
    /// Sends the trained model; where that fails, the model is saved here, and one command makes up for it.
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
            "this sends it:\n  \(pusher.repetition(of: outputDir, program: CommandLine.arguments[0]))\n"
        )
        throw failure
    }

    /// What the model's page says of where things come from and go to.
    func card(
        of job: FineTuning,
        _ recipe: @escaping @Sendable (ResolvedSettings) throws -> String,
        _ pusher: HubPusher?
    ) -> ModelCardDetails {
        var card = ModelCardDetails()
        card.baseModel = HubPath.id(source.model)
        card.dataset = HubPath.id(source.data.dataset)
        card.languages = Dataset.languages(of: job.dataset)
        card.repository = pusher?.repository.name
        card.recipe = recipe
        return card
    }

    /// What `--push-to-hub` will do, for `--dry-run`; nil where it is not given.
    func pushPlan() throws -> String? {
        try push.repository(for: outputDir).map { id in
            let owner = id.name.contains("/") ? "" : "your "
            return "to \(owner)\(id), \(push.hubStrategy.rawValue); neither token nor repository were checked"
        }
    }
}
