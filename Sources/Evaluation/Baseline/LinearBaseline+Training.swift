import Foundation

extension LinearBaseline {
    /// The limits of a training, which bound its time and its memory.
    package struct Options: Sendable {
        /// The inverse strength of the L2 penalty.
        package var inversePenalty = 1.0
        /// The largest component of the gradient at the end, divided by the number of rows.
        package var tolerance = 1e-4
        /// The number of texts that an n-gram must occur in to be a feature.
        package var minimumTexts = 1
        /// The most features; those in most texts are kept.
        package var maximumFeatures = 1 << 20
        /// The most weights, over all features and columns.
        package var maximumWeights = 1 << 26
        /// The number of labels above which only words are features, and classes are trained one against all others.
        package var manyLabels = 128
        /// The most numbers of a vector of the solver: columns that are separate problems are trained in several parts.
        package var mostScores = 1 << 22
        /// The number of threads; nil uses all cores.
        package var threads: Int?

        /// Creates the default options.
        package init() {}
    }

    /// Trains a baseline.
    ///
    /// - Parameters:
    ///   - texts: The texts.
    ///   - truth: The true answers, one per text.
    ///   - labels: The label names by id; for numbers, one name.
    ///   - options: The limits.
    package init(
        training texts: [String],
        _ truth: ScoredRows.Truth,
        labels: [String],
        _ options: Options = Options()
    ) {
        precondition(texts.count == truth.count, "an answer for each text")
        let workers = options.threads.map(Workers.init) ?? .all
        let hasManyLabels = labels.count > options.manyLabels
        let problem = LinearProblem(truth, labelCount: labels.count, isJoint: !hasManyLabels)
        let usesCharacters = !hasManyLabels
        let counted = CountedTexts.blocks(texts, withCharacters: usesCharacters, workers)
        let columnCount = problem.columns.count
        let vocabulary = NGramVocabulary(
            counted,
            minimumTexts: options.minimumTexts,
            limit: min(options.maximumFeatures, options.maximumWeights / max(columnCount, 1)),
            workers
        )
        let rows = SparseRows(counted, vocabulary, workers)
        let trained = Self.train(rows, problem, options, workers)
        self.init(
            problem.kind,
            labels,
            usesCharacters,
            columnCount > 0 ? vocabulary : NGramVocabulary(hashes: [], weights: []),
            columns: problem.columns,
            constants: problem.constants,
            weights: trained.weights.map { $0 * problem.scale },
            intercepts: trained.intercepts.map { $0 * problem.scale + problem.mean }
        )
    }

    private static func train(
        _ rows: SparseRows,
        _ problem: LinearProblem,
        _ options: Options,
        _ workers: Workers
    ) -> (weights: [Float], intercepts: [Float]) {
        let count = problem.columns.count
        guard count > 0 else { return ([], []) }
        let lines = rows.columns()
        let part = problem.loss.isJoint ? count : max(8, options.mostScores / max(rows.rows.count, 1) / 8 * 8)
        var weights = [Float](repeating: 0, count: rows.columnCount * count)
        var intercepts: [Float] = []
        for start in stride(from: 0, to: count, by: part) {
            let own = start..<min(start + part, count)
            let solver = LinearSolver(
                rows,
                lines,
                problem.loss.selecting(own),
                columnCount: own.count,
                inversePenalty: options.inversePenalty,
                tolerance: options.tolerance,
                workers
            )
            let solution = solver.solve(from: Array(problem.intercepts[own]))
            intercepts += solution.intercepts
            guard own.count < count else { return (solution.weights, intercepts) }
            for feature in 0..<rows.columnCount {
                for column in own {
                    weights[feature * count + column] = solution.weights[feature * own.count + column - start]
                }
            }
        }
        return (weights, intercepts)
    }
}

/// The training targets of a baseline, in the form that the solver needs.
struct LinearProblem {
    /// The kind of answers.
    let kind: LinearBaseline.Kind
    /// The loss.
    let loss: LinearLoss
    /// The label ids of the columns.
    let columns: [Int]
    /// The scores of labels without a column, by id.
    let constants: [Float]
    /// The initial intercepts: those of the best model without features.
    let intercepts: [Double]
    /// The standard deviation of the numbers of a regression, whose targets are standardized; else 1.
    var scale: Float = 1
    /// The mean of the numbers of a regression; else 0.
    var mean: Float = 0

    /// The score of a label that no training text has, and minus the score of one that all have.
    private static let unseen: Float = -30

    /// Prepares targets.
    ///
    /// - Parameters:
    ///   - truth: The true answers.
    ///   - labelCount: The number of labels.
    ///   - isJoint: Whether three and more classes are one problem; if not, each is one against all others.
    init(_ truth: ScoredRows.Truth, labelCount: Int, isJoint: Bool = true) {
        let total = Double(truth.count)
        var constants = [Float](repeating: Self.unseen, count: labelCount)
        switch truth {
        case .classes(let ids):
            kind = .classes
            var counts = [Int](repeating: 0, count: labelCount)
            for id in ids { counts[id] += 1 }
            let present = counts.indices.filter { counts[$0] > 0 }
            for id in present { constants[id] = 0 }
            switch present.count {
            case 0, 1: (columns, intercepts, loss) = ([], [], .softmax([]))
            case 2:
                // As in scikit-learn, one column for two classes: the score of the second one.
                columns = [present[1]]
                intercepts = [log(Double(counts[present[1]]) / Double(counts[present[0]]))]
                loss = .logistic(ids.map { $0 == present[1] ? [0] : [] })
            default:
                columns = present
                var places = [Int32](repeating: 0, count: labelCount)
                for (place, id) in present.enumerated() { places[id] = Int32(place) }
                if isJoint {
                    let logs = present.map { log(Double(counts[$0]) / total) }
                    let mean = logs.reduce(0, +) / Double(logs.count)
                    intercepts = logs.map { $0 - mean }
                    loss = .softmax(ids.map { places[$0] })
                } else {
                    intercepts = present.map { log(Double(counts[$0]) / (total - Double(counts[$0]))) }
                    loss = .logistic(ids.map { [places[$0]] })
                }
            }
        case .labelSets(let sets):
            kind = .labelSets
            var counts = [Int](repeating: 0, count: labelCount)
            for set in sets { for id in set { counts[id] += 1 } }
            columns = counts.indices.filter { counts[$0] > 0 && counts[$0] < sets.count }
            for id in counts.indices where !sets.isEmpty && counts[id] == sets.count {
                constants[id] = -Self.unseen
            }
            intercepts = columns.map { log(Double(counts[$0]) / (total - Double(counts[$0]))) }
            var places = [Int32](repeating: -1, count: labelCount)
            for (place, id) in columns.enumerated() { places[id] = Int32(place) }
            loss = .logistic(sets.map { $0.map { places[$0] }.filter { $0 >= 0 } })
        case .numbers(let numbers):
            kind = .number
            let mean = numbers.isEmpty ? 0 : numbers.reduce(0, +) / total
            let squares = numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            let deviation = numbers.isEmpty ? 0 : (squares / total).squareRoot()
            constants = [Float](repeating: Float(mean), count: labelCount)
            (scale, self.mean) = (Float(deviation), Float(mean))
            columns = deviation > 0 ? [0] : []
            intercepts = columns.map { _ in 0 }
            loss = .squared(deviation > 0 ? numbers.map { Float(($0 - mean) / deviation) } : [])
        }
        self.constants = constants
    }
}
