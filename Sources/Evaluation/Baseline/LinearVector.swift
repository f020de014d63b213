/// A vector in the space of a linear model's weights, written as a combination of the training rows.
///
/// Every gradient of the loss is such a combination, so every step and every model is, too. A vector of features times columns
/// thus needs only rows times columns numbers: its coefficients, and its products with the rows, from which dot products of two
/// vectors follow.
struct LinearVector: Sendable {
    /// The coefficients of the rows, for each row one per column.
    var coefficients: SharedNumbers<Float>
    /// The products of the rows with the vector, for each row one per column.
    var products: SharedNumbers<Float>
    /// The part that belongs to the intercepts, one per column.
    var intercepts: [Double]

    /// Creates the zero vector.
    ///
    /// - Parameters:
    ///   - rows: The number of rows.
    ///   - width: The number of columns.
    init(rows: Int, width: Int) {
        coefficients = SharedNumbers(count: rows * width)
        products = SharedNumbers(count: rows * width)
        intercepts = [Double](repeating: 0, count: width)
    }
}

/// The arithmetic of vectors with several columns, in fixed blocks of rows so that the number of threads changes no bit.
struct LinearSpace: Sendable {
    /// The number of rows.
    let rows: Int
    /// The number of columns.
    let width: Int
    /// Whether dot products are summed over all columns.
    let isJoint: Bool
    /// The threads.
    let workers: Workers

    /// The number of dot products: one per problem.
    var problems: Int { isJoint ? 1 : width }

    private static let rowsOfBlock = 512

    /// Runs a closure for blocks of rows.
    func perform(_ body: @Sendable (Range<Int>) -> Void) {
        workers.perform(blockCount) { body(block($0)) }
    }

    /// Adds up the numbers of blocks of rows.
    ///
    /// - Parameters:
    ///   - count: The number of sums.
    ///   - body: Adds the numbers of a block.
    /// - Returns: The sums over all rows.
    func sum(_ count: Int, _ body: @Sendable (Range<Int>, inout [Double]) -> Void) -> [Double] {
        let parts = workers.map(blockCount) { index in
            var sums = [Double](repeating: 0, count: count)
            body(block(index), &sums)
            return sums
        }
        return parts.reduce(into: [Double](repeating: 0, count: count)) { total, part in
            for index in part.indices { total[index] += part[index] }
        }
    }

    private var blockCount: Int { (rows + Self.rowsOfBlock - 1) / Self.rowsOfBlock }

    private func block(_ index: Int) -> Range<Int> {
        index * Self.rowsOfBlock..<min((index + 1) * Self.rowsOfBlock, rows)
    }

    /// The dot products of two vectors, one per problem.
    func dot(_ a: LinearVector, _ b: LinearVector) -> [Double] {
        let (width, isJoint) = (width, isJoint)
        var sums = sum(problems) { rows, sums in
            let (first, second) = (a.coefficients.elements, b.products.elements)
            for row in rows {
                var total: Float = 0
                for column in 0..<width {
                    let product = first[row * width + column] * second[row * width + column]
                    if isJoint { total += product } else { sums[column] += Double(product) }
                }
                if isJoint { sums[0] += Double(total) }
            }
        }
        for column in 0..<width {
            sums[isJoint ? 0 : column] += a.intercepts[column] * b.intercepts[column]
        }
        return sums
    }

    /// Adds a multiple of a vector, with a factor per problem.
    func add(_ factors: [Double], _ vector: LinearVector, to sum: inout LinearVector) {
        let (width, own) = (width, (0..<width).map { Float(factors[isJoint ? 0 : $0]) })
        let (coefficients, products) = (sum.coefficients, sum.products)
        perform { rows in
            for row in rows {
                for column in 0..<width {
                    let place = row * width + column
                    coefficients.elements[place] += own[column] * vector.coefficients.elements[place]
                    products.elements[place] += own[column] * vector.products.elements[place]
                }
            }
        }
        for column in 0..<width {
            sum.intercepts[column] += factors[isJoint ? 0 : column] * vector.intercepts[column]
        }
    }

    /// A multiple of a vector, with a factor per problem.
    func scaled(_ vector: LinearVector, by factors: [Double]) -> LinearVector {
        var result = LinearVector(rows: rows, width: width)
        add(factors, vector, to: &result)
        return result
    }
}
