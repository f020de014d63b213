import Classification
import Files
import Foundation
import JSON
import Models
import NN
import SwiftProtobuf
import TestSupport
import Testing
import Tokenization
import Torch

@testable import Export

/// Core ML's programs, computed by the definitions of MIL's operations.
struct CoreMLExportTests {
    /// The program of a tiny model, read from its message and its file of weights.
    private func program(_ fixture: ONNXFixture, _ type: MILType) throws -> MILInterpreter {
        var lowering = CoreMLLowering(try fixture.model.graph(), fixture.model.parameters, type)
        try lowering.run()
        return try withTemporaryFolder { folder in
            let url = folder.appending(path: "weight.bin")
            try lowering.builder.weights.write(to: url)
            let bytes = try [UInt8](Data(contentsOf: url))
            #expect(bytes.count == lowering.builder.weights.byteCount)
            return try MILInterpreter(lowering.programMessage, weights: bytes)
        }
    }

    /// The logits of texts, each computed alone with the padding of a batch.
    private func logits(_ program: MILInterpreter, _ inputs: [String: Numbers]) throws -> [Double] {
        let shape = try #require(inputs["input_ids"]?.shape)
        return try (0..<shape[0]).flatMap { row in
            try program.logits(inputs.mapValues { $0.sliced(0, row..<row + 1) })
        }
    }

    // 1e-5: the packed pass sums in float32, the program is computed in float64.
    @Test(arguments: ONNXFixture.names)
    func `a program has the logits of the packed forward pass for texts padded on either side`(
        name: String
    ) throws {
        let fixture = try ONNXFixture(name)
        let program = try program(fixture, .float32)
        for padsLeft in [false, true] {
            let logits = try logits(program, fixture.inputs(padsLeft: padsLeft))
            #expect(try ONNXFixture.difference(logits, fixture.packedLogits()) < 1e-5)
        }
    }

    // 2e-2: float16 has 11 significant bits, and errors of weights add up over the layers.
    @Test(arguments: ONNXExportTests.kinds)
    func `a program in float16 has float16 states and almost the same logits`(name: String) throws {
        let fixture = try ONNXFixture(name)
        let program = try program(fixture, .float16)
        for (name, constant) in program.constants {
            let isFinite = constant.values.allSatisfy { $0.isFinite }
            #expect(isFinite, "\(name)")
        }
        let products = program.operations.filter { ["linear", "matmul", "softmax"].contains($0.type) }
        #expect(!products.isEmpty)
        for product in products {
            #expect(product.outputs.map(\.type.tensorType.dataType) == [.float16], "\(product.type)")
        }
        let logits = try logits(program, fixture.inputs(padsLeft: true))
        #expect(try ONNXFixture.difference(logits, fixture.packedLogits()) < 2e-2)
    }

    @Test(arguments: ONNXFixture.names)
    func `names are identifiers and unique, and every result is used`(name: String) throws {
        let fixture = try ONNXFixture(name)
        var lowering = CoreMLLowering(try fixture.model.graph(), fixture.model.parameters, .float16)
        try lowering.run()
        let function = try #require(lowering.programMessage.functions["main"])
        let block = try #require(function.blockSpecializations[function.opset])
        let names = function.inputs.map(\.name) + block.operations.flatMap { $0.outputs.map(\.name) }
        #expect(Set(names).count == names.count)
        for name in names { #expect(name.wholeMatch(of: /[A-Za-z_][A-Za-z0-9_]*/) != nil, "\(name)") }
        let used = Set(
            block.operations.flatMap { $0.inputs.values.flatMap { $0.arguments.map(\.name) } } + block.outputs
        )
        for name in names { #expect(used.contains(name), "\(name)") }
        for operation in block.operations where operation.type == "const" {
            #expect(operation.inputs.isEmpty && operation.attributes["val"] != nil)
        }
    }

    @Test func `heads that share a key head are computed without copies of it`() throws {
        let operations = try program(ONNXFixture("llama-gqa"), .float32).operations
        #expect(!operations.contains { $0.type == "tile" && $0.outputs[0].name.contains("keys") })
        let scores = try #require(operations.first { $0.outputs[0].name.hasSuffix("_scores") })
        #expect(scores.outputs[0].type.tensorType.rank == 4)
    }
}

/// Packages as Core ML opens them.
struct CoreMLPackageTests {
    private func classifier() throws -> TextClassifier { try PairModel("bert").classifier }

    private func model(_ package: URL) throws -> CoreML_Specification_Model {
        let url = package.appending(path: "Data/com.apple.CoreML/model.mlmodel")
        return try CoreML_Specification_Model(serializedBytes: Data(contentsOf: url))
    }

    private func bytes(_ url: URL) throws -> [UInt8] { try [UInt8](Data(contentsOf: url)) }

    // 1e-5 as for programs.
    @Test func `a package has a manifest, a program, weights, and the classifier's other files`() throws {
        try withTemporaryFolder { folder in
            let classifier = try classifier()
            let package = folder.appending(path: "a.mlpackage", directoryHint: .isDirectory)
            let report = try CoreMLExport.write(classifier, to: package, dtype: .float32)
            #expect(report.files.allSatisfy { $0.bytes > 0 && $0.bytes == fileSize($0.url) })
            #expect(report.files.first?.url.lastPathComponent == "weight.bin")
            let names = Set(report.files.map(\.url.lastPathComponent))
            #expect(names.isSuperset(of: ["Manifest.json", "config.json", "tokenizer.json", "parity.json"]))
            let manifest = try JSONValue.parse(bytes(package.appending(path: "Manifest.json")))
            let entries = try #require(manifest["itemInfoEntries"].object)
            let root = try #require(manifest["rootModelIdentifier"].string)
            #expect(entries[root]["path"].string == "com.apple.CoreML/model.mlmodel")
            for entry in entries.members {
                let path = try #require(entry.value["path"].string)
                #expect(
                    FileManager.default.fileExists(
                        atPath: package.appending(path: "Data/\(path)").path(percentEncoded: false)
                    )
                )
            }
            let program = try MILInterpreter(
                model(package).mlProgram,
                weights: bytes(package.appending(path: "Data/com.apple.CoreML/weights/weight.bin"))
            )
            let encoded = classifier.encode(["The quick brown fox"]).encodings
            let ids = encoded.ids.map(Double.init)
            let logits = try program.logits([
                "input_ids": Numbers(ids, [1, ids.count]),
                "attention_mask": Numbers(ids.map { _ in 1 }, [1, ids.count]),
                "token_type_ids": Numbers(ids.map { _ in 0 }, [1, ids.count]),
            ])
            let expected = try classifier.logits(classifier.encode(["The quick brown fox"])).joined().map(
                Double.init
            )
            #expect(try ONNXFixture.difference(logits, expected) < 1e-5)
        }
    }

    @Test func `the description has the inputs, their lengths, the output and the labels`() throws {
        try withTemporaryFolder { folder in
            let classifier = try classifier()
            let package = folder.appending(path: "a.mlpackage", directoryHint: .isDirectory)
            let report = try CoreMLExport.write(classifier, to: package)
            let model = try model(package)
            #expect(model.specificationVersion == 7)
            let inputs = model.description_p.input
            #expect(inputs.map(\.name) == ["input_ids", "attention_mask", "token_type_ids"])
            let longest = try #require(classifier.lengthLimit ?? classifier.model.maxLength)
            for input in inputs {
                let array = input.type.multiArrayType
                #expect(array.dataType == .int32)
                #expect(array.shapeRange.sizeRanges.map(\.lowerBound) == [1, 1])
                #expect(array.shapeRange.sizeRanges.map(\.upperBound) == [1, Int64(longest)])
                #expect(array.shape == [1, Int64(min(longest, 128))])
            }
            let output = try #require(model.description_p.output.first)
            #expect(output.name == "logits" && output.type.multiArrayType.dataType == .float32)
            #expect(output.type.multiArrayType.shape == [1, Int64(classifier.labels.count)])
            let labels = try #require(model.description_p.metadata.userDefined["attune.labels"])
            #expect(
                try JSONValue.parse(Array(labels.utf8)) == .array(classifier.labels.map(JSONValue.string))
            )
            #expect(report.notes.contains { $0.contains("of at most") })
        }
    }

    @Test func `the same classifier gives the same bytes`() throws {
        try withTemporaryFolder { folder in
            let places = ["a", "b"].map {
                folder.appending(path: "\($0).mlpackage", directoryHint: .isDirectory)
            }
            let reports = try places.map { try CoreMLExport.write(classifier(), to: $0) }
            for (a, b) in try paired(reports[0].files.prefix(3), reports[1].files.prefix(3)) {
                #expect(try bytes(a.url) == bytes(b.url), "\(a.url.lastPathComponent)")
            }
        }
    }

    @Test
    func
        `a place that Core ML does not open, a full folder and other types are refused, and nothing is left`()
        throws
    {
        try withTemporaryFolder { folder in
            let classifier = try classifier()
            let package = folder.appending(path: "a.mlpackage", directoryHint: .isDirectory)
            #expect {
                try CoreMLExport.write(classifier, to: folder.appending(path: "model"))
            } throws: { "\($0)".contains("model.mlpackage") }
            #expect {
                try CoreMLExport.write(classifier, to: package, dtype: .bfloat16)
            } throws: { ($0 as? ExportError)?.code == .badOption }
            let weight = try #require(classifier.model.parameters.parameters.last)
            try weight.set(Tensor.full(1e6, weight.shape))
            #expect {
                try CoreMLExport.write(classifier, to: package)
            } throws: { "\($0)".contains(weight.name) && "\($0)".contains("float32") }
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false))
                    .isEmpty
            )
            _ = try CoreMLExport.write(classifier, to: package, dtype: .float32)
            #expect {
                try CoreMLExport.write(classifier, to: package, dtype: .float32)
            } throws: { ($0 as? FileError)?.code == .exists }
        }
    }
}
