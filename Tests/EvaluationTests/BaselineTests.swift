import JSON
import TestSupport
import Testing

@testable import Evaluation

struct BaselineTests {
    /// The values of each text's features, in ascending order.
    private func values(of texts: [String], _ vocabulary: NGramVocabulary, kind: Int) -> [[Double]] {
        let counted = CountedTexts(texts[...], withCharacters: true)
        return (0..<counted.count).map { text in
            var alone = counted
            // Leaves out the other kind of n-gram.
            let start = text == 0 ? 0 : counted.ends[2 * text - 1]
            if kind == 0 { alone.ends[2 * text + 1] = alone.ends[2 * text] }
            if kind == 1 {
                alone.ends[2 * text] = start
                let words = counted.ends[2 * text] - start
                alone.hashes.removeSubrange(start..<start + words)
                alone.counts.removeSubrange(start..<start + words)
                alone.ends[2 * text + 1] -= words
            }
            var values: [Double] = []
            vocabulary.read(text, of: alone) { values.append($1) }
            return values.sorted()
        }
    }

    // 1e-12: the same few operations in float64.
    @Test(arguments: [("words", 0), ("characters", 1)])
    func `TF-IDF equals scikit-learn's, for every script, case and kind of space`(kind: (String, Int)) throws
    {
        let fixture = try Fixture.json("baseline/baseline.json")
        let (texts, new) = (try fixture["texts"].strings(), try fixture["new"].strings())
        let counted = CountedTexts.blocks(texts, withCharacters: true, Workers(count: 2))
        let vocabulary = NGramVocabulary(counted, minimumTexts: 1, limit: .max, Workers(count: 2))
        let ours = values(of: texts + new, vocabulary, kind: kind.1)
        for (text, (own, wanted)) in zip(texts + new, try paired(ours, fixture[kind.0].elements())) {
            for (value, expected) in try paired(own, wanted.doubles()) {
                #expect(abs(value - expected) < 1e-12, "\(text)")
            }
        }
    }

    private func truth(of model: JSONValue) throws -> ScoredRows.Truth {
        let answers = model["answers"]
        return switch model["kind"].string {
        case "classes": .classes(try answers.integers())
        case "labelSets": .labelSets(try answers.elements().map { try $0.integers() })
        default: .numbers(try answers.doubles())
        }
    }

    // 1e-4: scikit-learn's solver stops at a gradient of 1e-10 and ours, in float32, at 1e-6.
    @Test func `the trained weights equal scikit-learn's, for two and more classes, label sets and numbers`()
        throws
    {
        let models = try Fixture.json("baseline/baseline.json")["models"].elements()
        #expect(models.count == 5)
        for fixture in models {
            var options = LinearBaseline.Options()
            options.tolerance = 1e-7
            let truth = try truth(of: fixture)
            let labelCount =
                switch truth {
                case .classes(let ids): Set(ids).count
                case .labelSets: 4
                case .numbers: 1
                }
            let model = LinearBaseline(
                training: try fixture["texts"].strings(),
                truth,
                labels: (0..<labelCount).map { "\($0)" },
                options
            )
            let columns = model.columns.count
            let wanted = try fixture["weights"].elements()
            for (column, row) in try paired(Array(0..<columns), wanted) {
                let own = stride(from: column, to: model.weights.count, by: columns).map {
                    Double(model.weights[$0])
                }
                for (weight, expected) in try paired(own.sorted(), row.doubles()) {
                    #expect(abs(weight - expected) < 1e-4)
                }
            }
            for (own, expected) in try paired(model.intercepts, fixture["intercepts"].doubles()) {
                #expect(abs(Double(own) - expected) < 1e-4)
            }
            let scores = model.scores(of: try fixture["new"].strings())
            for (text, row) in try fixture["scores"].elements().enumerated() {
                // Two classes have one score in scikit-learn, and 0 for the first class here.
                for (place, expected) in try row.doubles().enumerated() {
                    let id = columns == 1 && labelCount == 2 ? 1 : place
                    #expect(abs(Double(scores[text * labelCount + id]) - expected) < 1e-3)
                }
            }
        }
    }

    private static let texts = (0..<700).map { row in
        "text \(row % 7) of group \(["red", "green", "blue"][row % 3]) "
            + String(repeating: "word\(row * row % 31) ", count: row % 5)
    }

    @Test func `the number of threads changes no bit`() {
        let truth = ScoredRows.Truth.classes(Self.texts.indices.map { $0 % 3 })
        let models = [1, 2, 5].map { threads in
            var options = LinearBaseline.Options()
            options.threads = threads
            return LinearBaseline(training: Self.texts, truth, labels: ["a", "b", "c"], options)
        }
        #expect(models[0] == models[1])
        #expect(models[0] == models[2])
        #expect(!models[0].weights.isEmpty)
    }

    @Test func `many classes are trained one against all others, and many columns in several parts`() {
        let truth = ScoredRows.Truth.classes(Self.texts.indices.map { $0 % 3 })
        var options = LinearBaseline.Options()
        options.manyLabels = 2
        let model = LinearBaseline(training: Self.texts, truth, labels: ["red", "green", "blue"], options)
        #expect(!model.usesCharacters)
        let red = LinearBaseline(
            training: Self.texts,
            .labelSets(Self.texts.indices.map { $0 % 3 == 0 ? [0] : [1] }),
            labels: ["red", "other"]
        )
        #expect(model.scores(of: ["red"])[0] > 0 && model.scores(of: ["red"])[1] < 0)
        #expect(red.scores(of: ["red"])[0] > 0)
        // Forty columns in parts of eight give the same bits as all at once, because each is a separate problem.
        let sets = ScoredRows.Truth.labelSets(
            Self.texts.indices.map { [$0 % 3, 39 - $0 % 3] + ($0 < 350 ? Array(10..<30) : []) }
        )
        let names = (0..<40).map { "\($0)" }
        let whole = LinearBaseline(training: Self.texts, sets, labels: names)
        options = LinearBaseline.Options()
        options.mostScores = 700 * 8
        let parts = LinearBaseline(training: Self.texts, sets, labels: names, options)
        #expect(whole == parts && whole.columns.count == 26)
    }

    @Test func `a word that decides the class is learned`() {
        let truth = ScoredRows.Truth.classes(Self.texts.indices.map { $0 % 3 })
        let model = LinearBaseline(training: Self.texts, truth, labels: ["a", "b", "c"])
        let metrics = LinearBaseline.metrics(truth, labelCount: 3, withIntervals: false) { part in
            model.scores(of: Array(Self.texts[part]))
        }
        #expect(metrics["accuracy"] == 1)
    }

    @Test func `the features in most texts are kept if there are too many`() {
        var options = LinearBaseline.Options()
        options.maximumFeatures = 20
        let truth = ScoredRows.Truth.classes(Self.texts.indices.map { $0 % 3 })
        let model = LinearBaseline(training: Self.texts, truth, labels: ["a", "b", "c"], options)
        #expect(model.featureHashes.count == 20)
        // Every text has "text", whose weight is the smallest possible.
        #expect(model.featureWeights.allSatisfy { $0 == 1 })
        options.maximumFeatures = 1 << 20
        options.maximumWeights = 60
        let narrow = LinearBaseline(training: Self.texts, truth, labels: ["a", "b", "c"], options)
        #expect(narrow.weights.count == 60)
    }

    @Test func `labels that no text or every text has get fixed scores`() {
        let alike = LinearBaseline(training: ["a b", "c d"], .classes([1, 1]), labels: ["x", "y", "z"])
        #expect(alike.scores(of: ["a b", ""]) == [-30, 0, -30, -30, 0, -30])
        let sets = LinearBaseline(
            training: ["red", "green", "red"],
            .labelSets([[0, 1], [1], [0, 1]]),
            labels: ["red", "all", "none"]
        )
        let scores = sets.scores(of: ["red"])
        #expect(scores[0] > 0 && scores[1] == 30 && scores[2] == -30)
        let constant = LinearBaseline(training: ["a", "b"], .numbers([2, 2]), labels: ["stars"])
        #expect(constant.scores(of: ["c"]) == [2])
        let empty = LinearBaseline(training: ["", ""], .classes([0, 1]), labels: ["x", "y"])
        #expect(empty.scores(of: ["anything"]) == [0, 0])
    }
}

struct BaselineComparisonTests {
    private let texts = ["red car", "red bus", "blue car", "blue bus", "red bike", "blue bike"]

    @Test func `the table has the model, the linear baseline and a constant answer`() {
        let rows = BaselineRows(texts: texts, truth: .classes([0, 0, 1, 1, 0, 1]))
        let comparison = BaselineComparison(training: rows, evaluation: rows, labels: ["red", "blue"])
        #expect(
            comparison.table(model: comparison.majority) == """
                                          accuracy  balanced accuracy  F1 macro
                this model                  0.5000             0.5000    0.3333
                linear baseline (TF-IDF)    1.0000             1.0000    1.0000
                majority class              0.5000             0.5000    0.3333

                """
        )
        // Without an interval, and at the same accuracy, nothing is clearly better.
        #expect(comparison.warning(model: comparison.majority)?.contains("is as good") == true)
        #expect(comparison.warning(model: comparison.linear)?.contains("is as good") == true)
        let wrong = ClassificationMetrics(
            predictions: [1, 1, 0, 0, 1, 0],
            labels: [0, 0, 1, 1, 0, 1],
            probabilities: Array(repeating: [0.5, 0.5], count: 6),
            classCount: 2,
            withIntervals: true
        )
        #expect(comparison.warning(model: .singleLabel(wrong))?.contains("is better") == true)
        let numbers = BaselineRows(texts: texts, truth: .classes([0, 1, 0, 1, 0, 1]))
        let weak = BaselineComparison(training: rows, evaluation: numbers, labels: ["red", "blue"])
        #expect(weak.warning(model: comparison.linear) == nil)
        #expect(comparison.sampleNote.isEmpty)
    }

    @Test func `a constant answer gives each text the labels of most texts, or the mean`() {
        let sets = BaselineRows(texts: texts, truth: .labelSets([[0], [0, 1], [0], [0], [1], []]))
        let comparison = BaselineComparison(training: sets, evaluation: sets, labels: ["most", "few"])
        #expect(comparison.majority["accuracy"] == 3.0 / 6)
        #expect(comparison.shownNames == ["f1_micro", "f1_macro", "accuracy"])
        let numbers = BaselineRows(texts: texts, truth: .numbers([1, 2, 3, 4, 5, 6]))
        let regression = BaselineComparison(training: numbers, evaluation: numbers, labels: ["stars"])
        #expect(regression.majority["r2"] == 0)
        #expect(regression.majority["mae"] == 1.5)
        // An error is better if it is smaller.
        #expect(regression.warning(model: regression.majority) != nil)
        #expect(regression.linear["rmse"] ?? 9 < regression.majority["rmse"] ?? 0)
    }

    @Test func `too many rows are sampled by the seed, in order`() {
        let rows = BaselineRows(
            texts: (0..<100).map { "text \($0)" },
            truth: .classes((0..<100).map { $0 % 2 })
        )
        func numbers(_ seed: UInt64, _ count: Int) -> [Int] {
            rows.sampled(labelCount: 2, seed: seed, mostRows: count).texts.compactMap { Int($0.dropFirst(5)) }
        }
        #expect(numbers(1, 100).count == 100)
        let sample = numbers(1, 10)
        #expect(sample.count == 10 && sample == sample.sorted() && sample == numbers(1, 10))
        #expect(sample != numbers(2, 10))
        let few = rows.sampled(labelCount: 2, seed: 1, mostRows: 10)
        #expect(few.truth == .classes(sample.map { $0 % 2 }))
    }
}
