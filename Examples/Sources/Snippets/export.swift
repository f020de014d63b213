// swift-format-ignore-file
// Written by Scripts/doc-snippets from docs/export.md.
import Attune
import Foundation

/// Compiles the snippets of docs/export.md.
func export() async throws {
    do {
        let classifier = try await Classifier.load(.folder("runs/tweets"))
        var request = ExportRequest(.safetensors)
        request.dtype = .bfloat16
        request.keptTexts = [.texts(["Thank you, Ohio!", "Make America great"])]
        let report = try await classifier.export(request, to: URL(filePath: "runs/tweets-small"))
        for file in report.files { print(file.url.lastPathComponent, file.bytes) }
    }
}
