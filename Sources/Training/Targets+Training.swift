import Classification
import Files
import NN

extension Targets {
    /// The first invalid target: an unknown label id, or a number that is NaN or infinite.
    ///
    /// - Parameter labelCount: The classifier's number of labels.
    /// - Returns: The zero-based index of the example and the error; nil if all targets are valid.
    package func firstFault(labelCount: Int) -> (example: Int, what: String)? {
        let known = 0..<labelCount
        func unknown(_ id: Int) -> String { "has the label id \(id), but the ids are 0 to \(labelCount - 1)" }
        switch self {
        case .classes(let ids):
            return ids.firstIndex { !known.contains($0) }.map { ($0, unknown(ids[$0])) }
        case .labelSets(let sets):
            return sets.enumerated().lazy.compactMap { example, set in
                set.first { !known.contains($0) }.map { (example, unknown($0)) }
            }.first
        case .numbers(let numbers):
            return numbers.firstIndex { !$0.isFinite }.map {
                ($0, "has the number \(numbers[$0]), which is not a valid target")
            }
        case .taught(let taught):
            return taught.firstFault(labelCount: labelCount)
                ?? taught.labels.firstFault(labelCount: labelCount)
        }
    }

    /// The reason why a model cannot be trained on the targets; nil if it can.
    ///
    /// - Parameter labels: The classifier's labels by id.
    /// - Returns: The reason, for a message.
    func whyNotLearnable(labels: [String]) -> String? {
        let what = "there are \(counted(count, "example")) to train on"
        switch self {
        case _ where count == 0: return what + "; a classifier needs at least two"
        // A teacher's scores differ even if all labels are the same.
        case .taught: return nil
        case .classes(let ids):
            guard let first = ids.first, Set(ids).count < 2 else { return nil }
            return what + ", all labelled \"\(labels[first])\"; a classifier needs at least two classes"
        case .labelSets(let sets):
            guard let first = sets.first, sets.allSatisfy({ Set($0) == Set(first) }) else { return nil }
            let names =
                first.isEmpty
                ? "without a label" : "labelled " + first.map { "\"\(labels[$0])\"" }.joined(separator: ", ")
            return what + ", all \(names); a classifier needs examples with different labels"
        case .numbers(let numbers):
            guard let first = numbers.first, numbers.allSatisfy({ $0 == first }) else { return nil }
            return what + ", all with the number \(first); a regression needs at least two different numbers"
        }
    }
}

extension Targets {
    /// The labels, without a teacher's logits.
    var ofLabels: Targets { if case .taught(let taught) = self { taught.labels } else { self } }
}

extension TaughtTargets {
    /// The first example without valid logits of the teacher; nil if all are valid.
    fileprivate func firstFault(labelCount: Int) -> (example: Int, what: String)? {
        guard width == labelCount else {
            return (
                0,
                "has \(counted(width, "logit")) of its teacher, but the model has \(counted(labelCount, "label"))"
            )
        }
        return logits.firstIndex { !$0.isFinite }.map {
            ($0 / width, "has a NaN or infinite logit of the teacher")
        }
    }
}

extension Trainer {
    /// Refuses examples with an unknown label, or a target that is NaN or infinite.
    static func requireSound(
        _ examples: EncodedExamples,
        _ purpose: String,
        for classifier: TextClassifier
    ) throws(TrainingError) {
        guard let fault = examples.targets?.firstFault(labelCount: classifier.labels.count) else { return }
        throw TrainingError(
            .badData,
            "\(purpose) example \(fault.example) \(fault.what); fix or remove its row"
        )
    }
}
