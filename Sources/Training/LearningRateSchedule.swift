import Foundation

/// The names of schedules, as the reference's `lr_scheduler_type`.
public enum SchedulerType: String, Sendable, CaseIterable {
    case linear, cosine, constant
    case constantWithWarmup = "constant_with_warmup"
}

/// The learning rate of every step of a run.
///
/// Source: transformers 5.23, optimization.py (`get_linear_schedule_with_warmup` and its neighbours).
public struct LearningRateSchedule: Sendable, Equatable {
    /// The shape after warm-up.
    public let type: SchedulerType
    /// The rate at the end of warm-up.
    public let peak: Double
    /// Steps of rising from 0.
    public let warmupSteps: Int
    /// Steps of the whole run.
    public let totalSteps: Int

    /// A schedule over a run.
    ///
    /// - Parameters:
    ///   - arguments: Name the shape, the peak and the warm-up.
    ///   - totalSteps: Optimizer steps of the run.
    public init(_ arguments: TrainingArguments, totalSteps: Int) {
        type = arguments.scheduler
        peak = arguments.learningRate
        self.totalSteps = totalSteps
        switch arguments.warmup {
        case .steps(let steps): warmupSteps = steps
        case .ratio(let ratio): warmupSteps = Int((ratio * Double(totalSteps)).rounded(.up))
        }
    }

    /// The rate of one update.
    ///
    /// - Parameter step: From 0.
    /// - Returns: The rate.
    public func learningRate(at step: Int) -> Double {
        if type == .constant { return peak }
        if step < warmupSteps { return peak * Double(step) / Double(max(warmupSteps, 1)) }
        let decaying = Double(max(totalSteps - warmupSteps, 1))
        switch type {
        case .linear: return peak * max(0, Double(totalSteps - step) / decaying)
        case .cosine: return peak * max(0, 0.5 * (1 + cos(.pi * Double(step - warmupSteps) / decaying)))
        case .constant, .constantWithWarmup: return peak
        }
    }
}
