public import Training

/// An optimizer with its hyperparameters.
public enum OptimizerChoice: Sendable, Equatable {
    /// AdamW.
    case adamW(
        learningRate: Double = 5e-5,
        weightDecay: Double = 0,
        beta1: Double = 0.9,
        beta2: Double = 0.999,
        epsilon: Double = 1e-8,
        moments: Moments = .float32
    )
    /// Stochastic gradient descent.
    case sgd(
        learningRate: Double = 5e-5,
        weightDecay: Double = 0,
        momentum: Double = 0,
        dampening: Double = 0,
        nesterov: Bool = false
    )
    /// Lion.
    case lion(
        learningRate: Double = 5e-5,
        weightDecay: Double = 0,
        beta1: Double = 0.9,
        beta2: Double = 0.999
    )
    /// Adafactor.
    case adafactor(learningRate: Double = 5e-5, weightDecay: Double = 0)

    /// The format of AdamW's moments.
    public enum Moments: Sendable, Equatable {
        /// In float32, by fused kernels: transformers' `adamw_torch_fused`.
        case float32
        /// The same numbers under the name `adamw_torch`.
        case float32Unfused
        /// In 8 bits: bitsandbytes' `adamw_bnb_8bit`.
        case eightBit
    }

    /// Its name in transformers.
    public var name: OptimizerName {
        get {
            switch self {
            case .adamW(_, _, _, _, _, .float32): .adamWFused
            case .adamW(_, _, _, _, _, .float32Unfused): .adamW
            case .adamW(_, _, _, _, _, .eightBit): .adamW8
            case .sgd: .sgd
            case .lion: .lion
            case .adafactor: .adafactor
            }
        }
        set {
            let (rate, decay) = (learningRate, weightDecay)
            switch newValue {
            case .adamWFused: self = .adamW(learningRate: rate, weightDecay: decay)
            case .adamW: self = .adamW(learningRate: rate, weightDecay: decay, moments: .float32Unfused)
            case .adamW8: self = .adamW(learningRate: rate, weightDecay: decay, moments: .eightBit)
            case .sgd: self = .sgd(learningRate: rate, weightDecay: decay)
            case .lion: self = .lion(learningRate: rate, weightDecay: decay)
            case .adafactor: self = .adafactor(learningRate: rate, weightDecay: decay)
            }
        }
    }

    /// The highest learning rate.
    public var learningRate: Double {
        get {
            switch self {
            case .adamW(let rate, _, _, _, _, _), .sgd(let rate, _, _, _, _), .lion(let rate, _, _, _),
                .adafactor(let rate, _):
                rate
            }
        }
        set {
            switch self {
            case .adamW(_, let decay, let beta1, let beta2, let epsilon, let moments):
                self = .adamW(
                    learningRate: newValue,
                    weightDecay: decay,
                    beta1: beta1,
                    beta2: beta2,
                    epsilon: epsilon,
                    moments: moments
                )
            case .sgd(_, let decay, let momentum, let dampening, let nesterov):
                self = .sgd(
                    learningRate: newValue,
                    weightDecay: decay,
                    momentum: momentum,
                    dampening: dampening,
                    nesterov: nesterov
                )
            case .lion(_, let decay, let beta1, let beta2):
                self = .lion(learningRate: newValue, weightDecay: decay, beta1: beta1, beta2: beta2)
            case .adafactor(_, let decay): self = .adafactor(learningRate: newValue, weightDecay: decay)
            }
        }
    }

    /// The weight decay of all weights except biases and norms.
    public var weightDecay: Double {
        get {
            switch self {
            case .adamW(_, let decay, _, _, _, _), .sgd(_, let decay, _, _, _), .lion(_, let decay, _, _),
                .adafactor(_, let decay):
                decay
            }
        }
        set {
            switch self {
            case .adamW(let rate, _, let beta1, let beta2, let epsilon, let moments):
                self = .adamW(
                    learningRate: rate,
                    weightDecay: newValue,
                    beta1: beta1,
                    beta2: beta2,
                    epsilon: epsilon,
                    moments: moments
                )
            case .sgd(let rate, _, let momentum, let dampening, let nesterov):
                self = .sgd(
                    learningRate: rate,
                    weightDecay: newValue,
                    momentum: momentum,
                    dampening: dampening,
                    nesterov: nesterov
                )
            case .lion(let rate, _, let beta1, let beta2):
                self = .lion(learningRate: rate, weightDecay: newValue, beta1: beta1, beta2: beta2)
            case .adafactor(let rate, _): self = .adafactor(learningRate: rate, weightDecay: newValue)
            }
        }
    }

    /// The decay of the gradients' running mean; nil for optimizers without it, which ignore a new value.
    public var beta1: Double? {
        get {
            switch self {
            case .adamW(_, _, let beta, _, _, _), .lion(_, _, let beta, _): beta
            case .sgd, .adafactor: nil
            }
        }
        set { if let newValue, let beta2 { set(beta1: newValue, beta2: beta2) } }
    }

    /// The decay of the squared gradients' running mean; nil for optimizers without it, which ignore a new value.
    public var beta2: Double? {
        get {
            switch self {
            case .adamW(_, _, _, let beta, _, _), .lion(_, _, _, let beta): beta
            case .sgd, .adafactor: nil
            }
        }
        set { if let newValue, let beta1 { set(beta1: beta1, beta2: newValue) } }
    }

    private mutating func set(beta1: Double, beta2: Double) {
        switch self {
        case .adamW(let rate, let decay, _, _, let epsilon, let moments):
            self = .adamW(
                learningRate: rate,
                weightDecay: decay,
                beta1: beta1,
                beta2: beta2,
                epsilon: epsilon,
                moments: moments
            )
        case .lion(let rate, let decay, _, _):
            self = .lion(learningRate: rate, weightDecay: decay, beta1: beta1, beta2: beta2)
        case .sgd, .adafactor: break
        }
    }

    /// Added to the root of the second moment; nil for optimizers without it, which ignore a new value.
    public var epsilon: Double? {
        get { if case .adamW(_, _, _, _, let epsilon, _) = self { epsilon } else { nil } }
        set {
            guard let newValue, case .adamW(let rate, let decay, let beta1, let beta2, _, let moments) = self
            else { return }
            self = .adamW(
                learningRate: rate,
                weightDecay: decay,
                beta1: beta1,
                beta2: beta2,
                epsilon: newValue,
                moments: moments
            )
        }
    }
}
