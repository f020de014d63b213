import NN

/// The optimizers, with transformers' `optim` names.
public enum OptimizerName: String, Sendable, CaseIterable {
    case adamWFused = "adamw_torch_fused"
    /// The same results; in transformers, AdamW without the fused kernel.
    case adamW = "adamw_torch"
    case adamW8 = "adamw_bnb_8bit"
    case sgd, adafactor
    case lion = "lion_32bit"

    /// Reads transformers' name or a shorter one.
    ///
    /// - Parameter name: The name, such as `adamw_8bit`, `adamw-8bit` or `lion`.
    public init?(named name: String) {
        let name = name.lowercased().replacing("-", with: "_")
        switch name {
        case "adamw": self = .adamWFused
        case "adamw_8bit", "adamw8bit": self = .adamW8
        case "lion": self = .lion
        default: self.init(rawValue: name)
        }
    }

    /// Whether the optimizer is a variant of AdamW.
    public var isAdamW: Bool { self == .adamW || self == .adamWFused || self == .adamW8 }
}

extension TrainingArguments {
    /// The optimizer's update rule with these arguments' hyperparameters.
    var optimizerRule: any OptimizerRule {
        switch optimizer {
        case .adamW, .adamWFused:
            var rule = AdamW()
            (rule.beta1, rule.beta2, rule.epsilon) = (adamBeta1, adamBeta2, adamEpsilon)
            return rule
        case .adamW8:
            var rule = AdamW8()
            (rule.beta1, rule.beta2, rule.epsilon) = (adamBeta1, adamBeta2, adamEpsilon)
            return rule
        case .sgd:
            var rule = SGD()
            (rule.momentum, rule.dampening, rule.nesterov) = (sgdMomentum, sgdDampening, sgdNesterov)
            return rule
        case .lion:
            var rule = Lion()
            (rule.beta1, rule.beta2) = (adamBeta1, adamBeta2)
            return rule
        case .adafactor: return Adafactor()
        }
    }

    /// Reads transformers' `optim_args`, such as `momentum=0.9,nesterov=true`.
    ///
    /// - Parameter text: The text as typed.
    /// - Throws: ``TrainingError`` with code `.badArgument` for a name that the optimizer does not have.
    public mutating func setOptimizerArguments(_ text: String) throws(TrainingError) {
        for part in text.split(separator: ",") {
            let pair = part.split(separator: "=", maxSplits: 1).map { $0.filter { !$0.isWhitespace } }
            guard pair.count == 2, optimizer == .sgd else {
                throw TrainingError(
                    .badArgument,
                    optimizer == .sgd
                        ? "--optim-args takes name=value,name=value, but \"\(part)\" is not of the form name=value"
                        : "--optim-args has no options for \(optimizer.rawValue); only sgd has: momentum, dampening "
                            + "and nesterov"
                )
            }
            let number = Double(pair[1]).flatMap { (0...1).contains($0) ? $0 : nil }
            switch (pair[0], number, pair[1].lowercased()) {
            case ("momentum", let value?, _): sgdMomentum = value
            case ("dampening", let value?, _): sgdDampening = value
            case ("nesterov", _, "true"), ("nesterov", _, "1"): sgdNesterov = true
            case ("nesterov", _, "false"), ("nesterov", _, "0"): sgdNesterov = false
            default:
                throw TrainingError(
                    .badArgument,
                    "--optim-args \(part): sgd takes momentum and dampening from 0 to 1, and nesterov, true or false"
                )
            }
        }
    }
}
