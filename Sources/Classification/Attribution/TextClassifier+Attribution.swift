import Files
import Models
import NN
import Tokenization
public import Torch

extension TextClassifier {
    /// Computes how much each token of a text adds to the logit of a label: one forward and one backward pass.
    ///
    /// The weights may be frozen or quantized, because the gradient is with respect to the embeddings. Products are in float32,
    /// or in the weights' type if narrower. The gradients of the weights do not change.
    ///
    /// - Parameters:
    ///   - text: The text, truncated or read in windows as by ``encode(_:targets:)-([String],_)``.
    ///   - label: The label's id; nil takes the one with the highest logit, which costs another forward pass.
    /// - Returns: The tokens with their scores. All scores are NaN if the model computes non-finite numbers.
    /// - Throws: `.indexOutOfRange` for an unknown label; `.outOfMemory`.
    public func attribution(of text: String, label: Int? = nil) throws(TorchError) -> Attribution {
        if let label, !labels.indices.contains(label) {
            throw TorchError(
                code: .indexOutOfRange,
                operation: "attribution",
                message: "there is no label \(label); the model has \(counted(labels.count, "label")), from 0"
            )
        }
        var encodings = tokenizer.encodeBatch(
            [text],
            maxLength: lengthLimit,
            longText: settings.longText,
            withOffsets: true
        )
        if !tokenizer.givesTokenTypes { encodings.typeIDs = [] }
        let encoded = examples(encodings)
        let label = if let label { label } else { try highestLogit(of: encoded) }
        let windows = EncodedExamples(encodings: encoded.encodings.asSequences)
        var (logit, scores) = (0.0, [Double]())
        for range in windows.batches(of: nil) {
            let padTokenID = model.configuration.padTokenID
            let batch = try windows.batch(range, padTokenID: padTokenID, device: model.device)
            let part = try gradientTimesInput(batch, label: label)
            logit += part.logit
            scores += part.scores
        }
        // The text's logit is the mean over its windows.
        let share = 1 / Double(windows.count)
        return Attribution(
            label: label,
            logit: logit * share,
            tokens: tokens(encoded.encodings, of: text, scores: scores.map { $0 * share }),
            isTruncated: encodings.truncatedCount > 0
        )
    }

    private func highestLogit(of examples: EncodedExamples) throws(TorchError) -> Int {
        let row = try logits(examples).first ?? []
        return row.indices.max { row[$0] < row[$1] } ?? 0
    }

    /// The most tokens of a batch whose intermediates are all kept for the backward pass, to save time.
    private static let mostKeptTokens = 1024

    /// The sum of a label's logits over a batch, and the score of each token `[T]`.
    private func gradientTimesInput(
        _ batch: PackedBatch,
        label: Int
    ) throws(TorchError) -> (logit: Double, scores: [Double]) {
        // The backward pass would add to the gradients of weights that are being trained.
        let trained = model.parameters.parameters.filter { $0.value.requiresGradient }
        for parameter in trained { try parameter.value.setRequiresGradient(false) }
        defer { for parameter in trained { try? parameter.value.setRequiresGradient(true) } }
        var inputs: Tensor?
        var context = ForwardContext()
        context.checkpointsBlocks = batch.ids.count > Self.mostKeptTokens
        context.replaceEmbeddings = { embeddings throws(TorchError) in
            let leaf = try embeddings.detached()
            try leaf.setRequiresGradient(true)
            inputs = leaf
            return leaf
        }
        let logit = try model.logits(batch, context).narrowed(1, to: label..<label + 1).sum()
        try logit.backward()
        guard let inputs, let gradient = try inputs.gradient() else {
            throw TorchError(operation: "attribution", message: "the logit does not depend on the embeddings")
        }
        let scores = try (inputs.detached() * gradient).sum(along: 1)
        return (try logit.item(), try scores.array(of: Double.self))
    }

    /// Joins the scores with the parts of the text.
    private func tokens(
        _ encodings: PackedEncodings,
        of text: String,
        scores: [Double]
    ) -> [Attribution.Token] {
        let bytes = Array(text.utf8)
        // A token of spaces may cover no text either, because some tokenizers trim its span.
        let added = Set(tokenizer.encode("").ids)
        return zip(encodings.ids.indices, scores).map { index, score in
            // A text without tokens is read as one padding token, without a span.
            let range = encodings.spans.isEmpty ? 0..<0 : encodings.spans[index].range
            let id = encodings.ids[index]
            let isSpecial = range.isEmpty && (encodings.spans.isEmpty || added.contains(id))
            return Attribution.Token(
                text: isSpecial
                    ? tokenizer.token(for: id) ?? "\(id)" : String(decoding: bytes[range], as: UTF8.self),
                start: range.isEmpty ? 0 : range.lowerBound,
                end: range.isEmpty ? 0 : range.upperBound,
                isSpecial: isSpecial,
                score: score
            )
        }
    }
}
