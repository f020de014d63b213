import Classification
import Foundation
import JSON
import Models
import NN
import SwiftProtobuf
import TestSupport
import Testing
import Torch

@testable import Export

/// Folders with ONNX files, as Optimum and transformers.js load them.
struct ONNXFolderTests {
    private func classifier() throws -> TextClassifier {
        let folder = Fixture.folder.appending(path: "pairs/bert").path(percentEncoded: false)
        return try TextClassifier.load(folder).classifier
    }

    private func metadata(_ folder: URL, _ name: String) throws -> [String: String] {
        let model = try Onnx_ModelProto(
            serializedBytes: Data(contentsOf: folder.appending(path: "onnx/\(name)"))
        )
        return Dictionary(uniqueKeysWithValues: model.metadataProps.map { ($0.key, $0.value) })
    }

    @Test func `a folder has one file per precision under the names of transformers.js`() throws {
        try withTemporaryFolder { folder in
            let classifier = try classifier()
            var sizes: [String: Int] = [:]
            for precision in ONNXPrecision.allCases {
                let report = try ONNXExport.write(classifier, to: folder, ONNXOptions(precision: precision))
                let (url, bytes) = try #require(report.files.first)
                #expect(url.lastPathComponent == precision.fileName)
                #expect(try Data(contentsOf: url).count == bytes)
                sizes[precision.fileName] = bytes
                #expect(report.files.allSatisfy { $0.bytes == fileSize($0.url) })
                #expect(report.format == .onnx && report.notes[0].contains("opset 20"))
            }
            let present = try FileManager.default.contentsOfDirectory(
                atPath: folder.appending(path: "onnx").path(percentEncoded: false)
            )
            #expect(Set(present) == Set(sizes.keys))
            for name in ["config.json", "tokenizer.json", ParityRecord.fileName] {
                #expect(fileSize(folder.appending(path: name)) != nil, "\(name)")
            }
        }
    }

    @Test func `metadata has labels and decisions`() throws {
        try withTemporaryFolder { folder in
            let classifier = try classifier()
            let text = """
                {"version": 1, "problem_type": "\(classifier.problemType.rawValue)", "temperature": 1.5,
                 "labels": \(JSONValue.array(classifier.labels.map(JSONValue.string)).compact)}
                """
            classifier.decisions = try Decisions(parsing: Array(text.utf8), path: Decisions.fileName)
            let report = try ONNXExport.write(classifier, to: folder)
            #expect(report.notes.contains { $0.contains("temperature") })
            let entries = try metadata(folder, "model.onnx")
            let labels = try JSONValue.parse(Array((entries["attune.labels"] ?? "").utf8)).strings()
            #expect(labels == classifier.labels)
            #expect(entries["attune.temperature"] == "1.5")
            #expect(entries["attune.problem_type"] == classifier.problemType.rawValue)
            #expect(entries["attune.version"]?.isEmpty == false)
        }
    }

    @Test func `a second file is announced to transformers.js, and removed by the next export`() throws {
        try withTemporaryFolder { folder in
            let classifier = try classifier()
            let data = folder.appending(path: "onnx/model.onnx_data")
            let report = try ONNXExport.write(classifier, to: folder, ONNXOptions(externalData: true))
            #expect(report.files[1].url.lastPathComponent == "model.onnx_data")
            #expect(report.files[1].bytes == fileSize(data))
            let field = try ModelConfiguration(folder: folder)["transformers.js_config"]
            #expect(field["use_external_data_format"]["model.onnx"].bool == true)
            _ = try ONNXExport.write(classifier, to: folder)
            #expect(fileSize(data) == nil)
            #expect(try ModelConfiguration(folder: folder)["transformers.js_config"] == .null)
        }
    }

    @Test func `inputs and output have the names and axes that programs expect`() throws {
        try withTemporaryFolder { folder in
            let classifier = try classifier()
            _ = try ONNXExport.write(classifier, to: folder)
            let url = folder.appending(path: "onnx/model.onnx")
            let graph = try Onnx_ModelProto(serializedBytes: Data(contentsOf: url)).graph
            #expect(graph.input.map(\.name) == ["input_ids", "attention_mask", "token_type_ids"])
            for input in graph.input {
                #expect(input.type.tensorType.elemType == ONNXType.int64.rawValue)
                #expect(input.type.tensorType.shape.dim.map(\.dimParam) == ["batch_size", "sequence_length"])
            }
            let output = try #require(graph.output.first)
            #expect(output.name == "logits" && graph.output.count == 1)
            #expect(output.type.tensorType.shape.dim.last?.dimValue == Int64(classifier.labels.count))
        }
    }
}
