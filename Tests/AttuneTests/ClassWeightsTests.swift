import Attune
import Testing

struct ClassWeightsTests {
    private func values(_ weights: ClassWeights, _ targets: Targets, _ labels: [String]) throws -> [Double] {
        try #require(try weights.values(labels: labels, targets: targets)).map(Double.init)
    }

    // 1e-6: the weights are float32.
    private func isClose(_ a: [Double], _ b: [Double]) -> Bool {
        a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) < 1e-6 }
    }

    // Searching all labels for each name would take ten billion string comparisons.
    @Test func `a hundred thousand named weights, and one label without a weight`()
        throws
    {
        let labels = (0..<100_000).map { "label \($0)" }
        var given = Dictionary(uniqueKeysWithValues: labels.map { ($0, 2.0) })
        #expect(try values(.named(given), .classes([0]), labels) == [Double](repeating: 2, count: 100_000))
        given["label x"] = 1
        let error = #expect(throws: DatasetError.self) {
            try values(.named(given), .classes([0]), labels)
        }
        let message = error?.message ?? ""
        #expect(
            message.hasPrefix(
                "--class-weights names the unknown label \"label x\"; the labels are \"label 0\", "
            )
        )
        #expect(message.hasSuffix("\"label 11\", … (100,000 in all)"))
    }

    // Cui et al. 2019: E(n) = (1 - 0.9^n) / (1 - 0.9) is 1, 1.9 and 2.71 for 1, 2 and 3 examples; the weights are 1 / E,
    // scaled so that they sum to the number of classes.
    @Test func `effective numbers match values computed manually`() throws {
        let targets = Targets.classes([2, 1, 0, 2, 1, 2])
        let weights = try values(.effectiveNumber(beta: 0.9), targets, ["a", "b", "c"])
        let sum = 1 + 1 / 1.9 + 1 / 2.71
        #expect(isClose(weights, [3 / sum, 3 / 1.9 / sum, 3 / 2.71 / sum]))
        #expect(isClose(weights, [1.5828466, 0.8330771, 0.5840762]))
    }

    @Test func `weights go from equal to balanced as β grows, and are 0 for a class without examples`()
        throws
    {
        let targets = Targets.classes([0, 0, 0, 1])
        #expect(isClose(try values(.effectiveNumber(beta: 0), targets, ["a", "b"]), [1, 1]))
        // 1e-3: β is slightly below 1.
        let near = try values(.effectiveNumber(beta: 0.99999), targets, ["a", "b"])
        #expect(abs(near[1] / near[0] - 3) < 1e-3)
        let absent = try values(.effectiveNumber(beta: 0.9), targets, ["a", "b", "c"])
        #expect(absent[2] == 0 && abs(absent.reduce(0, +) - 3) < 1e-6)
    }

    // One of three texts has label a: with β = 0.5, E(1) = 1 and E(2) = 1.5. Label b, which all texts have, keeps weight 1.
    @Test func `multi-label weights are those of positive relative to negative examples`() throws {
        let targets = Targets.labelSets([[0, 1], [1], [1]])
        #expect(isClose(try values(.effectiveNumber(beta: 0.5), targets, ["a", "b"]), [1.5, 1]))
        #expect(isClose(try values(.balanced, targets, ["a", "b"]), [2, 1]))
    }

    @Test(arguments: [ClassWeights.balanced, .effectiveNumber(beta: 0.9), .named(["a": 1, "b": 1])])
    func `an unknown label is named`(weights: ClassWeights) {
        #expect { try weights.values(labels: ["a", "b"], targets: .classes([0, 1, 2])) } throws: {
            "\($0)" == "training example 2 has the label id 2, but the ids are 0 to 1"
        }
    }

    @Test func `weights are read as typed`() {
        #expect(ClassWeights("effective-number") == .effectiveNumber(beta: 0.9999))
        #expect(ClassWeights("effective-number=0.9") == .effectiveNumber(beta: 0.9))
        #expect(ClassWeights("effective-number=1") == nil && ClassWeights("effective-number=x") == nil)
    }
}
