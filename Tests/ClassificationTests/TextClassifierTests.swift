import Checkpoints
import Classification
import Foundation
import Models
import NN
import TestSupport
import Testing
import Tokenization
import Torch

struct TextClassifierTests {
    private func tiny() throws -> TextClassifier {
        var options = SequenceClassifier.LoadOptions()
        options.labels = ["no", "yes"]
        let path = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
        return try TextClassifier.load(path, options: options, seed: 5).classifier
    }

    @Test func `a saved and loaded classifier gives the same predictions`() throws {
        let classifier = try tiny()
        let texts = ["hello there", "", "a much longer text, with a number 12345 and an emoji 😀"]
        let before = try classifier.classify(texts)
        try withTemporaryFolder { folder in
            try classifier.save(to: folder)
            let (again, report) = try TextClassifier.load(folder.path(percentEncoded: false))
            #expect(report.fresh.isEmpty)
            #expect(again.labels == ["no", "yes"])
            #expect(try again.classify(texts) == before)
        }
        for prediction in before { #expect(abs(prediction.scores.reduce(0, +) - 1) < 1e-12) }
    }

    @Test func `logits batch by batch equal those of one call, until the closure stops`() throws {
        let classifier = try tiny()
        let examples = classifier.encode((0..<9).map { "text \($0)" })
        let all = try classifier.logits(examples, batchSize: 4)
        var rows: [[Float]] = []
        var ranges: [Range<Int>] = []
        try classifier.forEachBatch(of: examples, batchSize: 4) { texts, logits in
            ranges.append(texts)
            rows += (0..<texts.count).map { Array(logits[2 * $0..<2 * $0 + 2]) }
            return texts.upperBound < 8
        }
        #expect(ranges == [0..<4, 4..<8] && rows == Array(all.prefix(8)))
        // Batches filled by tokens have no more texts than the limit of logits allows.
        #expect(examples.batches(of: nil, maxTexts: 4) == [0..<4, 4..<8, 8..<9])
        #expect(examples.batches(of: 6, maxTexts: 4) == [0..<6, 6..<9])
    }

    @Test func `texts are truncated to the model's limit, and an empty one has a token`() throws {
        let classifier = try tiny()
        #expect(classifier.maxLength == 64)
        let examples = classifier.encode([String(repeating: "word ", count: 300), "", "x"])
        #expect(examples.length(of: 0) == 64)
        #expect(examples.length(of: 1) == 1)
        #expect(examples.encodings.truncatedCount == 1)
    }

    @Test func `the logits of a text in windows are the mean over its windows`() throws {
        let classifier = try tiny()
        var settings = classifier.settings
        settings.longText = .window(stride: 40)
        classifier.remember(settings)
        let long = (0..<90).map { "word \($0)" }.joined(separator: " ")
        let examples = classifier.encode(["short", long, "x"], targets: .classes([0, 1, 0]))
        let windows = examples.windowed
        #expect(examples.count == 3 && windows.count > 5)
        #expect(windows.targets == .classes([0] + Array(repeating: 1, count: windows.count - 2) + [0]))
        let each = try classifier.logits(windows)
        let inner = each.dropFirst().dropLast()
        let mean = (0..<2).map { label in inner.reduce(0) { $0 + Double($1[label]) } / Double(inner.count) }
        // 1e-5: batches of other sizes may sum products in another order.
        for limit in [nil, 64] {
            let pooled = try classifier.logits(examples, maxTokensPerBatch: limit)
            #expect(pooled.count == 3)
            for label in 0..<2 {
                #expect(abs(Double(pooled[1][label]) - mean[label]) < 1e-5)
                #expect(abs(pooled[0][label] - each[0][label]) < 1e-5)
                #expect(abs(pooled[2][label] - each[each.count - 1][label]) < 1e-5)
            }
        }
    }

    @Test func `the part of a longer text is saved with the classifier`() throws {
        let classifier = try tiny()
        var settings = classifier.settings
        settings.longText = .headTail(head: 8)
        classifier.remember(settings)
        try withTemporaryFolder { folder in
            try classifier.save(to: folder)
            let path = folder.path(percentEncoded: false)
            #expect(try ClassifierSettings(model: path).longText == .headTail(head: 8))
            #expect(try TextClassifier.load(path).classifier.settings.longText == .headTail(head: 8))
        }
    }

    @Test func `batches cover all texts in order, by number or by tokens`() {
        let encodings = PackedEncodings(
            ids: [Int32](repeating: 0, count: 9000),
            cuSeqlens: [0, 4000, 4050, 8200, 8201, 9000]
        )
        let examples = EncodedExamples(encodings: encodings)
        #expect(examples.batches(of: 2) == [0..<2, 2..<4, 4..<5])
        #expect(examples.batches(of: nil) == [0..<2, 2..<3, 3..<5])
    }

    @Test func `softmax of logits, including huge ones`() {
        let prediction = Prediction(logits: [1000, 1001, -1000], labels: ["a", "b", "c"])
        #expect(prediction.label == "b")
        #expect(abs(prediction.score - 0.7310585786300049) < 1e-12)
    }

    @Test func `sigmoids of logits give several labels or none, and a regression returns its logit`() {
        func several(_ logits: [Float]) -> Prediction {
            Prediction(logits: logits, labels: ["a", "b", "c"], problemType: .multiLabel)
        }
        #expect(several([0.1, -3, 1000]).labels == ["a", "c"])
        #expect(several([-0.1, 0, -1000]).labels.isEmpty && several([-0.1, 0, -1000]).label == "b")
        #expect(abs(several([0.1, -3, 2]).scores[1] - 0.04742587317756678) < 1e-9)
        let number = Prediction(logits: [-2.5], labels: ["stars"], problemType: .regression)
        #expect(number.score == -2.5 && number.label == "stars" && number.labels.isEmpty)
    }

    @Test func `a prediction is written with a score for each label, and read again`() throws {
        let prediction = Prediction(logits: [2, -1, 0.5], labels: ["a", "b", "c"], problemType: .multiLabel)
        #expect(prediction.scoresByLabel["c"] == prediction.scores[2])
        let data = try JSONEncoder().encode(prediction)
        var expected = prediction
        expected.logits = []
        #expect(try JSONDecoder().decode(Prediction.self, from: data) == expected)
        let text = String(decoding: data, as: UTF8.self)
        #expect(text.contains(#""labels":["a","c"]"#))
    }

    @Test func `pairs keep their type ids if one of them has no tokens`() throws {
        let path = Fixture.folder.appending(path: "models/sentence-transformers").path(percentEncoded: false)
        var options = SequenceClassifier.LoadOptions()
        options.labels = ["no", "yes"]
        let classifier = try TextClassifier.load(path, options: options).classifier
        var encodings = PackedEncodings(ids: [5, 6, 7], cuSeqlens: [0, 0, 3])
        encodings.typeIDs = [0, 1, 1]
        let filled = classifier.examples(encodings)
        #expect(filled.encodings.typeIDs == [0, 0, 1, 1] && filled.encodings.cuSeqlens == [0, 1, 4])
    }

    @Test func `a batch has the type ids of its examples, in their order`() throws {
        var encodings = PackedEncodings(ids: [5, 6, 7, 8, 9], cuSeqlens: [0, 2, 5])
        #expect(
            try EncodedExamples(encodings: encodings).batch([0], padTokenID: nil, device: .cpu).typeIDs == nil
        )
        encodings.typeIDs = [0, 1, 0, 1, 1]
        let batch = try EncodedExamples(encodings: encodings).batch([1, 0], padTokenID: nil, device: .cpu)
        #expect(try batch.ids.array(of: Int32.self) == [7, 8, 9, 5, 6])
        #expect(try batch.typeIDs?.array(of: Int32.self) == [0, 1, 1, 0, 1])
    }

    @Test func `a missing model and a model without a tokenizer are errors that say what is missing`() throws
    {
        #expect { try TextClassifier.load("nowhere") } throws: {
            "\($0)".contains("there is no model at nowhere")
        }
        let path = Fixture.folder.appending(path: "models/llama-gqa").path(percentEncoded: false)
        #expect { try TextClassifier.load(path) } throws: { "\($0)".contains("tokenizer.json") }
    }
}
