import Classification
import Foundation
import NN
import TestSupport
import Testing
import Tokenization

/// The model and data of the runs in Scripts/fixtures/training.
enum ReferenceRun {
    /// A model fixture without dropout, with an unused tokenizer.
    static func classifier(_ name: String, in folder: URL) throws -> TextClassifier {
        let models = Fixture.folder.appending(path: "models")
        let model = models.appending(path: name)
        try FileManager.default.copyItem(
            at: model.appending(path: "model.safetensors"),
            to: folder.appending(path: "model.safetensors")
        )
        try SmallTokenizer.write(to: folder)
        // No text has the id 0, which is used for padding, as in the script.
        try FileManager.default.removeItem(at: folder.appending(path: "tokenizer_config.json"))
        let configuration = try String(contentsOf: model.appending(path: "config.json"), encoding: .utf8)
            .replacing("dropout_prob\": 0.1", with: "dropout_prob\": 0.0")
        try Data(configuration.utf8).write(to: folder.appending(path: "config.json"))
        return try TextClassifier.load(folder.path(percentEncoded: false)).classifier
    }

    /// Texts with given ids, each with a class.
    static func examples(_ texts: [[Int]], _ labels: [Int]) throws -> EncodedExamples {
        try #require(!texts.isEmpty && texts.count == labels.count)
        var packed = PackedEncodings()
        for text in texts {
            packed.ids += text.map(Int32.init)
            packed.cuSeqlens.append(Int32(packed.ids.count))
        }
        return EncodedExamples(encodings: packed, targets: .classes(labels))
    }
}
