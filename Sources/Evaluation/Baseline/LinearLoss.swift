import Foundation

/// The loss of a linear model on its training rows, as a function of the scores of each row.
enum LinearLoss: Sendable {
    /// Cross entropy of the softmax over all columns; one class per row.
    case softmax([Int32])
    /// Cross entropy of a sigmoid per column; the columns of each row that are true.
    case logistic([[Int32]])
    /// Half the squared error of one column; one number per row.
    case squared([Float])

    /// Whether all columns form one problem, instead of one each.
    var isJoint: Bool { if case .softmax = self { true } else { false } }

    /// The loss of some columns alone.
    ///
    /// - Parameter columns: The columns; all of them for a joint problem.
    /// - Returns: The loss, whose columns are counted from 0.
    func selecting(_ columns: Range<Int>) -> LinearLoss {
        guard case .logistic(let sets) = self else { return self }
        let first = Int32(columns.lowerBound)
        return .logistic(
            sets.map { set in set.filter { columns.contains(Int($0)) }.map { $0 - first } }
        )
    }

    /// The derivative of the loss of a row by its scores.
    ///
    /// - Parameters:
    ///   - row: The row's index.
    ///   - scores: One score per column.
    ///   - count: The number of columns.
    ///   - result: Receives one number per column.
    func differentiate(
        _ row: Int,
        _ scores: UnsafeMutablePointer<Float>,
        _ count: Int,
        into result: UnsafeMutablePointer<Float>
    ) {
        switch self {
        case .softmax(let classes):
            Self.softmax(scores, count, into: result)
            result[Int(classes[row])] -= 1
        case .logistic(let sets):
            for column in 0..<count { result[column] = 1 / (1 + exp(-scores[column])) }
            for column in sets[row] { result[Int(column)] -= 1 }
        case .squared(let numbers): result[0] = scores[0] - numbers[row]
        }
    }

    /// Adds the first and second derivative of a row's loss along a direction.
    ///
    /// - Parameters:
    ///   - row: The row's index.
    ///   - scores: One score per column; overwritten.
    ///   - direction: The direction, one number per column.
    ///   - count: The number of columns.
    ///   - slopes: Receives the first derivatives, one per problem.
    ///   - curvatures: Receives the second derivatives, one per problem.
    func addDerivatives(
        _ row: Int,
        _ scores: UnsafeMutablePointer<Float>,
        along direction: UnsafePointer<Float>,
        _ count: Int,
        _ slopes: inout [Double],
        _ curvatures: inout [Double]
    ) {
        switch self {
        case .softmax(let classes):
            Self.softmax(scores, count, into: scores)
            var (mean, square): (Float, Float) = (0, 0)
            for column in 0..<count {
                let part = scores[column] * direction[column]
                mean += part
                square += part * direction[column]
            }
            slopes[0] += Double(mean - direction[Int(classes[row])])
            curvatures[0] += Double(max(square - mean * mean, 0))
        case .logistic(let sets):
            for column in 0..<count {
                let probability = 1 / (1 + exp(-scores[column]))
                slopes[column] += Double(probability * direction[column])
                let square = direction[column] * direction[column]
                curvatures[column] += Double(probability * (1 - probability) * square)
            }
            for column in sets[row] { slopes[Int(column)] -= Double(direction[Int(column)]) }
        case .squared(let numbers):
            slopes[0] += Double((scores[0] - numbers[row]) * direction[0])
            curvatures[0] += Double(direction[0] * direction[0])
        }
    }

    private static func softmax(
        _ scores: UnsafeMutablePointer<Float>,
        _ count: Int,
        into result: UnsafeMutablePointer<Float>
    ) {
        var highest = scores[0]
        for column in 1..<max(count, 1) { highest = max(highest, scores[column]) }
        var total: Float = 0
        for column in 0..<count {
            result[column] = exp(scores[column] - highest)
            total += result[column]
        }
        let share = 1 / total
        for column in 0..<count { result[column] *= share }
    }
}
