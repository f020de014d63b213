package import Classification
package import Evaluation
import Files
import NN
import Tokenization
package import Training

extension ScoredRows {
    /// The rows of an evaluation that kept its logits.
    ///
    /// - Parameters:
    ///   - record: The evaluation.
    ///   - labels: The label names by id.
    ///   - examples: The evaluated examples, with targets.
    ///   - inputs: Their texts.
    package init?(
        _ record: EvaluationRecord,
        labels: [String],
        _ examples: EncodedExamples,
        _ inputs: TextInputs
    ) {
        guard let logits = record.logits, let targets = examples.targets else { return nil }
        let cut = examples.encodings.isTruncated
        self.init(
            labels: labels,
            logits: logits,
            truth: Truth(targets),
            tokenCounts: (0..<examples.count).map(examples.length),
            isTruncated: cut.isEmpty ? Array(repeating: false, count: examples.count) : cut,
            textHashes: inputs.hashes
        )
    }
}

extension TextInputs {
    /// The first 16 hexadecimal digits of the SHA-256 of each text; of a pair, of both texts with a zero byte between them.
    package var hashes: [String] {
        func hash(_ bytes: some Sequence<UInt8>) -> String {
            String(SHA256.hexadecimalDigest(of: bytes).prefix(16))
        }
        return switch self {
        case .texts(let texts): texts.map { hash($0.utf8) }
        case .pairs(let pairs): pairs.map { hash(Array($0.0.utf8) + [0] + Array($0.1.utf8)) }
        }
    }
}
