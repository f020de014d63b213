import Datasets
import Training

// Each of transformers' arguments as one property, for ``Recipe/settings``.
extension Recipe {
    var labelColumn: WholeNames {
        get { WholeNames(labels) }
        set { labels = newValue.names }
    }

    /// Adds to ``labelColumn``.
    var labelColumns: [String] {
        get { [] }
        set { labels += newValue }
    }

    var frozenParameters: WholeNames {
        get { WholeNames(frozen.parameters) }
        set { frozen.parameters = newValue.names }
    }

    // MARK: Evaluation

    var holdOutSize: SplitSize? {
        get { if case .holdOut(let size, _, _) = evaluation { size } else { nil } }
        set { if let newValue { evaluation = .holdOut(newValue, stratification: .labels, seed: 42) } }
    }

    /// `none` or a column; nil means the labels.
    var holdOutColumn: String? {
        get {
            guard case .holdOut(_, let stratification, _) = evaluation else { return nil }
            return switch stratification {
            case .labels: nil
            case .column(let name): name
            case .nothing: Self.noColumn
            }
        }
        set {
            guard case .holdOut(let size, _, let seed) = evaluation else { return }
            let stratification = newValue.map { $0 == Self.noColumn ? Stratification.nothing : .column($0) }
            evaluation = .holdOut(size, stratification: stratification ?? .labels, seed: seed)
        }
    }

    var holdOutSeed: UInt64 {
        get { if case .holdOut(_, _, let seed) = evaluation { seed } else { 42 } }
        set {
            guard case .holdOut(let size, let stratification, _) = evaluation else { return }
            evaluation = .holdOut(size, stratification: stratification, seed: newValue)
        }
    }

    var evaluationData: String? {
        get { if case .data(let source) = evaluation { source.name } else { nil } }
        set { if let newValue { evaluation = .data(DataSource(newValue)) } }
    }

    var evaluationSplit: String? {
        get {
            switch evaluation {
            case .data(let source): source.split
            case .split(let name): name
            case .none, .holdOut: nil
            }
        }
        set {
            guard let newValue else { return }
            if case .data(var source) = evaluation {
                source.split = newValue
                evaluation = .data(source)
            } else {
                evaluation = .split(newValue)
            }
        }
    }

    var sampleSize: SplitSize? {
        get { sample?.size }
        set { sample = newValue.map { Sample($0) } }
    }

    var sampleSeed: UInt64 {
        get { sample?.seed ?? 0 }
        set { sample?.seed = newValue }
    }

    /// `none`, or a column; nil without a sample.
    var sampleColumn: String? {
        get { sample.map { $0.stratifyBy ?? Self.noColumn } }
        set { sample?.stratifyBy = newValue == Self.noColumn ? nil : newValue }
    }

    /// The value that stands for no column.
    static let noColumn = "none"

    // MARK: Training

    var epochs: Double {
        get { if case .epochs(let count) = length { count } else { 3 } }
        set { length = .epochs(newValue) }
    }

    /// transformers writes -1 for "not set".
    var maxSteps: Int? {
        get { if case .steps(let count) = length { count } else { nil } }
        set { if let newValue, newValue != -1 { length = .steps(newValue) } }
    }

    /// A number of steps; below 1, a share of all steps.
    var warmupSteps: Double? {
        get { if case .steps(let count) = schedule.warmup { Double(count) } else { nil } }
        set {
            guard let newValue else { return }
            schedule.warmup = newValue < 1 && newValue > 0 ? .ratio(newValue) : .steps(Int(newValue))
        }
    }

    var warmupRatio: Double? {
        get { if case .ratio(let share) = schedule.warmup { share } else { nil } }
        set { if let newValue, newValue > 0 { schedule.warmup = .ratio(newValue) } }
    }

    var scheduleType: SchedulerType {
        get { schedule.type }
        set { schedule = ScheduleChoice(newValue, SchedulerOptions(), warmup: schedule.warmup) }
    }

    var scheduleOptions: Assignments? {
        get {
            let text = schedule.options.text
            return text.isEmpty ? nil : Assignments(text)
        }
        set {
            guard let newValue, let options = try? SchedulerOptions(newValue.text, for: schedule.type) else {
                return
            }
            schedule = ScheduleChoice(schedule.type, options, warmup: schedule.warmup)
        }
    }

    var optimizerOptions: Assignments? {
        get {
            guard case .sgd(let momentum, let dampening, let nesterov) = optimizer.rule,
                momentum != 0 || dampening != 0 || nesterov
            else { return nil }
            return Assignments("momentum=\(momentum),dampening=\(dampening),nesterov=\(nesterov)")
        }
        set {
            guard let newValue, case .sgd = optimizer.rule else { return }
            var arguments = TrainingArguments()
            arguments.optimizer = .sgd
            try? arguments.setOptimizerArguments(newValue.text)
            optimizer.rule = .sgd(
                momentum: arguments.sgdMomentum,
                dampening: arguments.sgdDampening,
                nesterov: arguments.sgdNesterov
            )
        }
    }

    var adamBeta1: Double {
        get { optimizer.betas?.first ?? 0.9 }
        set { optimizer.betas?.first = newValue }
    }

    var adamBeta2: Double {
        get { optimizer.betas?.second ?? 0.999 }
        set { optimizer.betas?.second = newValue }
    }

    var adamEpsilon: Double {
        get { optimizer.epsilon ?? 1e-8 }
        set { optimizer.epsilon = newValue }
    }

    /// transformers' flags `bf16` and `tf32`, which set ``precision``.
    var asksForBF16: Bool {
        get { false }
        set { if newValue { precision = .bf16 } }
    }

    var asksForTF32: Bool {
        get { false }
        set { if newValue { precision = .tf32 } }
    }

    /// Accepted for transformers' scripts, without an effect.
    var evaluationAccumulation: Int? {
        get { nil }
        set { _ = newValue }
    }

    /// Names of reports, or `none`.
    var reportNames: WholeNames {
        get { WholeNames(reports.map(\.rawValue)) }
        set { reports = RunReport.allCases.filter { newValue.names.contains($0.rawValue) } }
    }

    static func areReportNames(_ list: WholeNames) -> Bool {
        list.names == [noColumn] || list.names.allSatisfy { RunReport(rawValue: $0) != nil }
    }

    var noBaseline: Bool {
        get { !comparesBaseline }
        set { comparesBaseline = !newValue }
    }

    var noReplayFile: Bool {
        get { !saving.writesReplayFile }
        set { saving.writesReplayFile = !newValue }
    }
}

/// Names that may hold commas, and are never split.
struct WholeNames: SettingConvertible {
    static var expectation: String { "a list of names" }
    static var form: Setting.Form { .names }

    let names: [String]

    init(_ names: [String]) { self.names = names }

    init?(_ value: SettingValue) {
        switch value {
        case .list(let names): self.names = names
        case .numbers: return nil
        default: names = [value.text]
        }
    }

    var settingValue: SettingValue? { names.isEmpty ? nil : .list(names) }
}

/// `name=value,name=value`: transformers' `lr_scheduler_kwargs` and `optim_args`.
struct Assignments: SettingConvertible {
    static var expectation: String { "name=value,name=value" }

    let text: String

    init(_ text: String) { self.text = text }

    init?(_ value: SettingValue) {
        switch value {
        case .text(let text): self.text = text
        case .numbers(let numbers):
            text = numbers.map { pair in
                // A count is written without a decimal point.
                "\(pair.name)=\(Int(exactly: pair.number).map { "\($0)" } ?? "\(pair.number)")"
            }
            .joined(separator: ",")
        default: return nil
        }
    }

    var settingValue: SettingValue? { .text(text) }
}
