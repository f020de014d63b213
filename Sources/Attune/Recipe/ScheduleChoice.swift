public import Training

/// The learning rate's course over the run, with its options.
///
/// Source: `get_scheduler` of transformers 5.23 (optimization.py).
public enum ScheduleChoice: Sendable, Equatable {
    /// Falls linearly to 0.
    case linear(warmup: Warmup = .steps(0))
    /// Follows a cosine; half a cycle falls once.
    case cosine(cycles: Double? = nil, warmup: Warmup = .steps(0))
    /// Follows a cosine, with restarts.
    case cosineWithRestarts(cycles: Double? = nil, warmup: Warmup = .steps(0))
    /// Follows a cosine to a minimum above 0, given as a rate or as a share of the highest rate.
    case cosineWithMinimum(
        cycles: Double? = nil,
        minimum: Double? = nil,
        minimumShare: Double? = nil,
        warmup: Warmup = .steps(0)
    )
    /// Like ``cosineWithMinimum(cycles:minimum:minimumShare:warmup:)``, with a warm-up that begins above 0.
    case cosineWarmupWithMinimum(
        cycles: Double? = nil,
        minimum: Double? = nil,
        minimumShare: Double? = nil,
        warmupShare: Double? = nil,
        warmup: Warmup = .steps(0)
    )
    /// Follows a polynomial.
    case polynomial(end: Double? = nil, power: Double? = nil, warmup: Warmup = .steps(0))
    /// Stays constant.
    case constant
    /// Rises, then stays constant.
    case constantWithWarmup(Warmup)
    /// Falls in proportion to 1/√step.
    case inverseSquareRoot(timescale: Int? = nil, warmup: Warmup = .steps(0))
    /// Rises, stays constant, falls.
    case warmupStableDecay(
        decaySteps: Int,
        stableSteps: Int? = nil,
        warmupCurve: ScheduleCurve? = nil,
        decayCurve: ScheduleCurve? = nil,
        minimumShare: Double? = nil,
        cycles: Double? = nil,
        warmup: Warmup = .steps(0)
    )
    /// Falls when evaluations stop improving.
    case reduceOnPlateau(
        factor: Double? = nil,
        patience: Int? = nil,
        threshold: Double? = nil,
        cooldown: Int? = nil,
        minimum: Double? = nil
    )

    /// Creates the schedule of a type.
    ///
    /// - Parameters:
    ///   - type: transformers' `lr_scheduler_type`.
    ///   - options: transformers' `lr_scheduler_kwargs`; options of other schedules are ignored.
    ///   - warmup: The length of the warm-up; ignored by schedules without one.
    init(_ type: SchedulerType, _ options: SchedulerOptions, warmup: Warmup) {
        self =
            switch type {
            case .linear: .linear(warmup: warmup)
            case .cosine: .cosine(cycles: options.numCycles, warmup: warmup)
            case .cosineWithRestarts: .cosineWithRestarts(cycles: options.numCycles, warmup: warmup)
            case .cosineWithMinimum:
                .cosineWithMinimum(
                    cycles: options.numCycles,
                    minimum: options.minLr,
                    minimumShare: options.minLrRate,
                    warmup: warmup
                )
            case .cosineWarmupWithMinimum:
                .cosineWarmupWithMinimum(
                    cycles: options.numCycles,
                    minimum: options.minLr,
                    minimumShare: options.minLrRate,
                    warmupShare: options.warmupLrRate,
                    warmup: warmup
                )
            case .polynomial: .polynomial(end: options.lrEnd, power: options.power, warmup: warmup)
            case .constant: .constant
            case .constantWithWarmup: .constantWithWarmup(warmup)
            case .inverseSquareRoot: .inverseSquareRoot(timescale: options.timescale, warmup: warmup)
            case .warmupStableDecay:
                .warmupStableDecay(
                    decaySteps: options.numDecaySteps ?? -1,
                    stableSteps: options.numStableSteps,
                    warmupCurve: options.warmupType,
                    decayCurve: options.decayType,
                    minimumShare: options.minLrRatio,
                    cycles: options.numCycles,
                    warmup: warmup
                )
            case .reduceOnPlateau:
                .reduceOnPlateau(
                    factor: options.factor,
                    patience: options.patience,
                    threshold: options.threshold,
                    cooldown: options.cooldown,
                    minimum: options.minLr
                )
            }
    }

    /// transformers' `lr_scheduler_type`.
    public var type: SchedulerType {
        switch self {
        case .linear: .linear
        case .cosine: .cosine
        case .cosineWithRestarts: .cosineWithRestarts
        case .cosineWithMinimum: .cosineWithMinimum
        case .cosineWarmupWithMinimum: .cosineWarmupWithMinimum
        case .polynomial: .polynomial
        case .constant: .constant
        case .constantWithWarmup: .constantWithWarmup
        case .inverseSquareRoot: .inverseSquareRoot
        case .warmupStableDecay: .warmupStableDecay
        case .reduceOnPlateau: .reduceOnPlateau
        }
    }

    /// The length of the warm-up; schedules without one ignore a new value.
    public var warmup: Warmup {
        get {
            switch self {
            case .linear(let warmup), .cosine(_, let warmup), .cosineWithRestarts(_, let warmup),
                .cosineWithMinimum(_, _, _, let warmup), .cosineWarmupWithMinimum(_, _, _, _, let warmup),
                .polynomial(_, _, let warmup), .constantWithWarmup(let warmup),
                .inverseSquareRoot(_, let warmup), .warmupStableDecay(_, _, _, _, _, _, let warmup):
                warmup
            case .constant, .reduceOnPlateau: .steps(0)
            }
        }
        set { self = ScheduleChoice(type, options, warmup: newValue) }
    }

    /// transformers' `lr_scheduler_kwargs`.
    var options: SchedulerOptions {
        var options = SchedulerOptions()
        switch self {
        case .linear, .constant, .constantWithWarmup: break
        case .cosine(let cycles, _), .cosineWithRestarts(let cycles, _): options.numCycles = cycles
        case .cosineWithMinimum(let cycles, let minimum, let share, _):
            (options.numCycles, options.minLr, options.minLrRate) = (cycles, minimum, share)
        case .cosineWarmupWithMinimum(let cycles, let minimum, let share, let warmupShare, _):
            (options.numCycles, options.minLr, options.minLrRate) = (cycles, minimum, share)
            options.warmupLrRate = warmupShare
        case .polynomial(let end, let power, _): (options.lrEnd, options.power) = (end, power)
        case .inverseSquareRoot(let timescale, _): options.timescale = timescale
        case .warmupStableDecay(let decay, let stable, let rise, let fall, let share, let cycles, _):
            // Negative means not given.
            (options.numDecaySteps, options.numStableSteps) = (decay < 0 ? nil : decay, stable)
            (options.warmupType, options.decayType) = (rise, fall)
            (options.minLrRatio, options.numCycles) = (share, cycles)
        case .reduceOnPlateau(let factor, let patience, let threshold, let cooldown, let minimum):
            (options.factor, options.patience) = (factor, patience)
            (options.threshold, options.cooldown, options.minLr) = (threshold, cooldown, minimum)
        }
        return options
    }
}
