import Classification
import Foundation
import Models
import NN
import TestSupport
import Testing
import Tokenization
import Torch

/// Gradient × input of tiny models: a BERT with special tokens, and a Llama without.
struct AttributionTests {
    private static let models = ["sentence-transformers", "tiny-base"]
    private static let text = "Thank you, Ohio! été 😀"

    private func tiny(_ name: String, _ storage: FrozenStorage = .floatingPoint) throws -> TextClassifier {
        var options = SequenceClassifier.LoadOptions()
        options.labels = ["no", "yes", "maybe"]
        options.frozenStorage = storage
        let path = Fixture.folder.appending(path: "models/\(name)").path(percentEncoded: false)
        let classifier = try TextClassifier.load(path, options: options, seed: 5).classifier
        // The base's weights are so small that hardly anything reaches the logits from other tokens than the pooled one. The
        // BERT's are 15 times as large; larger ones would saturate its attention, and differences by 0.01 be off by 30 %.
        guard name == "tiny-base" else { return classifier }
        for parameter in classifier.model.parameters.parameters
        where parameter.shape.count == 2 && parameter.quantized == nil {
            try parameter.set(parameter.value * 4)
        }
        return classifier
    }

    /// The changes of a label's logit with the length of each id's embedding, by central differences.
    private func differences(
        _ classifier: TextClassifier,
        of ids: [Int32],
        text: String,
        label: Int
    ) throws -> [Double] {
        let table = try #require(classifier.model.parameters.parameters.first { $0.role == .embedding })
        let (values, original, width) = (try table.value.array(of: Float.self), table.value, table.shape[1])
        let step: Float = 0.01
        defer { try? table.set(original) }
        return try ids.map { id in
            let logits = try [1 + step, 1 - step].map { factor in
                var scaled = values
                for index in Int(id) * width..<(Int(id) + 1) * width { scaled[index] *= factor }
                try table.set(Tensor(scaled, shape: table.shape))
                return try Double(classifier.logits(classifier.encode([text]))[0][label])
            }
            return (logits[0] - logits[1]) / Double(2 * step)
        }
    }

    /// The ids of a text with the total score of each.
    private func totals(
        _ classifier: TextClassifier,
        _ attribution: Attribution,
        text: String
    ) throws -> [Int32: Double] {
        let ids = classifier.encode([text]).encodings.ids
        return try paired(ids, attribution.tokens).reduce(into: [:]) { $0[$1.0, default: 0] += $1.1.score }
    }

    // 1 % of the largest score: the step of 0.01 leaves an error of the order of 0.01², and a logit's rounding of about
    // 1e-7 is divided by 0.02.
    @Test(arguments: models, [0, 2])
    func `scores equal finite differences of the logit`(name: String, label: Int) throws {
        let classifier = try tiny(name)
        let attribution = try classifier.attribution(of: Self.text, label: label)
        let totals = try totals(classifier, attribution, text: Self.text)
        let ids = totals.keys.sorted()
        let expected = try differences(classifier, of: ids, text: Self.text, label: label)
        let largest = try #require(expected.map(abs).max())
        #expect(largest > 1e-5)
        for (id, value) in try paired(ids, expected) {
            #expect(abs(totals[id, default: 0] - value) < 0.01 * largest, "\(id)")
        }
        let logit = try Double(classifier.logits(classifier.encode([Self.text]))[0][label])
        #expect(attribution.label == label && abs(attribution.logit - logit) < 1e-5 * max(1, abs(logit)))
    }

    // As above; quantized matrices are dequantized to the same values in both passes.
    @Test(arguments: models)
    func `scores of a quantized model equal finite differences`(name: String) throws {
        let classifier = try tiny(name, .quantized(.nf4, isDouble: false))
        #expect(classifier.model.parameters.parameters.contains { $0.quantized != nil })
        let attribution = try classifier.attribution(of: Self.text, label: 1)
        let totals = try totals(classifier, attribution, text: Self.text)
        let ids = totals.keys.sorted()
        let expected = try differences(classifier, of: ids, text: Self.text, label: 1)
        let largest = try #require(expected.map(abs).max())
        for (id, value) in try paired(ids, expected) {
            #expect(abs(totals[id, default: 0] - value) < 0.01 * largest, "\(id)")
        }
    }

    @Test(arguments: models)
    func `tokens name the bytes and the text that they cover`(name: String) throws {
        let classifier = try tiny(name)
        let bytes = Array(Self.text.utf8)
        let attribution = try classifier.attribution(of: Self.text, label: 0)
        let encoding = classifier.tokenizer.encode(Self.text)
        let ranges = encoding.offsets.map { $0.isEmpty ? 0..<0 : $0 }
        #expect(attribution.tokens.map { $0.start..<$0.end } == ranges)
        for token in attribution.tokens where !token.isSpecial {
            #expect(token.text == String(decoding: bytes[token.start..<token.end], as: UTF8.self))
            #expect(!token.text.unicodeScalars.contains("\u{FFFD}"))
        }
        let special = attribution.tokens.filter(\.isSpecial).map(\.text)
        #expect(special == (name == "tiny-base" ? [] : ["[CLS]", "[SEP]"]))
        #expect(!attribution.isTruncated)
    }

    @Test func `without a label, the one with the highest logit is explained`() throws {
        let classifier = try tiny("tiny-base")
        let row = try classifier.logits(classifier.encode([Self.text]))[0]
        let best = row.indices.max { row[$0] < row[$1] }
        #expect(try classifier.attribution(of: Self.text).label == best)
        #expect {
            try classifier.attribution(of: Self.text, label: 3)
        } throws: {
            "\($0)" == "attribution: there is no label 3; the model has 3 labels, from 0"
        }
    }

    @Test func `an empty text has the score of the padding token, without text`() throws {
        let attribution = try tiny("tiny-base").attribution(of: "", label: 0)
        #expect(attribution.tokens.map(\.text) == ["</s>"])
        #expect(attribution.tokens.allSatisfy { $0.isSpecial && $0.score.isFinite })
    }

    @Test func `gradients of weights that are being trained do not change`() throws {
        let classifier = try tiny("tiny-base")
        let parameters = classifier.model.parameters
        try parameters.setRequiresGradient(true)
        let expected = try classifier.attribution(of: Self.text, label: 0)
        for parameter in parameters.parameters {
            #expect(parameter.value.requiresGradient)
            #expect(try parameter.value.gradient() == nil, "\(parameter.name)")
        }
        try parameters.setRequiresGradient(false)
        #expect(try classifier.attribution(of: Self.text, label: 0) == expected)
    }

    /// Whether each token has the score of the same token read alone, multiplied by its window's share.
    ///
    /// 1e-4 of the largest score: a batch of other windows may sum products in another order.
    private func expect(_ tokens: [Attribution.Token], equal alone: [Attribution.Token], share: Double) {
        let largest = alone.map { abs($0.score) }.max() ?? 0
        for (token, other) in zip(tokens, alone) {
            #expect(token.text == other.text)
            #expect(abs(token.score - share * other.score) < 1e-4 * share * largest)
        }
    }

    @Test func `a long text in windows has the tokens of each window, with their share of the mean`() throws {
        let classifier = try tiny("tiny-base")
        let long = (0..<90).map { "word \($0)" }.joined(separator: " ")
        let cut = try classifier.attribution(of: long, label: 0)
        #expect(cut.isTruncated && cut.tokens.count == 64)
        var settings = classifier.settings
        settings.longText = .window(stride: 40)
        classifier.remember(settings)
        let encodings = classifier.encode([long]).encodings
        let attribution = try classifier.attribution(of: long, label: 0)
        #expect(!attribution.isTruncated && attribution.tokens.count == encodings.ids.count)
        #expect(attribution.tokens.last?.end == long.utf8.count)
        expect(attribution.tokens, equal: cut.tokens, share: 1 / Double(encodings.count))
        let logit = try Double(classifier.logits(classifier.encode([long]))[0][0])
        #expect(abs(attribution.logit - logit) < 1e-5 * max(1, abs(logit)))
    }

    // Beyond 1,024 tokens the blocks' intermediates are computed twice instead of kept.
    @Test func `many windows at once have the scores of each alone`() throws {
        let classifier = try tiny("tiny-base")
        var settings = classifier.settings
        settings.longText = .window(stride: 64)
        classifier.remember(settings)
        let long = (0..<1500).map { "word \($0)" }.joined(separator: " ")
        let encodings = classifier.encode([long]).encodings
        try #require(encodings.ids.count > 4096)
        let attribution = try classifier.attribution(of: long, label: 1)
        var short = classifier.settings
        short.longText = .head
        classifier.remember(short)
        let first = try classifier.attribution(of: long, label: 1)
        #expect(first.tokens.count == 64)
        expect(attribution.tokens, equal: first.tokens, share: 1 / Double(encodings.count))
    }
}
