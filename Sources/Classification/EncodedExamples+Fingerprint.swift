import Files
import NN
import Tokenization

extension EncodedExamples {
    /// A fingerprint of these ids and targets, the same in every process; of taught targets without the teacher's logits.
    package var fingerprint: String {
        var hash = Fingerprint()
        hash.add(encodings.ids)
        hash.add(encodings.cuSeqlens)
        hash.add(encodings.typeIDs)
        if let targets { hash.add(targets) }
        return hash.text
    }

    /// A fingerprint of the teacher's logits; nil without a teacher.
    package var teacherFingerprint: String? {
        guard case .taught(let taught) = targets else { return nil }
        var hash = Fingerprint()
        hash.add(taught.logits.map(\.bitPattern))
        return hash.text
    }
}

extension Fingerprint {
    fileprivate mutating func add(_ targets: Targets) {
        switch targets {
        case .classes(let ids): add(ids)
        case .labelSets(let sets): for set in sets { add(set) }
        case .numbers(let numbers): add(numbers.map { Int64(bitPattern: $0.bitPattern) })
        case .taught(let taught):
            add(taught.labels)
            add(taught.isLabelled.map { $0 ? 1 : 0 })
        }
    }
}
