import NN

extension Targets {
    /// Why nothing can be learned from them; nil where something can.
    ///
    /// - Parameter labels: The classifier's, by id.
    /// - Returns: What is wrong, for a message.
    func whyNotLearnable(labels: [String]) -> String? {
        let what = "there are \(count) examples to train on"
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
