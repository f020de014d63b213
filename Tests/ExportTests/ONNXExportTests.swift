import Foundation
import Models
import NN
import TestSupport
import Testing
import Torch

@testable import Export

/// ONNX files, computed by the definitions of ONNX's operators.
struct ONNXExportTests {
    // 1e-5: the packed pass sums in float32, the file is computed in float64.
    @Test(arguments: ONNXFixture.names)
    func `a file has the logits of the packed forward pass for texts padded on either side`(
        name: String
    ) throws {
        let fixture = try ONNXFixture(name)
        let file = try fixture.exported(ONNXOptions())
        let expected = try fixture.packedLogits()
        for padsLeft in [false, true] {
            let logits = try file.logits(fixture.inputs(padsLeft: padsLeft))
            #expect(try ONNXFixture.difference(logits.values, expected) < 1e-5)
        }
    }

    /// A model of each kind of attention, norm and activation.
    static let kinds = [
        "bert-gelu", "deberta-v2-conv", "modernbert-mean", "llama-gqa", "phi3-partial", "gpt2-plain",
        "gemma2-caps",
        "gpt-neox-parallel", "qwen3-bias",
    ]

    // 1e-5 as above.
    @Test(arguments: kinds, [17, 18, 21])
    func `all versions of the operators give the same logits`(name: String, opset: Int) throws {
        let fixture = try ONNXFixture(name)
        let file = try fixture.exported(ONNXOptions(opset: opset))
        #expect(file.model.opsetImport.map(\.version) == [Int64(opset)])
        #expect(opset >= 20 || !file.model.graph.node.contains { $0.opType == "Gelu" })
        let logits = try file.logits(fixture.inputs(padsLeft: true))
        #expect(try ONNXFixture.difference(logits.values, fixture.packedLogits()) < 1e-5)
    }

    // 1e-5 as above; the tanh approximation of `FastGelu` is that of the model.
    @Test(arguments: kinds)
    func `ONNX Runtime's own operators give the same logits, and are used only on demand`(name: String) throws
    {
        let fixture = try ONNXFixture(name)
        let plain = try fixture.exported(ONNXOptions())
        #expect(plain.model.graph.node.allSatisfy { $0.domain.isEmpty })
        let file = try fixture.exported(ONNXOptions(usesContribOperators: true))
        #expect(file.model.opsetImport.map(\.domain) == ["", "com.microsoft"])
        #expect(file.model.graph.node.contains { $0.domain == "com.microsoft" })
        let logits = try file.logits(fixture.inputs(padsLeft: true))
        #expect(try ONNXFixture.difference(logits.values, fixture.packedLogits()) < 1e-5)
    }

    @Test func `attention, rotary positions and residual sums become single operators`() throws {
        func operations(_ name: String) throws -> Set<String> {
            let file = try ONNXFixture(name).exported(ONNXOptions(usesContribOperators: true))
            return Set(file.model.graph.node.map(\.opType))
        }
        let bert: Set = ["MultiHeadAttention", "SkipLayerNormalization", "Gelu"]
        #expect(try bert.isSubset(of: operations("bert-gelu")))
        let llama: Set = [
            "MultiHeadAttention", "RotaryEmbedding", "SkipSimplifiedLayerNormalization", "QuickGelu",
        ]
        #expect(try llama.isSubset(of: operations("llama-mha")))
    }

    // 2e-2: float16 has 11 significant bits, and errors of weights add up over the layers.
    @Test(arguments: kinds)
    func `a file in float16 has weights of two bytes and almost the same logits`(name: String) throws {
        let fixture = try ONNXFixture(name)
        let file = try fixture.exported(ONNXOptions(precision: .float16))
        for tensor in file.model.graph.initializer where fixture.model.parameters[tensor.name] != nil {
            #expect(tensor.dataType == ONNXType.float16.rawValue, "\(tensor.name)")
        }
        for tensor in file.model.graph.initializer {
            #expect(try file.stored(tensor.name).values.allSatisfy(\.isFinite), "\(tensor.name)")
        }
        let output = try #require(file.model.graph.output.first)
        #expect(output.type.tensorType.elemType == ONNXType.float32.rawValue)
        let logits = try file.logits(fixture.inputs(padsLeft: true))
        #expect(try ONNXFixture.difference(logits.values, fixture.packedLogits()) < 2e-2)
    }

    // ONNX Runtime 1.31 crashes when it folds such nodes of DeBERTa in float16.
    @Test(arguments: ["deberta-v3", "deberta-v2-c2p", "deberta-v2-conv"], [false, true])
    func `a file in float16 computes in float32 whatever depends only on weights`(
        name: String,
        usesContribOperators: Bool
    ) throws {
        let options = ONNXOptions(precision: .float16, usesContribOperators: usesContribOperators)
        let graph = try ONNXFixture(name).exported(options).model.graph
        let halves = Set(
            graph.initializer.filter { $0.dataType == ONNXType.float16.rawValue }.map(\.name)
        )
        var constants = Set(graph.initializer.map(\.name))
        var count = 0
        for node in graph.node where !node.input.isEmpty && node.input.allSatisfy(constants.contains) {
            constants.formUnion(node.output)
            guard node.opType != "Cast" else { continue }
            count += 1
            #expect(!node.input.contains(where: halves.contains), "\(node.name)")
        }
        #expect(count > 0)
    }

    @Test(arguments: ONNXFixture.names)
    func `names are unique and those of the checkpoint, and every weight is stored once`(name: String) throws
    {
        let fixture = try ONNXFixture(name)
        let graph = try fixture.exported(ONNXOptions()).model.graph
        let outputs = graph.node.flatMap(\.output) + graph.initializer.map(\.name) + graph.input.map(\.name)
        #expect(Set(outputs).count == outputs.count)
        #expect(Set(graph.node.map(\.name)).count == graph.node.count)
        let weights = try fixture.model.graph().weights
        let stored = Set(graph.initializer.map(\.name))
        for weight in weights { #expect(stored.contains(weight), "\(weight)") }
        let bytes = graph.initializer.filter { fixture.model.parameters[$0.name] != nil }
            .reduce(0) { $0 + $1.rawData.count }
        let elements = weights.reduce(0) { sum, weight in
            sum + (fixture.model.parameters[weight]?.shape.reduce(1, *) ?? 0)
        }
        #expect(bytes == 4 * elements)
        let used = Set(graph.node.flatMap(\.input) + graph.output.map(\.name))
        for tensor in graph.initializer { #expect(used.contains(tensor.name), "\(tensor.name) is not used") }
        for output in graph.node.flatMap(\.output) { #expect(used.contains(output), "\(output) is not used") }
    }

    // 1e-5 as above.
    @Test func `weights in a second file begin at pages and give the same logits`() throws {
        try withTemporaryFolder { folder in
            let fixture = try ONNXFixture("llama-gqa")
            let (url, data) = (
                folder.appending(path: "model.onnx"), folder.appending(path: "model.onnx_data")
            )
            try fixture.write(to: url, ONNXOptions(), data: data)
            let file = try ONNXInterpreter(url)
            let outside = file.model.graph.initializer.filter { $0.dataLocation == .external }
            #expect(!outside.isEmpty && outside.allSatisfy { $0.rawData.isEmpty })
            let logits = try file.logits(fixture.inputs(padsLeft: false))
            #expect(try ONNXFixture.difference(logits.values, fixture.packedLogits()) < 1e-5)
        }
    }

    @Test func `a version that cannot be written is refused with the possible ones`() {
        for opset in [16, 22] {
            #expect {
                try ONNXOptions(opset: opset).check()
            } throws: { error in
                (error as? ExportError)?.code == .badOption && "\(error)".contains("17 to 21")
            }
        }
    }

    @Test func `a weight that float16 cannot hold is named`() throws {
        let fixture = try ONNXFixture("bert-gelu")
        let weight = try #require(fixture.model.parameters.parameters.last)
        try weight.set(Tensor.full(1e6, weight.shape))
        #expect {
            try fixture.exported(ONNXOptions(precision: .float16))
        } throws: { "\($0)".contains(weight.name) && "\($0)".contains("float32") }
    }
}
