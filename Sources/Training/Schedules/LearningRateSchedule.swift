import Foundation

/// The learning rate at every step of a run.
///
/// Source: transformers 5.23, optimization.py (`get_scheduler`).
public struct LearningRateSchedule: Sendable, Equatable {
    /// The type of the schedule after warmup.
    public let type: SchedulerType
    /// The highest learning rate.
    public let peak: Double
    /// The number of warmup steps.
    public let warmupSteps: Int
    /// The number of steps of the run.
    public let totalSteps: Int
    private let options: SchedulerOptions

    /// Creates the schedule of a run.
    ///
    /// - Parameters:
    ///   - arguments: The training arguments.
    ///   - totalSteps: The number of steps of the run.
    public init(_ arguments: TrainingArguments, totalSteps: Int) {
        type = arguments.scheduler
        options = arguments.schedulerOptions
        peak = arguments.learningRate
        self.totalSteps = totalSteps
        switch arguments.warmup {
        case .steps(let steps): warmupSteps = steps
        case .ratio(let ratio): warmupSteps = Int((ratio * Double(totalSteps)).rounded(.up))
        }
    }

    /// The learning rate of a step.
    ///
    /// - Parameter step: The zero-based step.
    /// - Returns: The learning rate; for a plateau schedule the one before any reduction.
    public func learningRate(at step: Int) -> Double { peak * factor(at: step) }

    /// The learning rate as a share of the peak.
    private func factor(at step: Int) -> Double {
        switch type {
        case .constant, .reduceOnPlateau: return 1
        case .warmupStableDecay: return warmupStableDecay(at: step)
        case .cosineWarmupWithMinimum: return cosineWarmupWithMinimum(at: step)
        default: break
        }
        if step < warmupSteps { return Double(step) / Double(max(warmupSteps, 1)) }
        let progress = Double(step - warmupSteps) / Double(max(totalSteps - warmupSteps, 1))
        switch type {
        case .linear:
            return max(0, Double(totalSteps - step) / Double(max(totalSteps - warmupSteps, 1)))
        case .cosine: return max(0, wave(options.numCycles ?? 0.5, progress))
        case .cosineWithRestarts:
            guard progress < 1 else { return 0 }
            let place = ((options.numCycles ?? 1) * progress).truncatingRemainder(dividingBy: 1)
            return max(0, 0.5 * (1 + cos(.pi * place)))
        case .cosineWithMinimum:
            return max(0, raised(wave(options.numCycles ?? 0.5, progress), to: minimum))
        case .polynomial:
            let end = options.lrEnd ?? 1e-7
            guard step <= totalSteps else { return end / peak }
            return ((peak - end) * pow(1 - progress, options.power ?? 1) + end) / peak
        case .inverseSquareRoot:
            let timescale = options.timescale ?? (warmupSteps == 0 ? 10_000 : warmupSteps)
            return 1 / (Double(step + timescale - warmupSteps) / Double(timescale)).squareRoot()
        default: return 1
        }
    }

    /// The lowest learning rate of a cosine as a share of the peak.
    private var minimum: Double { options.minLr.map { $0 / peak } ?? options.minLrRate ?? 0 }

    private func wave(_ cycles: Double, _ progress: Double) -> Double {
        0.5 * (1 + cos(.pi * cycles * 2 * progress))
    }

    private func raised(_ factor: Double, to minimum: Double) -> Double { factor * (1 - minimum) + minimum }

    /// Source: `_get_cosine_with_min_lr_schedule_with_warmup_lr_rate_lambda`.
    private func cosineWarmupWithMinimum(at step: Int) -> Double {
        if step < warmupSteps {
            guard let first = options.warmupLrRate else {
                return Double(step + 1) / Double(max(1, warmupSteps))
            }
            return first + (1 - first) * Double(step) / Double(max(1, warmupSteps - 1))
        }
        let progress = Double(step - warmupSteps + 1) / Double(max(1, totalSteps - warmupSteps))
        return max(0, raised(wave(options.numCycles ?? 0.5, progress), to: minimum))
    }

    /// Source: `_get_wsd_scheduler_lambda`.
    private func warmupStableDecay(at step: Int) -> Double {
        let (decaySteps, minimum) = (options.numDecaySteps ?? 0, options.minLrRatio ?? 0)
        let stableSteps = options.numStableSteps ?? (totalSteps - warmupSteps - decaySteps)
        if step < warmupSteps {
            let progress = Double(step) / Double(max(1, warmupSteps))
            let factor =
                switch options.warmupType ?? .linear {
                case .linear: progress
                case .cosine: 0.5 * (1 - cos(.pi * progress))
                case .oneMinusSquareRoot: 1 - (1 - progress).squareRoot()
                }
            return max(0, raised(factor, to: minimum))
        }
        if step < warmupSteps + stableSteps { return 1 }
        guard step < warmupSteps + stableSteps + decaySteps else { return minimum }
        let progress = Double(step - warmupSteps - stableSteps) / Double(max(1, decaySteps))
        let factor =
            switch options.decayType ?? .cosine {
            case .linear: 1 - progress
            case .cosine: wave(options.numCycles ?? 0.5, progress)
            case .oneMinusSquareRoot: 1 - progress.squareRoot()
            }
        return max(0, raised(factor, to: minimum))
    }
}
