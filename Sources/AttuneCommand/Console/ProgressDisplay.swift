import Attune
import Evaluation
import Files
import Foundation
import Training

/// The progress of a command: the rows that stay, and the live row.
///
/// A value that knows neither clock nor terminal: times are passed in, and rows are laid out by ``LineStyle``.
struct ProgressDisplay: Equatable {
    /// Whether rows show every number.
    var isVerbose = false
    private var phase: WorkPhase?
    private var subject: String?
    /// The beginning of the current phase.
    private(set) var phaseStart = 0.0
    private var progress: WorkProgress?
    private var step: (record: StepRecord, pace: Pace, time: Double)?
    /// The metric to show next to the training loss.
    private var metric: (name: String, value: Double)?
    private var totalSteps: Int?

    static func == (first: ProgressDisplay, second: ProgressDisplay) -> Bool {
        first.phase == second.phase && first.subject == second.subject && first.progress == second.progress
            && first.step?.record == second.step?.record && first.totalSteps == second.totalSteps
    }

    /// Creates a display of a command that begins.
    ///
    /// - Parameter isVerbose: Whether rows show every number.
    init(isVerbose: Bool = false) { self.isVerbose = isVerbose }

    /// Takes in an event.
    ///
    /// - Parameters:
    ///   - event: The event.
    ///   - time: Its time in seconds, from any origin.
    /// - Returns: The rows that stay.
    mutating func receive(_ event: ProgressEvent, at time: Double) -> [ProgressRow] {
        switch event {
        case .phase(let new, let name):
            let ended = isVerbose ? endOfPhase(at: time) : []
            (phase, subject, phaseStart, progress) = (new, name, time, nil)
            return ended
        case .progress(let part):
            progress = part
            return []
        case .step(let record, let pace):
            step = (record, pace, time)
            totalSteps = record.totalSteps
            return []
        case .started(let schedule):
            totalSteps = schedule.totalSteps
            return [Self.row(of: schedule)]
        case .log(let record): return [row(of: record)]
        case .evaluation(let row):
            metric = row.headline.first
            // Training continues without another phase.
            if phase == .evaluate { phase = step == nil ? nil : .train }
            return [self.row(of: row)]
        case .saved(let name): return [ProgressRow("saved", .cyan, [.init(name, rank: 1)])]
        case .loadedBest(let step, let metric, let value):
            return [
                ProgressRow(
                    "loaded",
                    .cyan,
                    [
                        .init("the best weights, of step \(step)", rank: 1),
                        .init("\(metric) \(String(format: "%.4f", value))", rank: 2),
                    ]
                )
            ]
        case .note, .error, .verdict, .result: return []
        }
    }

    /// The summary of the phase that ends.
    private func endOfPhase(at time: Double) -> [ProgressRow] {
        guard let phase, phase != .train, phase != .evaluate else { return [] }
        return [
            ProgressRow(
                phase.rawValue,
                .cyan,
                [
                    .init(
                        [subject, "took \(clockTime(time - phaseStart))"].compactMap { $0 }.joined(
                            separator: ": "
                        ),
                        rank: 1
                    )
                ]
            )
        ]
    }

    // MARK: Rows that stay

    private static func row(of schedule: RunSchedule) -> ProgressRow {
        let weights = String(format: "%.1f", Double(schedule.trainableWeights) / 1e6)
        var parts = [
            ProgressRow.Part("\(weights) million weights", rank: 1),
            ProgressRow.Part(counted(schedule.examples, "text"), rank: 2),
            ProgressRow.Part(
                "\(counted(schedule.totalSteps, "step")) of \(schedule.effectiveBatchSize)",
                rank: 3
            ),
            ProgressRow.Part("\(grouped(schedule.stepsPerEpoch)) per epoch", rank: 4),
        ]
        if schedule.firstStep > 0 {
            parts.append(.init("resuming after step \(schedule.firstStep)", rank: 5))
        }
        return ProgressRow("train", .cyan, parts)
    }

    /// `step  20/220`, with the numbers below each other.
    private func stepPart(_ step: Int) -> ProgressRow.Part {
        guard let total = totalSteps, step <= total else { return .init("step \(step)", rank: 1) }
        let number = "\(step)"
        let padding = String(repeating: " ", count: max(0, "\(total)".count - number.count))
        return .init("step \(padding)\(number)/\(total)", short: "\(number)/\(total)", rank: 1)
    }

    private static func epochPart(_ epoch: Double) -> [ProgressRow.Part] {
        epoch.isFinite ? [.init(String(format: "epoch %.2f", epoch), rank: 8)] : []
    }

    private func row(of record: LogRecord) -> ProgressRow {
        var parts = [stepPart(record.step)] + Self.epochPart(record.epoch)
        parts.append(.init(String(format: "loss %.4f", record.loss), rank: 3))
        parts.append(.init(String(format: "lr %.2e", record.learningRate), rank: 4))
        if isVerbose { parts.append(.init(String(format: "grad norm %.3f", record.gradientNorm), rank: 5)) }
        return ProgressRow("train", .cyan, parts)
    }

    private func row(of row: EvaluationRow) -> ProgressRow {
        var parts = [stepPart(row.step)] + Self.epochPart(row.epoch)
        let note = row.lossNote.map { " (\($0))" } ?? ""
        parts.append(.init(String(format: "loss %.4f", row["eval_loss"] ?? .nan) + note, rank: 3))
        let numbers =
            isVerbose
            ? row.values.filter { $0.name != "eval_loss" }.map {
                (name: String($0.name.trimmingPrefix("eval_")), value: $0.value)
            } : row.headline
        for number in numbers {
            parts.append(.init("\(number.name) \(String(format: "%.3f", number.value))", rank: 4))
        }
        return ProgressRow("eval ", .green, parts)
    }

    // MARK: The live row

    /// The row that is rewritten, or written now and then to a file.
    ///
    /// - Parameter time: The time of display.
    /// - Returns: Nil between phases.
    func live(at time: Double) -> ProgressRow? {
        guard let phase else { return nil }
        if phase == .train { return trainRow(at: time) }
        let seconds = max(0, time - phaseStart)
        var parts: [ProgressRow.Part] = []
        var share: Double?
        if let progress, let total = progress.total, total > 0 {
            let part = min(Double(progress.done) / Double(total), 1)
            share = part
            parts.append(Self.countPart(phase, progress.done, total))
            parts.append(.init("\(Int(part * 100)) %", rank: 7))
            // Earlier estimates would jump.
            if progress.done > 0, seconds > 0.5 {
                if progress.done < total {
                    let left = clockTime(seconds / part * (1 - part))
                    parts.append(.init("\(left) left", rank: 2))
                }
                parts.append(Self.ratePart(phase, Double(progress.done) / seconds))
            }
        } else {
            if let progress, progress.done > 0 { parts.append(.init(grouped(progress.done), rank: 1)) }
            if seconds >= 1 { parts.append(.init(clockTime(seconds), rank: 2)) }
        }
        if let subject {
            let name = subject.withoutControls
            parts.insert(.init(name, short: Self.lastName(of: subject), rank: 9, isCut: true), at: 0)
        }
        return ProgressRow(phase.rawValue, .cyan, parts, share: share)
    }

    private func trainRow(at time: Double) -> ProgressRow? {
        guard let (record, pace, shown) = step else {
            guard totalSteps != nil else { return nil }
            let elapsed = clockTime(max(0, time - phaseStart))
            return ProgressRow("train", .cyan, [stepPart(0), .init(elapsed, rank: 2)], share: 0)
        }
        var parts = [stepPart(record.step)]
        let share = Double(record.step) / Double(max(record.totalSteps, 1))
        parts.append(.init("\(Int(share * 100)) %", rank: 7))
        if record.step < record.totalSteps {
            let left = clockTime(max(0, pace.secondsLeft - max(0, time - shown)))
            parts.append(.init("\(left) left", rank: 2))
        }
        parts.append(
            .init(
                String(format: "loss %.4f", pace.recentLoss),
                short: String(format: "loss %.3f", pace.recentLoss),
                rank: 3
            )
        )
        if let metric {
            let value = String(format: "%.3f", metric.value)
            parts.append(.init("eval \(metric.name) \(value)", short: "eval \(value)", rank: 4))
        }
        parts.append(Self.ratePart(.train, pace.examplesPerSecond))
        parts += Self.epochPart(record.epoch)
        return ProgressRow("train", .cyan, parts, share: share)
    }

    private static func countPart(_ phase: WorkPhase, _ done: Int, _ total: Int) -> ProgressRow.Part {
        switch phase {
        case .download, .upload:
            .init("\(formattedSize(done)) of \(formattedSize(total))", short: formattedSize(done), rank: 1)
        case .read, .load, .tokenize, .train, .evaluate, .predict, .save:
            .init("\(grouped(done))/\(grouped(total))", rank: 1)
        }
    }

    private static func ratePart(_ phase: WorkPhase, _ rate: Double) -> ProgressRow.Part {
        switch phase {
        case .download, .upload: return .init("\(formattedSize(Int(rate)))/s", rank: 5)
        case .read, .load, .tokenize, .train, .evaluate, .predict, .save:
            let number = rate >= 100 ? grouped(Int(rate)) : String(format: "%.1f", rate)
            return .init("\(number) \(phase == .read ? "rows" : "texts")/s", short: "\(number)/s", rank: 5)
        }
    }

    /// The last part of a path; nil if the text is none.
    private static func lastName(of subject: String) -> String? {
        subject.contains("/") ? URL(filePath: subject).lastPathComponent.withoutControls : nil
    }
}

extension ProgressRow {
    init(_ label: String, _ color: Color, _ parts: [Part], share: Double? = nil) {
        (self.label, self.color, self.parts, self.share) = (label, color, parts, share)
    }
}
