import Checkpoints
import Models
import NN
import TestSupport
import Testing
import Torch

/// Gradients with respect to token embeddings, for every family.
struct EmbeddingGradientTests {
    // 1e-4 as for the weights' gradients (FamilyTests). A row of the table gets the sum over the token's places.
    // ModernBERT's rows are replaced after their norm, so that they have other gradients (AttributionFixtureTests).
    @Test(arguments: FamilyTests.variants.filter { !$0.hasPrefix("modernbert") })
    func `gradients of replaced embeddings add up to transformers' gradient of the table`(
        name: String
    ) throws {
        let reference = try ReferenceModel(name)
        let (model, expected) = (reference.model, reference.expected)
        let batch = try reference.batch(reference.texts())
        var inputs: Tensor?
        var context = ForwardContext()
        context.replaceEmbeddings = { embeddings throws(TorchError) in
            let leaf = try embeddings.detached()
            try leaf.setRequiresGradient(true)
            inputs = leaf
            return leaf
        }
        let logits = try model.logits(batch, context)
        try ReferenceModel.meanLoss(logits, expected.tensor("labels"), model.problemType).backward()
        let gradient = try #require(try inputs?.gradient())
        let table = try #require(model.parameters.parameters.first { $0.role == .embedding })
        let width = table.shape[1]
        let theirs = try expected.tensor("gradient." + table.name).array(of: Double.self)
        var ours = [Double](repeating: 0, count: theirs.count)
        let rows = try gradient.array(of: Double.self)
        for (place, id) in try batch.ids.array(of: Int64.self).map(Int.init).enumerated() {
            for column in 0..<width { ours[id * width + column] += rows[place * width + column] }
        }
        // The row of padding is not trained.
        let ids = try Set(batch.ids.array(of: Int64.self).map(Int.init))
        let scale = max(theirs.map(abs).max() ?? 0, 0.01)
        var compared = 0
        for id in ids where id != model.configuration.padTokenID.map(Int.init) {
            let range = id * width..<(id + 1) * width
            for (a, b) in try paired(ours[range], theirs[range]) {
                #expect(abs(a - b) < 1e-4 * scale, "\(id)")
            }
            compared += 1
        }
        #expect(compared > 1)
    }
}
