import Foundation

/// Trains a linear model on sparse rows: minimizes the summed loss plus half the squared L2 norm of the weights, divided by C.
///
/// Intercepts are not penalized. The method is L-BFGS with a Newton line search. Because every vector is a combination of rows
/// (``LinearVector``), a step multiplies with the sparse matrix twice, and everything else is small.
///
/// Source: Liu and Nocedal 1989; the objective is that of scikit-learn's `LogisticRegression` and `Ridge`.
struct LinearSolver {
    /// The weights of a trained model.
    struct Solution: Sendable {
        /// The weights, for each feature one per column.
        let weights: [Float]
        /// The intercepts, one per column.
        let intercepts: [Float]
        /// The number of steps.
        let steps: Int
        /// Whether the gradient fell below the tolerance.
        let isConverged: Bool
    }

    let rows: SparseRows
    let columns: SparseRows.Lines
    let loss: LinearLoss
    /// The number of columns of the model.
    let columnCount: Int
    /// The inverse strength of the penalty.
    let inversePenalty: Double
    /// The largest component of the gradient at the end, divided by the number of rows.
    let tolerance: Double
    /// The most steps.
    let maximumSteps: Int
    private let space: LinearSpace
    private let workers: Workers
    /// Columns of the product with features that are computed at a time, to limit its memory.
    private let tile: Int
    private let features: SharedNumbers<Float>

    /// Prepares a training.
    ///
    /// - Parameters:
    ///   - rows: The training rows.
    ///   - columns: Their columns.
    ///   - loss: The loss.
    ///   - columnCount: The number of columns.
    ///   - inversePenalty: C.
    ///   - tolerance: The largest component of the gradient at the end, divided by the number of rows.
    ///   - maximumSteps: The most steps.
    ///   - workers: The threads.
    init(
        _ rows: SparseRows,
        _ columns: SparseRows.Lines,
        _ loss: LinearLoss,
        columnCount: Int,
        inversePenalty: Double,
        tolerance: Double,
        maximumSteps: Int = 500,
        _ workers: Workers
    ) {
        (self.rows, self.loss, self.columnCount) = (rows, loss, columnCount)
        (self.inversePenalty, self.tolerance, self.maximumSteps) = (inversePenalty, tolerance, maximumSteps)
        self.workers = workers
        self.columns = columns
        // Whole vector registers.
        let width = columnCount == 1 ? 1 : (columnCount + 7) / 8 * 8
        space = LinearSpace(rows: rows.rows.count, width: width, isJoint: loss.isJoint, workers: workers)
        tile = min(width, 32)
        features = SharedNumbers(count: rows.columnCount * tile)
    }

    /// Trains.
    ///
    /// - Parameter intercepts: The initial intercepts, one per column.
    /// - Returns: The weights.
    func solve(from intercepts: [Double]) -> Solution {
        var model = LinearVector(rows: space.rows, width: space.width)
        for column in 0..<columnCount { model.intercepts[column] = intercepts[column] }
        var history = LinearHistory(space, limit: space.rows * space.width > 1 << 22 ? 3 : 8)
        var (steps, isConverged) = (0, false)
        while true {
            let (gradient, largest) = gradient(at: model)
            let limit = tolerance * Double(space.rows)
            let isActive = largest.map { $0 > limit }
            isConverged = !isActive.contains(true)
            guard !isConverged, steps < maximumSteps else { break }
            var step = history.direction(gradient)
            let lengths = lengths(of: step, from: model, isFirst: steps == 0, isActive)
            guard lengths.contains(where: { $0 > 0 }) else { break }
            step = space.scaled(step, by: lengths)
            space.add([Double](repeating: 1, count: space.problems), step, to: &model)
            history.take(step, gradient)
            steps += 1
        }
        return Solution(
            weights: weights(of: model),
            intercepts: model.intercepts.prefix(columnCount).map(Float.init),
            steps: steps,
            isConverged: isConverged
        )
    }

    // MARK: Gradient

    /// The gradient at a model, and its largest component in each problem.
    private func gradient(at model: LinearVector) -> (vector: LinearVector, largest: [Double]) {
        var gradient = LinearVector(rows: space.rows, width: space.width)
        let (width, count, loss) = (space.width, columnCount, loss)
        let penalty = Float(1 / inversePenalty)
        let own = gradient
        let offsets = model.intercepts.map(Float.init)
        gradient.intercepts = space.sum(width) { rows, sums in
            var scores = [Float](repeating: 0, count: width)
            scores.withUnsafeMutableBufferPointer { scores in
                guard let scores = scores.baseAddress, let result = own.coefficients.elements.baseAddress
                else { return }
                for row in rows {
                    let start = row * width
                    for column in 0..<count {
                        scores[column] = model.products.elements[start + column] + offsets[column]
                    }
                    loss.differentiate(row, scores, count, into: result + start)
                    for column in 0..<count {
                        sums[column] += Double(result[start + column])
                        result[start + column] += penalty * model.coefficients.elements[start + column]
                    }
                }
            }
        }
        var largest = gradient.intercepts.map(abs)
        for start in stride(from: 0, to: width, by: tile) {
            let used = start..<min(start + tile, width)
            multiplyColumns(gradient.coefficients, used)
            for (column, value) in zip(used, largestFeatures(used.count)) {
                largest[column] = max(largest[column], value)
            }
            rows.rows.multiply(
                features,
                columns: 0..<used.count,
                width: tile,
                into: gradient.products,
                productColumn: start,
                productWidth: width,
                workers
            )
        }
        return (gradient, space.isJoint ? [largest.max() ?? 0] : largest)
    }

    /// Computes the feature weights of some columns from coefficients of rows, into ``features``.
    private func multiplyColumns(_ coefficients: SharedNumbers<Float>, _ used: Range<Int>) {
        columns.multiply(
            coefficients,
            columns: used,
            width: space.width,
            into: features,
            productColumn: 0,
            productWidth: tile,
            workers
        )
    }

    /// The largest absolute value of each column of ``features``.
    private func largestFeatures(_ count: Int) -> [Double] {
        let (size, tile, features, total) = (4096, tile, features, rows.columnCount)
        let parts = workers.map((total + size - 1) / size) { piece in
            var largest = [Float](repeating: 0, count: count)
            for feature in piece * size..<min((piece + 1) * size, total) {
                for column in 0..<count {
                    largest[column] = max(largest[column], abs(features.elements[feature * tile + column]))
                }
            }
            return largest
        }
        return (0..<count).map { column in Double(parts.reduce(0) { max($0, $1[column]) }) }
    }

    /// The feature weights of a model.
    private func weights(of model: LinearVector) -> [Float] {
        var weights = [Float](repeating: 0, count: rows.columnCount * columnCount)
        for start in stride(from: 0, to: columnCount, by: tile) {
            let used = start..<min(start + tile, space.width)
            multiplyColumns(model.coefficients, used)
            for feature in 0..<rows.columnCount {
                for column in start..<min(used.upperBound, columnCount) {
                    weights[feature * columnCount + column] =
                        features.elements[feature * tile + column - start]
                }
            }
        }
        return weights
    }

    // MARK: Line search

    /// The length of the step along a direction that nearly minimizes each problem's objective.
    ///
    /// - Parameters:
    ///   - direction: The direction.
    ///   - model: The model to start from.
    ///   - isFirst: Whether the direction is the plain gradient, whose scale says nothing.
    ///   - isActive: The problems to improve; the others get the length 0.
    /// - Returns: One length per problem.
    private func lengths(
        of direction: LinearVector,
        from model: LinearVector,
        isFirst: Bool,
        _ isActive: [Bool]
    ) -> [Double] {
        let penalty = 1 / inversePenalty
        var (linear, square) = (space.dot(model, direction), space.dot(direction, direction))
        // Intercepts are not penalized.
        for column in 0..<space.width {
            let problem = space.isJoint ? 0 : column
            linear[problem] -= model.intercepts[column] * direction.intercepts[column]
            square[problem] -= direction.intercepts[column] * direction.intercepts[column]
        }
        let count = space.problems
        func derivatives(_ lengths: [Double]) -> (slopes: [Double], curvatures: [Double]) {
            var both = lossDerivatives(direction, from: model, lengths)
            for problem in 0..<count {
                both[problem] += penalty * (linear[problem] + lengths[problem] * square[problem])
                both[count + problem] += penalty * square[problem]
            }
            return (Array(both[..<count]), Array(both[count...]))
        }
        var lengths = [Double](repeating: 0, count: count)
        let (first, curvatures) = derivatives(lengths)
        var low = lengths
        var high = [Double](repeating: .infinity, count: count)
        var isOpen = (0..<count).map { isActive[$0] && first[$0] < 0 && curvatures[$0] > 0 }
        for problem in 0..<count where isOpen[problem] {
            lengths[problem] = isFirst ? -first[problem] / curvatures[problem] : 1
        }
        for _ in 0..<Self.maximumTrials where isOpen.contains(true) {
            let (slopes, curvatures) = derivatives(lengths)
            for problem in 0..<count where isOpen[problem] {
                let slope = slopes[problem]
                guard abs(slope) > Self.slopeLeft * -first[problem] else {
                    isOpen[problem] = false
                    continue
                }
                if slope < 0 { low[problem] = lengths[problem] } else { high[problem] = lengths[problem] }
                var next = lengths[problem] - slope / max(curvatures[problem], .leastNormalMagnitude)
                if !(next > low[problem] && next < high[problem]) {
                    next = high[problem].isFinite ? (low[problem] + high[problem]) / 2 : 4 * lengths[problem]
                }
                lengths[problem] = min(next, 16 * max(lengths[problem], 1e-12))
            }
        }
        return lengths
    }

    /// The first derivatives of each problem's loss along a direction, then the second ones.
    private func lossDerivatives(
        _ direction: LinearVector,
        from model: LinearVector,
        _ lengths: [Double]
    ) -> [Double] {
        let (width, count, loss, problems) = (space.width, columnCount, loss, space.problems)
        let factors = (0..<width).map { Float(lengths[space.isJoint ? 0 : $0]) }
        let (start, slope) = (model.intercepts.map(Float.init), direction.intercepts.map(Float.init))
        return space.sum(2 * problems) { rows, sums in
            var slopes = [Double](repeating: 0, count: problems)
            var curvatures = slopes
            var scores = [Float](repeating: 0, count: width)
            var along = scores
            scores.withUnsafeMutableBufferPointer { scores in
                along.withUnsafeMutableBufferPointer { along in
                    guard let scores = scores.baseAddress, let along = along.baseAddress else { return }
                    for row in rows {
                        for column in 0..<count {
                            let place = row * width + column
                            along[column] = direction.products.elements[place] + slope[column]
                            scores[column] =
                                model.products.elements[place] + start[column] + factors[column]
                                * along[column]
                        }
                        loss.addDerivatives(row, scores, along: along, count, &slopes, &curvatures)
                    }
                }
            }
            for problem in 0..<problems {
                sums[problem] += slopes[problem]
                sums[problems + problem] += curvatures[problem]
            }
        }
    }

    /// The share of the initial slope that a line search leaves.
    private static let slopeLeft = 0.1
    private static let maximumTrials = 12
}
