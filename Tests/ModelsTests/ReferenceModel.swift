import Checkpoints
import Foundation
import JSON
import Models
import NN
import TestSupport
import Testing
import Torch

/// A tiny random model written by transformers, with its results.
struct ReferenceModel {
    let model: SequenceClassifier
    let report: LoadReport
    let expected: SafetensorsFile
    let folder: URL

    init(_ name: String) throws {
        folder = Fixture.folder.appending(path: "models/\(name)")
        (model, report) = try Self.load(name)
        expected = try SafetensorsFile(contentsOf: folder.appending(path: "expected.safetensors"))
    }

    static func configuration(_ name: String) throws -> ModelConfiguration {
        try ModelConfiguration(
            parsing: Data(contentsOf: Fixture.folder.appending(path: "models/\(name)/config.json")),
            source: name
        )
    }

    static func load(
        _ name: String,
        options: SequenceClassifier.LoadOptions = .init()
    ) throws -> (SequenceClassifier, LoadReport) {
        try SequenceClassifier.load(
            openCheckpoint(folder: Fixture.folder.appending(path: "models/\(name)")),
            configuration: configuration(name),
            options: options,
            random: RandomSource(seed: 0)
        )
    }

    /// The inputs that transformers got: ids and, if any, type ids.
    func texts() throws -> [(ids: [Int32], typeIDs: [Int32]?)] {
        let ids = try expected.tensor("ids").array(of: Int32.self)
        let bounds = try expected.tensor("cu_seqlens").array(of: Int32.self)
        let types =
            try expected.info("type_ids") == nil ? nil : expected.tensor("type_ids").array(of: Int32.self)
        return zip(bounds, bounds.dropFirst()).map { start, end in
            let range = Int(start)..<Int(end)
            return (Array(ids[range]), types.map { Array($0[range]) })
        }
    }

    func batch(_ texts: [(ids: [Int32], typeIDs: [Int32]?)]) throws -> PackedBatch {
        try PackedBatch(
            ids: texts.flatMap(\.ids),
            cuSeqlens: texts.reduce(into: [0]) { $0.append($0[$0.count - 1] + Int32($1.ids.count)) },
            typeIDs: texts[0].typeIDs == nil ? nil : texts.flatMap { $0.typeIDs ?? [] },
            padTokenID: model.configuration.padTokenID
        )
    }

    func logits(_ texts: [(ids: [Int32], typeIDs: [Int32]?)]) throws -> [Double] {
        try model.logits(batch(texts)).array()
    }

    /// The mean loss of a problem type, as in transformers.
    static func meanLoss(
        _ logits: Tensor,
        _ labels: Tensor,
        _ problemType: ProblemType
    ) throws -> Tensor {
        let count = logits.shape[0]
        switch problemType {
        case .singleLabel:
            let ids = try labels.array(of: Int64.self).map(Int.init)
            return try CrossEntropy()(logits, labels: ids) * (1 / Double(count))
        case .multiLabel:
            // -y·log σ(x) - (1 - y)·log(1 - σ(x)) = log(1 + eˣ) - y·x
            let softplus = try (logits.map(.exp) + 1).map(.log)
            return try (softplus - logits * labels).mean()
        case .regression:
            let error = try logits - labels.reshaped([count, 1])
            return try (error * error).mean()
        }
    }
}

/// The largest difference relative to the largest value, or to 0.01 if that is larger.
///
/// Some gradients are zero in exact arithmetic: a key's bias adds the same to every score of a row, which softmax cancels.
/// In transformers they are rounding errors of at most 4e-7 (Scripts/fixtures/models/rounding.py), so only an absolute bound,
/// 1e-4 of 0.01, makes sense.
func difference(_ a: Tensor, _ b: Tensor) throws -> Double {
    let (x, y) = (try a.array(of: Double.self), try b.array(of: Double.self))
    let pairs = try paired(x, y)
    let scale = max(y.map(abs).max() ?? 0, 0.01)
    return try #require(pairs.map { abs($0 - $1) }.max()) / scale
}
