import JSON

extension Verdict {
    /// The members of the event `verdict`: the text, the quality with its numbers, and the sign if there is one.
    var members: [(String, JSONValue)] {
        [("text", .string(text)), ("quality", .string(quality.name))] + quality.members
            + (sign?.members ?? [])
    }
}

extension Verdict.Quality {
    fileprivate var name: String {
        switch self {
        case .diverged: "diverged"
        case .tooFewExamples: "too_few_examples"
        case .noBetterThanConstant: "no_better_than_constant"
        case .unclear: "unclear"
        case .better: "better"
        }
    }

    fileprivate var members: [(String, JSONValue)] {
        switch self {
        case .diverged(let loss): [("loss", .double(loss))]
        case .tooFewExamples(let count): [("examples", .int(count))]
        case .noBetterThanConstant(let comparison), .unclear(let comparison), .better(let comparison):
            [
                ("metric", .string(comparison.metric)), ("value", .double(comparison.value)),
                ("constant", .double(comparison.constant)), ("answer", .string(comparison.answer)),
            ]
        }
    }
}

extension Verdict.Sign {
    fileprivate var members: [(String, JSONValue)] {
        switch self {
        case .neverPredicted(let labels):
            [("sign", .string("never_predicted")), ("labels", .array(labels.map(JSONValue.string)))]
        case .overfitting(let step): [("sign", .string("overfitting")), ("since_step", .int(step))]
        case .stillImproving: [("sign", .string("still_improving"))]
        }
    }
}
