import Classification
import Files
import Foundation
import JSON
import Models
import NN
import TestSupport
import Testing
import Torch

@testable import Export

/// Folders in the Hub's layout in another number type, and the settings of exports.
struct SafetensorsExportTests {
    private static let texts = ["The quick brown fox", "Make tomorrow better"]

    private func load(_ folder: URL) throws -> TextClassifier {
        try TextClassifier.load(folder.path(percentEncoded: false)).classifier
    }

    private func fixture() throws -> TextClassifier {
        try load(Fixture.folder.appending(path: "pairs/bert"))
    }

    private func weightBytes(_ folder: URL) throws -> Int {
        try Data(contentsOf: folder.appending(path: "model.safetensors")).count
    }

    // bfloat16 has 8 significant bits and float16 has 11: 0.2 % and 0.03 % of each weight, summed over the layers.
    @Test(arguments: [(DType.bfloat16, Float(0.1)), (.float16, 0.02)])
    func `half the bytes give almost the same logits, and the copy passes its own check`(
        dtype: DType,
        tolerance: Float
    ) throws {
        try withTemporaryFolder { folder in
            let classifier = try fixture()
            let place = folder.appending(path: "copy", directoryHint: .isDirectory)
            let full = folder.appending(path: "full", directoryHint: .isDirectory)
            let report = try SafetensorsExport.write(classifier, to: place, dtype: dtype)
            _ = try SafetensorsExport.write(classifier, to: full)
            #expect(try Double(weightBytes(place)) < 0.65 * Double(weightBytes(full)))
            #expect(report.files.first?.url.lastPathComponent == "model.safetensors")
            let copy = try load(place)
            #expect(try ModelConfiguration(folder: place)["dtype"].string == dtype.rawValue)
            let before = try classifier.logits(classifier.encode(Self.texts))
            let after = try copy.logits(copy.encode(Self.texts))
            for (a, b) in try paired(Array(before.joined()), Array(after.joined())) {
                #expect(abs(a - b) < tolerance * max(1, abs(a)))
            }
            #expect(try ParityRecord(folder: place).compare(copy).isWithinTolerance)
        }
    }

    @Test func `a weight that float16 cannot hold is named, and nothing is left behind`() throws {
        try withTemporaryFolder { folder in
            let classifier = try fixture()
            let weight = try #require(classifier.model.parameters.parameters.last)
            try weight.set(Tensor.full(1e6, weight.shape))
            let place = folder.appending(path: "copy", directoryHint: .isDirectory)
            #expect {
                try SafetensorsExport.write(classifier, to: place, dtype: .float16)
            } throws: { error in
                "\(error)".contains(weight.name) && "\(error)".contains("bfloat16")
            }
            let left = try FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false))
            #expect(left.isEmpty)
        }
    }

    @Test func `a folder with files is not overwritten`() throws {
        try withTemporaryFolder { folder in
            try Data("mine".utf8).write(to: folder.appending(path: "notes.txt"))
            for format in [ExportFormat.safetensors, .coreml] {
                #expect {
                    try ExportRequest(format).requireFree(folder)
                } throws: { ($0 as? FileError)?.code == .exists }
            }
            #expect(throws: FileError.self) {
                try ExportRequest(.gguf).requireFree(folder.appending(path: "notes.txt"))
            }
            try ExportRequest(.gguf).requireFree(folder.appending(path: "new.gguf"))
            // A second type of weights goes next to the first.
            try ExportRequest(.onnx).requireFree(folder)
        }
    }

    @Test func `settings that the format does not have are refused with its possible ones`() {
        func fault(_ format: ExportFormat, _ change: (inout ExportRequest) -> Void) -> String? {
            var request = ExportRequest(format)
            change(&request)
            do {
                try request.check()
                return nil
            } catch {
                #expect(error.code == .badOption)
                return error.message
            }
        }
        #expect(fault(.safetensors) { $0.dtype = .float16 } == nil)
        #expect(fault(.onnx) { $0.quantization = .int4 } == nil)
        #expect(fault(.gguf) { $0.quantization = .int8 }?.contains("q8_0, q4_k") == true)
        #expect(fault(.safetensors) { $0.quantization = .q8_0 }?.contains("another format") == true)
        #expect(fault(.onnx) { $0.dtype = .bfloat16 }?.contains("float32, float16") == true)
        #expect(fault(.gguf) { $0.opset = 17 }?.contains("settings of onnx") == true)
        #expect(fault(.onnx) { ($0.dtype, $0.quantization) = (.float16, .int8) }?.contains("exclude") == true)
    }
}
