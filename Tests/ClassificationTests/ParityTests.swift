import Foundation
import Models
import TestSupport
import Testing

@testable import Classification

struct ParityTests {
    private func record(_ type: ProblemType, labels: [String], _ logits: [Float]) -> ParityRecord {
        ParityRecord(
            labels: labels,
            problemType: type,
            maxLength: 16,
            isQuantized: false,
            rows: [.init(text: "a \"text\"\n", textPair: "second", tokens: 5, logits: logits)]
        )
    }

    private func report(_ record: ParityRecord, _ logits: [Float], tokens: Int = 5) -> ParityReport {
        ParityReport(
            rows: record.rows.map { record.difference($0, tokens: tokens, logits: logits) },
            tolerance: .float32
        )
    }

    @Test func `the texts are 32, all different, of many lengths, and never change`() {
        let texts = ParityTexts.all
        #expect(texts.count == 32 && Set(texts).count == 32 && ParityTexts.second.count == 32)
        #expect(texts.map(\.unicodeScalars.count).max() ?? 0 > 1000)
        // The sum of all scalars, so that a changed text fails here.
        let sum = texts.joined().unicodeScalars.reduce(UInt64(0)) {
            ($0 &* 31 &+ UInt64($1.value)) % 1_000_000_007
        }
        #expect(sum == 830_455_476)
    }

    @Test func `the file keeps every bit`() throws {
        try withTemporaryFolder { folder in
            let record = record(.singleLabel, labels: ["a", "b \"c\""], [0.1, -1e-7])
            try record.save(to: folder)
            #expect(try ParityRecord(folder: folder) == record)
        }
    }

    @Test func `differences are relative to large logits, and a changed label is found`() {
        let record = record(.singleLabel, labels: ["a", "b"], [100, -2])
        #expect(report(record, [100.005, -2]).isWithinTolerance)
        #expect(!report(record, [100.05, -2]).isWithinTolerance)
        let changed = report(record, [-2, 100])
        #expect(changed.changed.count == 1 && !changed.isWithinTolerance)
        #expect(!report(record, [100, -2], tokens: 6).isWithinTolerance)
        #expect(report(record, [100, -2], tokens: 6).otherTokens == 1)
    }

    @Test func `a model with integer products is compared with the tolerance of a quantized one`() throws {
        let path = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
        func load(_ quantization: ProductQuantization?) throws -> TextClassifier {
            var options = SequenceClassifier.LoadOptions()
            options.labels = ["no", "yes"]
            options.productQuantization = quantization
            return try TextClassifier.load(path, options: options, seed: 5).classifier
        }
        let (exact, quantized) = (try load(nil), try load(.int8))
        let record = try ParityRecord(exact)
        #expect(!record.isQuantized && quantized.isQuantized)
        let report = try record.compare(quantized)
        #expect(report.tolerance == .quantized && report.isWithinTolerance, "\(report.scoreDifference)")
        // Not the same numbers: the products are in fact quantized.
        #expect(report.scoreDifference > 0 && report.otherTokens == 0)
        #expect(try ParityRecord(quantized).compare(quantized).tolerance == .quantized)
    }

    @Test func `NaN is a difference`() {
        for type in [ProblemType.singleLabel, .multiLabel] {
            let record = record(type, labels: ["a", "b"], [1, 2])
            #expect(!report(record, [.nan, 2]).isWithinTolerance)
            #expect(!report(record, [1, .nan]).isWithinTolerance)
        }
        #expect(!report(record(.regression, labels: ["stars"], [3]), [.nan]).isWithinTolerance)
        #expect(report(record(.regression, labels: ["stars"], [3]), [3.0001]).isWithinTolerance)
    }
}
