package import JSON
import Training

// One form for standard error, for `events.jsonl` and for the file in a run's folder.
extension ProgressEvent {
    /// The event's name in JSON.
    package var name: String {
        switch self {
        case .phase: "phase"
        case .progress, .step: "progress"
        case .note: "note"
        case .started: "started"
        case .log: "log"
        case .evaluation: "eval"
        case .saved: "saved"
        case .loadedBest: "loaded_best"
        case .error: "error"
        case .verdict: "verdict"
        case .result: "result"
        }
    }

    /// The event as a JSON object: its name, its time, and its own members.
    ///
    /// - Parameter time: The time in seconds since 1970.
    /// - Returns: The object.
    package func json(at time: Double) -> JSONObject {
        JSONObject([("event", .string(name)), ("time", .double(time))] + members)
    }

    private var members: [(String, JSONValue)] {
        switch self {
        case .phase(let phase, let subject):
            return [("phase", .string(phase.rawValue))] + Self.optional("subject", subject)
        case .progress(let progress):
            var members: [(String, JSONValue)] = [
                ("phase", .string(progress.phase.rawValue)), ("done", .int(progress.done)),
            ]
            if let total = progress.total { members.append(("total", .int(total))) }
            return members
        case .step(let record, let pace):
            return [
                ("phase", .string(WorkPhase.train.rawValue)), ("done", .int(record.step)),
                ("total", .int(record.totalSteps)), ("epoch", .double(record.epoch)),
                ("loss", .double(record.loss)), ("recent_loss", .double(pace.recentLoss)),
                ("grad_norm", .double(record.gradientNorm)),
                ("learning_rate", .double(record.learningRate)), ("examples", .int(record.examples)),
                ("samples_per_second", .double(pace.examplesPerSecond)),
                ("seconds_left", .double(pace.secondsLeft)),
            ]
        case .note(let text):
            let isWarning = text.hasPrefix(Self.warning)
            return [
                ("level", .string(isWarning ? "warning" : "note")),
                ("text", .string(isWarning ? String(text.dropFirst(Self.warning.count)) : text)),
            ]
        case .started(let schedule):
            return [
                ("examples", .int(schedule.examples)), ("tokens", .int(schedule.tokens)),
                ("batch", .int(schedule.effectiveBatchSize)),
                ("steps_per_epoch", .int(schedule.stepsPerEpoch)),
                ("max_steps", .int(schedule.totalSteps)), ("first_step", .int(schedule.firstStep)),
                ("trainable_weights", .int(schedule.trainableWeights)),
            ]
        case .log(let record):
            return [
                ("step", .int(record.step)), ("loss", .double(record.loss)),
                ("grad_norm", .double(record.gradientNorm)),
                ("learning_rate", .double(record.learningRate)), ("epoch", .double(record.epoch)),
            ]
        case .evaluation(let row):
            var members: [(String, JSONValue)] = [("step", .int(row.step)), ("epoch", .double(row.epoch))]
            members += row.values.map { ($0.name, JSONValue.double($0.value)) }
            return members + Self.optional("loss_note", row.lossNote) + Self.optional("metric", row.metric)
        case .saved(let name): return [("checkpoint", .string(name))]
        case .loadedBest(let step, let metric, let value):
            return [("step", .int(step)), ("metric", .string(metric)), ("value", .double(value))]
        case .error(let message, let code): return [("message", .string(message)), ("exit_code", .int(code))]
        case .verdict(let verdict): return verdict.members
        case .result(let object): return object.members.map { ($0.name, $0.value) }
        }
    }

    private static let warning = "warning: "

    private static func optional(_ name: String, _ text: String?) -> [(String, JSONValue)] {
        text.map { [(name, .string($0))] } ?? []
    }

    /// Reads an event of a run; verdicts and results are not read back.
    ///
    /// Nil for an unknown event, or one that lacks a member.
    ///
    /// - Parameter json: The output of ``json(at:)``.
    package init?(json: JSONValue) {
        guard let name = json["event"].string else { return nil }
        // JSON lacks NaN and infinity, which are written as null.
        func number(_ name: String) -> Double { json[name].double ?? .nan }
        switch name {
        case "phase":
            guard let phase = json["phase"].string.flatMap(WorkPhase.init) else { return nil }
            self = .phase(phase, subject: json["subject"].string)
        case "progress":
            guard let phase = json["phase"].string.flatMap(WorkPhase.init), let done = json["done"].int else {
                return nil
            }
            guard phase == .train, let total = json["total"].int, let examples = json["examples"].int else {
                self = .progress(WorkProgress(phase, done: done, of: json["total"].int))
                return
            }
            self = .step(
                StepRecord(
                    step: done,
                    totalSteps: total,
                    epoch: number("epoch"),
                    loss: number("loss"),
                    gradientNorm: number("grad_norm"),
                    learningRate: number("learning_rate"),
                    examples: examples
                ),
                Pace(
                    recentLoss: number("recent_loss"),
                    examplesPerSecond: number("samples_per_second"),
                    secondsLeft: number("seconds_left")
                )
            )
        case "note":
            guard let text = json["text"].string else { return nil }
            self = .note((json["level"].string == "warning" ? Self.warning : "") + text)
        case "started":
            guard let schedule = RunSchedule(json: json) else { return nil }
            self = .started(schedule)
        case "log":
            guard let record = LogRecord(json: json) else { return nil }
            self = .log(record)
        case "eval":
            guard let row = EvaluationRow(json: json) else { return nil }
            self = .evaluation(row)
        case "saved":
            guard let name = json["checkpoint"].string else { return nil }
            self = .saved(name)
        case "loaded_best":
            guard let step = json["step"].int, let metric = json["metric"].string else { return nil }
            self = .loadedBest(step: step, metric: metric, value: number("value"))
        case "error":
            guard let message = json["message"].string, let code = json["exit_code"].int else { return nil }
            self = .error(message: message, exitCode: code)
        default: return nil
        }
    }
}

extension RunSchedule {
    fileprivate init?(json: JSONValue) {
        guard let total = json["max_steps"].int, let first = json["first_step"].int else { return nil }
        self.init(
            examples: json["examples"].int ?? 0,
            tokens: json["tokens"].int ?? 0,
            effectiveBatchSize: json["batch"].int ?? 0,
            stepsPerEpoch: json["steps_per_epoch"].int ?? 0,
            totalSteps: total,
            firstStep: first,
            trainableWeights: json["trainable_weights"].int ?? 0
        )
    }
}

extension LogRecord {
    /// Reads a row of the training log, in an event or in `trainer_state.json`.
    init?(json: JSONValue) {
        guard let step = json["step"].int, json["loss"] != .null || json["grad_norm"] != .null else {
            return nil
        }
        self.init(
            step: step,
            epoch: json["epoch"].double ?? .nan,
            loss: json["loss"].double ?? .nan,
            gradientNorm: json["grad_norm"].double ?? .nan,
            learningRate: json["learning_rate"].double ?? .nan
        )
    }
}

extension EvaluationRow {
    /// Reads a row of an evaluation, in an event or in `trainer_state.json`.
    init?(json: JSONValue) {
        guard let step = json["step"].int, let members = json.object?.members else { return nil }
        let values = members.filter { $0.name.hasPrefix("eval_") }.map {
            NamedValue(name: $0.name, value: $0.value.double ?? .nan)
        }
        guard !values.isEmpty else { return nil }
        self.init(
            step: step,
            epoch: json["epoch"].double ?? .nan,
            values: values,
            lossNote: json["loss_note"].string,
            metric: json["metric"].string
        )
    }
}
