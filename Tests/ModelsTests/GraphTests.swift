import Checkpoints
import Models
import NN
import TestSupport
import Testing
import Torch

/// The description of every family as a graph of operations.
struct GraphTests {
    /// The difference of a graph's logits to those of the packed forward pass, relative to the largest.
    private func difference(
        _ reference: ReferenceModel,
        _ texts: [(ids: [Int32], typeIDs: [Int32]?)],
        _ side: PaddedBatch.Side,
        takesTokenTypes: Bool? = nil
    ) throws -> Double {
        let graph = try reference.model.graph(takesTokenTypes: takesTokenTypes)
        let interpreter = GraphInterpreter(graph: graph, parameters: reference.model.parameters)
        let logits = try interpreter.output(PaddedBatch(texts, side))
        return try ModelsTests.difference(logits, reference.model.logits(reference.batch(texts)))
    }

    // 1e-5: the packed pass sums in float32.
    @Test(arguments: FamilyTests.variants, PaddedBatch.Side.allCases)
    func `a graph has the logits of the packed forward pass for texts of mixed lengths`(
        name: String,
        side: PaddedBatch.Side
    ) throws {
        let reference = try ReferenceModel(name)
        let texts = try reference.texts()
        #expect(Set(texts.map(\.ids.count)).count > 1)
        #expect(try difference(reference, texts, side) < 1e-5)
    }

    // 1e-5 as above.
    @Test(arguments: [
        "llama-dynamic", "phi3-longrope", "modernbert-mean", "deberta-v2-conv", "roberta-plain",
    ])
    func `a text alone needs no padding`(name: String) throws {
        let reference = try ReferenceModel(name)
        for text in try reference.texts() {
            #expect(try difference(reference, [text], .right) < 1e-5, "\(text.ids.count) tokens")
        }
    }

    // 1e-5 as above. The padding token of these models is 0.
    @Test(arguments: ["llama-gqa", "gpt2-plain", "gemma2-caps"], PaddedBatch.Side.allCases)
    func `the last token is the last that is not the padding token, or the first if all are`(
        name: String,
        side: PaddedBatch.Side
    ) throws {
        let reference = try ReferenceModel(name)
        #expect(reference.model.configuration.padTokenID == 0)
        let ids: [[Int32]] = [[5, 6, 0, 0], [0, 0, 0], [7, 0, 8, 9, 11, 4], [0, 5]]
        #expect(try difference(reference, ids.map { (ids: $0, typeIDs: nil) }, side) < 1e-5)
    }

    // 1e-5 as above.
    @Test(arguments: ["roberta-plain", "xlm-roberta-odd"], PaddedBatch.Side.allCases)
    func `padding tokens within a text of RoBERTa do not count as positions`(
        name: String,
        side: PaddedBatch.Side
    ) throws {
        let reference = try ReferenceModel(name)
        let padding = try #require(reference.model.configuration.padTokenID)
        let ids: [[Int32]] = [[5, padding, 6, 7], [5, 6, padding, padding, 8, 9, padding]]
        #expect(try difference(reference, ids.map { (ids: $0, typeIDs: nil) }, side) < 1e-5)
    }

    // 1e-5 as above.
    @Test(arguments: PaddedBatch.Side.allCases)
    func `GPT-2 takes token types if asked to`(side: PaddedBatch.Side) throws {
        let reference = try ReferenceModel("gpt2-plain")
        let texts = try reference.texts().map { text -> (ids: [Int32], typeIDs: [Int32]?) in
            (text.ids, text.ids.indices.map { Int32($0 % 7) })
        }
        let graph = try reference.model.graph()
        #expect(!graph.inputs.contains(.tokenTypeIDs))
        #expect(try difference(reference, texts, side, takesTokenTypes: true) < 1e-5)
    }

    @Test(arguments: FamilyTests.variants)
    func `every node is used and has a unique name, and every weight is the model's`(
        name: String
    ) throws {
        let model = try ReferenceModel(name).model
        let graph = try model.graph()
        let used = Set(graph.nodes.flatMap(\.inputs)).union([graph.output])
        for (index, node) in graph.nodes.enumerated() {
            #expect(used.contains { $0.index == index }, "\(node.name)")
            #expect(node.inputs.allSatisfy { $0.index < index }, "\(node.name)")
        }
        #expect(Set(graph.nodes.map(\.name)).count == graph.nodes.count)
        #expect(graph[graph.output].name == Graph.outputName)
        #expect(graph[graph.output].shape == [.batch, .fixed(model.labels.count)])
        #expect(Set(graph.weights).count == graph.weights.count)
        for weight in graph.weights { #expect(model.parameters[weight] != nil, "\(weight)") }
        let inputs: Set<Graph.Input> = [.inputIDs, .attentionMask]
        #expect(inputs.isSubset(of: graph.inputs))
    }

    @Test func `all layers share the mask and the rotary angles`() throws {
        let graph = try ReferenceModel("llama-gqa").model.graph()
        let attentions = graph.nodes.filter { if case .attention = $0.operation { true } else { false } }
        #expect(attentions.count > 1)
        #expect(Set(attentions.map { $0.inputs[3] }).count == 1)
        #expect(attentions.allSatisfy { !$0.needsFloat32 })
        let cosines = graph.nodes.filter { if case .map(.cos) = $0.operation { true } else { false } }
        #expect(cosines.map(\.needsFloat32) == [true])
    }

    @Test func `a model with an adapter has no graph until it is merged`() throws {
        let name = try #require(ReferenceAdapter.cases.first)
        let model = try ReferenceAdapter(name).model
        #expect {
            try model.graph()
        } throws: { "\($0)".contains("attune adapter merge") }
    }

    @Test func `a quantized model has no graph`() throws {
        var options = SequenceClassifier.LoadOptions()
        options.frozenStorage = .quantized(.nf4, isDouble: false)
        let (model, _) = try ReferenceModel.load("llama-gqa", options: options)
        #expect {
            try model.graph()
        } throws: { "\($0)".contains("is quantized") }
    }
}

/// The collection of a graph's nodes.
struct GraphBuilderTests {
    @Test func `an equal computation is one node`() throws {
        var g = GraphBuilder()
        let mask = try g(.input(.attentionMask))
        let sums = try g(.cumulativeSum(axis: 1), mask)
        let again = try g(.cumulativeSum(axis: 1), mask, label: "other")
        let others = try g(.cumulativeSum(axis: 0), mask)
        #expect(sums == again && sums != others)
    }

    @Test func `names have the scopes as prefixes, and a number if they repeat`() throws {
        var g = GraphBuilder()
        let table = g.weight("table.weight", shape: [5, 4])
        let ids = try g(.input(.inputIDs))
        let x = try g.scoped("layer.0") { g throws(ModelError) in try g(.lookup, table, ids) }
        let y = try g.scoped("layer.0") { g throws(ModelError) in try g(.map(.tanh), x, label: "lookup") }
        let graph = g.graph(output: y)
        #expect(graph.nodes.map(\.name) == ["table.weight", "input_ids", "layer.0.lookup", "logits"])
        let name = g[y].name
        #expect(name == "layer.0.lookup_2")
        #expect(graph[x].shape == [.batch, .sequence, .fixed(4)])
    }

    @Test(arguments: [
        Graph.Operation.matmul(transposesSecond: false), .binary(.add), .concat(axis: 0), .gather(axis: 0),
        .reshape([.batch]), .rotary(heads: 2), .layerNorm(epsilon: 1e-5),
    ])
    func `an operation on unsuitable shapes is refused with the shapes`(operation: Graph.Operation) throws {
        #expect {
            var g = GraphBuilder()
            let (a, b) = (g.weight("a", shape: [2, 3]), g.weight("b", shape: [4, 5]))
            _ = try g(operation, a, b)
        } throws: { "\($0)".contains("float [2, 3], float [4, 5]") }
    }
}
