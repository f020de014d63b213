import Files
import NN
import Tokenization

extension EncodedExamples {
    /// A fingerprint of these ids and targets, the same in every process.
    package var fingerprint: String {
        var hash = Fingerprint()
        hash.add(encodings.ids)
        hash.add(encodings.cuSeqlens)
        hash.add(encodings.typeIDs)
        switch targets {
        case .classes(let ids): hash.add(ids)
        case .labelSets(let sets): for set in sets { hash.add(set) }
        case .numbers(let numbers): hash.add(numbers.map { Int64(bitPattern: $0.bitPattern) })
        case nil: break
        }
        return hash.text
    }
}
