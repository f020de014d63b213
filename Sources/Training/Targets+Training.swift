import Classification
import Files
import NN

extension Targets {
    /// The first target that no example can have: a label that is none of the classifier's, or what is no number.
    ///
    /// - Parameter labelCount: The classifier's number of labels.
    /// - Returns: Which example's it is, from 0, and what is wrong with it; nil where all are sound.
    package func firstFault(labelCount: Int) -> (example: Int, what: String)? {
        let known = 0..<labelCount
        func unknown(_ id: Int) -> String { "has label id \(id), and the ids are 0 to \(labelCount - 1)" }
        switch self {
        case .classes(let ids):
            return ids.firstIndex { !known.contains($0) }.map { ($0, unknown(ids[$0])) }
        case .labelSets(let sets):
            return sets.enumerated().lazy.compactMap { example, set in
                set.first { !known.contains($0) }.map { (example, unknown($0)) }
            }.first
        case .numbers(let numbers):
            return numbers.firstIndex { !$0.isFinite }.map {
                ($0, "has the number \(numbers[$0]), which nothing can be learned from")
            }
        }
    }

    /// Why nothing can be learned from them; nil where something can.
    ///
    /// - Parameter labels: The classifier's, by id.
    /// - Returns: What is wrong, for a message.
    func whyNotLearnable(labels: [String]) -> String? {
        let what = "there are \(counted(count, "example")) to train on"
        switch self {
        case _ where count == 0: return what + "; a classifier needs at least two"
        case .classes(let ids):
            guard let first = ids.first, Set(ids).count < 2 else { return nil }
            return what + ", all labelled \"\(labels[first])\"; a classifier needs at least two classes"
        case .labelSets(let sets):
            guard let first = sets.first, sets.allSatisfy({ Set($0) == Set(first) }) else { return nil }
            let names =
                first.isEmpty
                ? "without a label" : "labelled " + first.map { "\"\(labels[$0])\"" }.joined(separator: ", ")
            return what + ", all \(names); a classifier needs examples that differ"
        case .numbers(let numbers):
            guard let first = numbers.first, numbers.allSatisfy({ $0 == first }) else { return nil }
            return what + ", all with the number \(first); there is nothing to tell apart"
        }
    }
}

extension Trainer {
    /// Refuses examples of which one has a label that there is not, or a number that is none.
    static func requireSound(
        _ examples: EncodedExamples,
        _ purpose: String,
        for classifier: TextClassifier
    ) throws(TrainingError) {
        guard let fault = examples.targets?.firstFault(labelCount: classifier.labels.count) else { return }
        throw TrainingError(
            .badData,
            "\(purpose) example \(fault.example) \(fault.what); mend its row, or leave it out"
        )
    }
}
