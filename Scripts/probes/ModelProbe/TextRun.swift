import Checkpoints
import Foundation
import Models
import NN
import Torch

/// Packed texts from a safetensors file: `ids`, `cu_seqlens` and optionally `type_ids`.
struct Texts {
    let ids: [Int32]
    let typeIDs: [Int32]?
    let cuSeqlens: [Int32]

    init(_ url: URL) throws {
        let file = try SafetensorsFile(contentsOf: url)
        ids = try file.tensor("ids").array(of: Int32.self)
        cuSeqlens = try file.tensor("cu_seqlens").array(of: Int32.self)
        typeIDs =
            file.tensorNames.contains("type_ids") ? try file.tensor("type_ids").array(of: Int32.self) : nil
    }

    /// Returns the texts of `range` as a batch.
    func batch(_ range: Range<Int>, for model: SequenceClassifier) throws -> PackedBatch {
        let (start, end) = (cuSeqlens[range.lowerBound], cuSeqlens[range.upperBound])
        return try PackedBatch(
            ids: Array(ids[Int(start)..<Int(end)]),
            cuSeqlens: cuSeqlens[range.lowerBound...range.upperBound].map { $0 - start },
            typeIDs: typeIDs.map { Array($0[Int(start)..<Int(end)]) },
            padTokenID: model.configuration.padTokenID
        )
    }
}

/// A model and texts to run through it.
struct TextRun {
    let model: SequenceClassifier
    let texts: Texts
    /// The number of texts in a batch.
    var batchSize = 8

    init(model: SequenceClassifier, texts: Texts) {
        self.model = model
        self.texts = texts
    }

    init(model path: String, texts url: URL) throws {
        self.init(model: try ModelProbe.open(URL(filePath: path)).model, texts: try Texts(url))
    }

    /// The logits of all texts, `[B, K]`.
    func logits() throws -> Tensor {
        try inBatches { try model.logits($0) }
    }

    /// Writes `logits`, and `hidden` `[T, H]`, the last layer's hidden states of every token.
    func write(to url: URL) throws {
        let hidden = try inBatches { try model.hiddenStates($0) }
        try writeSafetensors([("logits", logits()), ("hidden", hidden)], to: url)
    }

    private func inBatches(_ body: (PackedBatch) throws -> Tensor) throws -> Tensor {
        let count = texts.cuSeqlens.count - 1
        let parts = try stride(from: 0, to: count, by: batchSize).map { start in
            try withNoGradient { try body(texts.batch(start..<min(count, start + batchSize), for: model)) }
        }
        return try Tensor.concatenated(parts)
    }
}
