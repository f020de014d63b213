/// The types of schedules, with transformers' `lr_scheduler_type` names.
public enum SchedulerType: String, Sendable, CaseIterable {
    case linear, cosine, polynomial, constant
    case cosineWithRestarts = "cosine_with_restarts"
    case constantWithWarmup = "constant_with_warmup"
    case inverseSquareRoot = "inverse_sqrt"
    case reduceOnPlateau = "reduce_lr_on_plateau"
    case cosineWithMinimum = "cosine_with_min_lr"
    case cosineWarmupWithMinimum = "cosine_warmup_with_min_lr"
    case warmupStableDecay = "warmup_stable_decay"
}

/// The curve of a warmup or of a decay.
public enum ScheduleCurve: String, Sendable, CaseIterable {
    case linear, cosine
    case oneMinusSquareRoot = "1-sqrt"
}

/// The parameters of a schedule, as transformers' `lr_scheduler_kwargs`.
///
/// Nil takes transformers' default.
public struct SchedulerOptions: Sendable, Equatable {
    /// The number of waves of a cosine (0.5 only falls), or of restarts.
    public var numCycles: Double?
    /// The lowest learning rate of a cosine.
    public var minLr: Double?
    /// The lowest learning rate of a cosine as a share of the highest.
    public var minLrRate: Double?
    /// The first learning rate of a cosine's warmup as a share of the highest.
    public var warmupLrRate: Double?
    /// The last learning rate of a polynomial; default 1e-7.
    public var lrEnd: Double?
    /// The power of a polynomial; default 1.
    public var power: Double?
    /// The timescale of an inverse square root in steps; default: the warmup steps, or 10,000 without warmup.
    public var timescale: Int?
    /// The number of decay steps of warmup-stable-decay; required.
    public var numDecaySteps: Int?
    /// The number of stable steps of warmup-stable-decay; default: the remaining steps.
    public var numStableSteps: Int?
    /// The curve of the warmup; default linear.
    public var warmupType: ScheduleCurve?
    /// The curve of the decay; default cosine.
    public var decayType: ScheduleCurve?
    /// The lowest learning rate of warmup-stable-decay as a share of the highest; default 0.
    public var minLrRatio: Double?
    /// The factor of a plateau's reduction; default 0.1.
    public var factor: Double?
    /// The number of evaluations without improvement before a plateau's reduction; default 10.
    public var patience: Int?
    /// The share by which an improvement must exceed the best value; default 1e-4.
    public var threshold: Double?
    /// The number of evaluations after a reduction that are not counted; default 0.
    public var cooldown: Int?

    /// Creates options with transformers' defaults.
    public init() {}

    /// Reads `num_cycles=2,min_lr=1e-6`, with transformers' names.
    ///
    /// - Parameters:
    ///   - text: The text as typed.
    ///   - type: The schedule that the options are for.
    /// - Throws: ``TrainingError`` with code `.badArgument` for an unknown name or an invalid value.
    public init(_ text: String, for type: SchedulerType) throws(TrainingError) {
        let names = Self.names(of: type)
        for part in text.split(separator: ",") {
            let pair = part.split(separator: "=", maxSplits: 1).map { $0.filter { !$0.isWhitespace } }
            guard pair.count == 2 else {
                throw Self.bad("takes name=value,name=value, but \"\(part)\" is not of the form name=value")
            }
            guard names.contains(pair[0]) else {
                throw Self.bad(
                    names.isEmpty
                        ? "has no options for \(type.rawValue), but \"\(pair[0])\" is given"
                        : "names the unknown option \"\(pair[0])\"; \(type.rawValue) has \(names.joined(separator: ", "))"
                )
            }
            guard set(pair[0], to: pair[1]) else {
                throw Self.bad("has the invalid value \"\(pair[1])\" for \(pair[0])")
            }
        }
    }

    private static func bad(_ message: String) -> TrainingError {
        TrainingError(.badArgument, "--lr-scheduler-kwargs " + message)
    }

    /// The names of a schedule's options.
    static func names(of type: SchedulerType) -> [String] {
        switch type {
        case .linear, .constant, .constantWithWarmup: []
        case .cosine, .cosineWithRestarts: ["num_cycles"]
        case .cosineWithMinimum: ["num_cycles", "min_lr", "min_lr_rate"]
        case .cosineWarmupWithMinimum: ["num_cycles", "min_lr", "min_lr_rate", "warmup_lr_rate"]
        case .polynomial: ["lr_end", "power"]
        case .inverseSquareRoot: ["timescale"]
        case .warmupStableDecay:
            [
                "num_decay_steps", "num_stable_steps", "warmup_type", "decay_type", "min_lr_ratio",
                "num_cycles",
            ]
        case .reduceOnPlateau: ["factor", "patience", "threshold", "cooldown", "min_lr"]
        }
    }

    /// The options that are given, as ``init(_:for:)`` reads them: `num_cycles=2.0,min_lr=1e-06`.
    package var text: String {
        let values: [(String, Any?)] = [
            ("num_cycles", numCycles), ("min_lr", minLr), ("min_lr_rate", minLrRate),
            ("warmup_lr_rate", warmupLrRate),
            ("lr_end", lrEnd), ("power", power), ("timescale", timescale), ("num_decay_steps", numDecaySteps),
            ("num_stable_steps", numStableSteps), ("warmup_type", warmupType?.rawValue),
            ("decay_type", decayType?.rawValue), ("min_lr_ratio", minLrRatio), ("factor", factor),
            ("patience", patience), ("threshold", threshold), ("cooldown", cooldown),
        ]
        return values.compactMap { name, value in value.map { "\(name)=\($0)" } }.joined(separator: ",")
    }

    private mutating func set(_ name: String, to text: String) -> Bool {
        let number = Double(text).flatMap { $0.isFinite && $0 >= 0 ? $0 : nil }
        let count = Int(text).flatMap { $0 >= 0 ? $0 : nil }
        switch name {
        case "num_cycles": numCycles = number
        case "min_lr": minLr = number
        case "min_lr_rate": minLrRate = number
        case "warmup_lr_rate": warmupLrRate = number
        case "lr_end": lrEnd = number
        case "power": power = number
        case "min_lr_ratio": minLrRatio = number
        case "factor": factor = number
        case "threshold": threshold = number
        case "timescale": timescale = count.flatMap { $0 > 0 ? $0 : nil }
        case "num_decay_steps": numDecaySteps = count
        case "num_stable_steps": numStableSteps = count
        case "patience": patience = count
        case "cooldown": cooldown = count
        case "warmup_type": warmupType = ScheduleCurve(rawValue: text)
        case "decay_type": decayType = ScheduleCurve(rawValue: text)
        default: return false
        }
        return switch name {
        case "timescale", "num_decay_steps", "num_stable_steps", "patience", "cooldown":
            count != nil && (name != "timescale" || timescale != nil)
        case "warmup_type", "decay_type": ScheduleCurve(rawValue: text) != nil
        default: number != nil
        }
    }

    /// Checks the options for a schedule.
    ///
    /// - Parameters:
    ///   - type: The schedule.
    ///   - peak: The highest learning rate.
    /// - Throws: ``TrainingError`` with code `.badArgument`.
    func validate(for type: SchedulerType, peak: Double) throws(TrainingError) {
        switch type {
        case .cosineWithMinimum, .cosineWarmupWithMinimum:
            guard (minLr == nil) != (minLrRate == nil) else {
                throw Self.bad("needs either min_lr or min_lr_rate for \(type.rawValue)")
            }
            guard (minLr ?? 0) <= peak, (minLrRate ?? 0) <= 1 else {
                throw Self.bad("gives a lowest learning rate above --learning-rate \(peak)")
            }
        case .polynomial:
            guard (lrEnd ?? 1e-7) < peak else {
                throw Self.bad("lr_end \(lrEnd ?? 1e-7) must be below --learning-rate \(peak)")
            }
        case .warmupStableDecay:
            guard numDecaySteps != nil else {
                throw Self.bad("needs num_decay_steps, the number of decay steps, for \(type.rawValue)")
            }
        case .reduceOnPlateau:
            guard (factor ?? 0.1) < 1 else { throw Self.bad("factor must be below 1") }
        case .linear, .cosine, .cosineWithRestarts, .constant, .constantWithWarmup, .inverseSquareRoot: break
        }
    }
}
