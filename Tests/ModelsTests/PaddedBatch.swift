import Models
import TestSupport
import Torch

/// Texts of different lengths as rows of one length.
struct PaddedBatch {
    enum Side: CaseIterable {
        case left, right
    }

    private let rows: [Graph.Input: [[Double]]]
    private let length: Int

    /// Pads texts with any id, because the attention mask marks padding.
    init(_ texts: [(ids: [Int32], typeIDs: [Int32]?)], _ side: Side, paddingID: Int32 = 3) {
        let length = texts.map(\.ids.count).max() ?? 0
        func padded(_ values: [Int32], _ padding: Int32) -> [Double] {
            let rest = [Int32](repeating: padding, count: length - values.count)
            return (side == .left ? rest + values : values + rest).map(Double.init)
        }
        rows = [
            .inputIDs: texts.map { padded($0.ids, paddingID) },
            .attentionMask: texts.map { padded($0.ids.map { _ in 1 }, 0) },
            .tokenTypeIDs: texts.map { padded($0.typeIDs ?? $0.ids.map { _ in 0 }, 0) },
        ]
        self.length = length
    }

    /// An input, `[B, S]`, float64.
    func tensor(_ input: Graph.Input) throws -> Tensor {
        guard let rows = rows[input] else { throw FixtureError("there is no input \(input.rawValue)") }
        return try Tensor(rows.flatMap { $0 }, shape: [rows.count, length])
    }

    func size(_ dimension: Graph.Dimension) -> Int {
        switch dimension {
        case .batch: rows[.inputIDs]?.count ?? 0
        case .sequence: length
        case .fixed(let size): size
        }
    }
}
