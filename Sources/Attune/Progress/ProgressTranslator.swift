import Foundation
import Training

/// Turns a job's events into progress events, and measures the pace of training.
package struct ProgressTranslator: Sendable {
    private var phase: WorkPhase?
    private var subject: String?
    private var start = 0.0
    private var firstStep = 0
    private var examples = 0
    private var recentLoss: Double?
    private var evaluationStart: Double?
    private var secondsOfEvaluations = 0.0

    /// Creates a translator for a new run.
    package init() {}

    /// The progress events of a job's event.
    ///
    /// - Parameters:
    ///   - event: The event.
    ///   - time: The time in seconds, from any origin.
    /// - Returns: No, one or two events; a phase begins before its progress.
    package mutating func events(of event: TrainingJob.Event, at time: Double) -> [ProgressEvent] {
        switch event {
        case .note(let text): [.note(text)]
        case .resolved: []
        case .progress(let progress): entering(progress.phase, progress.subject) + [.progress(progress)]
        case .run(let event): events(of: event, at: time)
        }
    }

    private mutating func events(of event: RunEvent, at time: Double) -> [ProgressEvent] {
        switch event {
        case .started(let schedule):
            (start, firstStep) = (time, schedule.firstStep)
            (examples, recentLoss, secondsOfEvaluations) = (0, nil, 0)
            return [.started(schedule)] + entering(.train, nil)
        case .step(let record): return entering(.train, nil) + [.step(record, pace(after: record, at: time))]
        case .logged(let record): return [.log(record)]
        case .evaluating(let done, let total):
            if evaluationStart == nil { evaluationStart = time }
            return entering(.evaluate, nil) + [.progress(WorkProgress(.evaluate, done: done, of: total))]
        case .evaluated(let record):
            if let begin = evaluationStart { secondsOfEvaluations += time - begin }
            evaluationStart = nil
            return [.evaluation(EvaluationRow(record))]
        case .saved(let folder): return [.saved(folder.lastPathComponent)]
        case .loadedBest(let step, let metric, let value):
            return [.loadedBest(step: step, metric: metric, value: value)]
        }
    }

    private mutating func entering(_ new: WorkPhase, _ name: String?) -> [ProgressEvent] {
        guard phase != new || subject != name else { return [] }
        (phase, subject) = (new, name)
        return [.phase(new, subject: name)]
    }

    private mutating func pace(after record: StepRecord, at time: Double) -> Pace {
        examples += record.examples
        let loss = recentLoss.map { $0 * 0.9 + record.loss * 0.1 } ?? record.loss
        recentLoss = loss
        let seconds = time - start
        let perStep = seconds / Double(max(record.step - firstStep, 1))
        return Pace(
            recentLoss: loss,
            examplesPerSecond: Double(examples) / max(seconds - secondsOfEvaluations, 1e-9),
            secondsLeft: perStep * Double(max(0, record.totalSteps - record.step))
        )
    }
}
