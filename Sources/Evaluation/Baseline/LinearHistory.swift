/// The last steps of L-BFGS and the changes of the gradient along them.
struct LinearHistory {
    private struct Pair {
        let step: LinearVector
        let change: LinearVector
        /// The inverse dot product of step and change, one per problem; 0 if the problem did not move.
        let inverse: [Double]
    }

    private let space: LinearSpace
    private let limit: Int
    private var pairs: [Pair] = []
    private var last: (step: LinearVector, gradient: LinearVector)?

    /// Creates an empty history.
    ///
    /// - Parameters:
    ///   - space: The arithmetic of the vectors.
    ///   - limit: The number of steps to remember.
    init(_ space: LinearSpace, limit: Int) { (self.space, self.limit) = (space, limit) }

    /// Remembers a step and the gradient before it.
    ///
    /// - Parameters:
    ///   - step: The change of the model.
    ///   - gradient: The gradient before the step.
    mutating func take(_ step: LinearVector, _ gradient: LinearVector) { last = (step, gradient) }

    /// The direction to step along.
    ///
    /// - Parameter gradient: The gradient at the model, after the last step that was remembered.
    /// - Returns: The negative gradient, multiplied with an approximation of the inverse Hessian.
    mutating func direction(_ gradient: LinearVector) -> LinearVector {
        let minusOne = [Double](repeating: -1, count: space.problems)
        var direction = space.scaled(gradient, by: minusOne)
        var scale = minusOne.map { -$0 }
        if let last {
            var change = last.gradient
            // The earlier gradient is not needed any more, so its memory becomes the change.
            space.add([Double](repeating: -2, count: space.problems), change, to: &change)
            space.add(scale, gradient, to: &change)
            let (product, square) = (space.dot(last.step, change), space.dot(change, change))
            let inverse = product.map { $0 > 0 ? 1 / $0 : 0 }
            pairs.append(Pair(step: last.step, change: change, inverse: inverse))
            if pairs.count > limit { pairs.removeFirst() }
            scale = scales(product, square)
        }
        var weights: [[Double]] = []
        for pair in pairs.reversed() {
            let weight = products(pair.inverse, space.dot(pair.step, direction))
            space.add(weight.map { -$0 }, pair.change, to: &direction)
            weights.append(weight)
        }
        direction = space.scaled(direction, by: scale)
        for (pair, weight) in zip(pairs, weights.reversed()) {
            let other = products(pair.inverse, space.dot(pair.change, direction))
            space.add(zip(weight, other).map { $0 - $1 }, pair.step, to: &direction)
        }
        return direction
    }

    private func products(_ a: [Double], _ b: [Double]) -> [Double] { zip(a, b).map { $0 * $1 } }

    /// The scale of the initial approximation.
    private func scales(_ product: [Double], _ square: [Double]) -> [Double] {
        zip(product, square).map { $0 > 0 && $1 > 0 ? $0 / $1 : 1 }
    }
}
