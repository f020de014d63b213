import Attune
import Foundation

/// Shows a job's events on the console.
struct ConsoleReporter {
    private let console = Console.current
    private var translator = ProgressTranslator()

    /// Shows an event.
    mutating func show(_ event: TrainingJob.Event) {
        let time = Date().timeIntervalSince1970
        for event in translator.events(of: event, at: time) { console.receive(event, at: time) }
        guard case .run(.started(let plan)) = event else { return }
        if let former = plan.formerTotalSteps {
            console.note("originally \(counted(former, "step")); the schedule now assumes \(plan.totalSteps)")
        }
        for text in plan.resumptionNotes { console.note(text) }
    }
}

extension RunSchedule {
    /// Comments for the recipe of a run that was resumed with other settings: the last settings alone do not repeat it.
    var formerSettings: String {
        changes.map { "# Until step \($0.step): \($0.setting): \($0.before)\n" }.joined()
    }

    /// Notes on changed or unknown settings, for a person who resumes a run.
    fileprivate var resumptionNotes: [String] {
        var notes = changes.filter { $0.step == firstStep }.map {
            "resuming with \(flag($0.setting)) \($0.now); it was \($0.before) until step \($0.step)"
        }
        if forgetsBest {
            notes.append(
                "the best evaluation so far used the plain loss, but eval_loss is now the training loss; the next "
                    + "evaluation starts a new comparison"
            )
        }
        if let keptRoutes {
            notes.append(
                "matrix products stay as the run began, \(keptRoutes), so that the numbers stay the same; measurements on this "
                    + "machine would choose otherwise"
            )
        }
        guard !unchecked.isEmpty else { return notes }
        return notes + [
            unchecked.contains("model")
                ? "an earlier version wrote this checkpoint and recorded only data, batch size, order and optimizer: cannot "
                    + "check whether --model, --class-weights and the other settings are the same as before"
                : "cannot check whether \(unchecked.joined(separator: ", ")) is the same as before"
        ]
    }

    private func flag(_ setting: String) -> String {
        setting == "eval_data" ? "other evaluation texts:" : "--" + setting.replacing("_", with: "-")
    }
}
