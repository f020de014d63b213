public import Training

/// The optimizer, its learning rate and its options.
///
/// Source: `OptimizerNames` and the defaults of `TrainingArguments` in transformers 5.23 (training_args.py).
public struct OptimizerChoice: Sendable, Equatable {
    /// The highest learning rate.
    public var learningRate: Double
    /// The share of a weight that is subtracted per step, times the learning rate; biases and norms are exempt.
    public var weightDecay: Double
    /// The way it computes an update.
    public var rule: Rule

    /// An optimizer's way to compute an update, with its own options.
    public enum Rule: Sendable, Equatable {
        /// AdamW.
        case adamW(
            beta1: Double = 0.9,
            beta2: Double = 0.999,
            epsilon: Double = 1e-8,
            moments: Moments = .float32
        )
        /// Stochastic gradient descent.
        case sgd(momentum: Double = 0, dampening: Double = 0, nesterov: Bool = false)
        /// Lion.
        case lion(beta1: Double = 0.9, beta2: Double = 0.999)
        /// Adafactor.
        case adafactor
    }

    /// The format of AdamW's moments.
    public enum Moments: Sendable, Equatable {
        /// In float32, by fused kernels: transformers' `adamw_torch_fused`.
        case float32
        /// The same numbers under the name `adamw_torch`.
        case float32Unfused
        /// In 8 bits: bitsandbytes' `adamw_bnb_8bit`.
        case eightBit
    }

    /// Creates a choice with transformers' defaults.
    ///
    /// - Parameters:
    ///   - rule: The way it computes an update.
    ///   - learningRate: The highest learning rate.
    ///   - weightDecay: The share of a weight that is subtracted per step, times the learning rate.
    public init(_ rule: Rule, learningRate: Double = 5e-5, weightDecay: Double = 0) {
        (self.rule, self.learningRate, self.weightDecay) = (rule, learningRate, weightDecay)
    }

    /// AdamW.
    ///
    /// - Parameters:
    ///   - learningRate: The highest learning rate.
    ///   - weightDecay: The share of a weight that is subtracted per step, times the learning rate.
    ///   - beta1: The decay of the gradients' running mean.
    ///   - beta2: The decay of the squared gradients' running mean.
    ///   - epsilon: Added to the root of the second moment.
    ///   - moments: The format of the moments.
    /// - Returns: The choice.
    public static func adamW(
        learningRate: Double = 5e-5,
        weightDecay: Double = 0,
        beta1: Double = 0.9,
        beta2: Double = 0.999,
        epsilon: Double = 1e-8,
        moments: Moments = .float32
    ) -> OptimizerChoice {
        let rule = Rule.adamW(beta1: beta1, beta2: beta2, epsilon: epsilon, moments: moments)
        return OptimizerChoice(rule, learningRate: learningRate, weightDecay: weightDecay)
    }

    /// Stochastic gradient descent.
    ///
    /// - Parameters:
    ///   - learningRate: The highest learning rate.
    ///   - weightDecay: The share of a weight that is subtracted per step, times the learning rate.
    ///   - momentum: The decay of the gradients' running sum; 0 keeps none.
    ///   - dampening: The share of a gradient that the running sum leaves out.
    ///   - nesterov: Whether to use Nesterov's momentum.
    /// - Returns: The choice.
    public static func sgd(
        learningRate: Double = 5e-5,
        weightDecay: Double = 0,
        momentum: Double = 0,
        dampening: Double = 0,
        nesterov: Bool = false
    ) -> OptimizerChoice {
        let rule = Rule.sgd(momentum: momentum, dampening: dampening, nesterov: nesterov)
        return OptimizerChoice(rule, learningRate: learningRate, weightDecay: weightDecay)
    }

    /// Lion.
    ///
    /// - Parameters:
    ///   - learningRate: The highest learning rate.
    ///   - weightDecay: The share of a weight that is subtracted per step, times the learning rate.
    ///   - beta1: The decay of the mean that decides the sign of an update.
    ///   - beta2: The decay of the gradients' running mean.
    /// - Returns: The choice.
    public static func lion(
        learningRate: Double = 5e-5,
        weightDecay: Double = 0,
        beta1: Double = 0.9,
        beta2: Double = 0.999
    ) -> OptimizerChoice {
        let rule = Rule.lion(beta1: beta1, beta2: beta2)
        return OptimizerChoice(rule, learningRate: learningRate, weightDecay: weightDecay)
    }

    /// Adafactor.
    ///
    /// - Parameters:
    ///   - learningRate: The highest learning rate.
    ///   - weightDecay: The share of a weight that is subtracted per step, times the learning rate.
    /// - Returns: The choice.
    public static func adafactor(learningRate: Double = 5e-5, weightDecay: Double = 0) -> OptimizerChoice {
        OptimizerChoice(.adafactor, learningRate: learningRate, weightDecay: weightDecay)
    }

    /// Its name in transformers; a new name gets its own default options.
    public var name: OptimizerName {
        get {
            switch rule {
            case .adamW(_, _, _, .float32): .adamWFused
            case .adamW(_, _, _, .float32Unfused): .adamW
            case .adamW(_, _, _, .eightBit): .adamW8
            case .sgd: .sgd
            case .lion: .lion
            case .adafactor: .adafactor
            }
        }
        set {
            rule =
                switch newValue {
                case .adamWFused: .adamW()
                case .adamW: .adamW(moments: .float32Unfused)
                case .adamW8: .adamW(moments: .eightBit)
                case .sgd: .sgd()
                case .lion: .lion()
                case .adafactor: .adafactor
                }
        }
    }

    /// The decays of the running means; nil for optimizers without them, which ignore new values.
    var betas: (first: Double, second: Double)? {
        get {
            switch rule {
            case .adamW(let first, let second, _, _), .lion(let first, let second): (first, second)
            case .sgd, .adafactor: nil
            }
        }
        set {
            guard let (first, second) = newValue else { return }
            switch rule {
            case .adamW(_, _, let epsilon, let moments):
                rule = .adamW(beta1: first, beta2: second, epsilon: epsilon, moments: moments)
            case .lion: rule = .lion(beta1: first, beta2: second)
            case .sgd, .adafactor: break
            }
        }
    }

    /// Added to the root of the second moment; nil for optimizers without it, which ignore a new value.
    var epsilon: Double? {
        get { if case .adamW(_, _, let epsilon, _) = rule { epsilon } else { nil } }
        set {
            guard let newValue, case .adamW(let beta1, let beta2, _, let moments) = rule else { return }
            rule = .adamW(beta1: beta1, beta2: beta2, epsilon: newValue, moments: moments)
        }
    }
}
