import Classification
import Foundation
import JSON
import TestSupport
import Testing
import Tokenization

/// Gradient × input of every family against torch's gradients of transformers' models, by
/// `Scripts/fixtures/make_attribution_fixtures.py`.
struct AttributionFixtureTests {
    // 1e-4 of the largest score: the fixture is in float64, and a gradient in float32 has passed a whole model twice. Relative to
    // the largest score, because a small one is the difference of products as large as that.
    @Test(arguments: PairFixture.names)
    func `scores equal those of torch`(name: String) throws {
        let fixture = try PairFixture(name)
        let classifier = try withTemporaryFolder { folder in
            try fixture.write(fixture.cases[0], to: folder)
            return try TextClassifier.load(folder.path(percentEncoded: false)).classifier
        }
        let cases = try #require(Fixture.json("attributions.json")["models"][name].array)
        try #require(cases.count == 2)
        for one in cases {
            let text = try #require(one["text"].string)
            let ids = classifier.encode([text]).encodings.ids
            #expect(ids.map(Int.init) == one["ids"].array?.compactMap(\.int))
            for expected in try #require(one["labels"].array) {
                let label = try #require(expected["label"].int)
                let attribution = try classifier.attribution(of: text, label: label)
                let scores = try #require(expected["scores"].array).compactMap(\.double)
                let largest = try #require(scores.map(abs).max())
                try #require(scores.count == ids.count && largest > 0)
                for (token, score) in try paired(attribution.tokens, scores) {
                    #expect(abs(token.score - score) < 1e-4 * largest, "\(name): \(token.text)")
                }
                let logit = try #require(expected["logit"].double)
                #expect(abs(attribution.logit - logit) < 1e-5)
            }
        }
    }
}
