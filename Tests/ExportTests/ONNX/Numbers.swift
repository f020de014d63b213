import TestSupport

/// Numbers along any number of axes, row by row; integers and truth values, too.
struct Numbers {
    var shape: [Int]
    var values: [Double]

    init(_ values: [Double], _ shape: [Int]) {
        self.values = values
        self.shape = shape
    }

    /// The elements as whole numbers.
    var integers: [Int] { values.map { Int($0) } }

    /// The number of elements between neighbours along each axis.
    private static func strides(_ shape: [Int]) -> [Int] {
        var strides = [Int](repeating: 1, count: shape.count)
        for axis in shape.indices.dropLast().reversed() {
            strides[axis] = strides[axis + 1] * shape[axis + 1]
        }
        return strides
    }

    /// Creates numbers from their places along all axes.
    static func filled(_ shape: [Int], _ body: ([Int]) -> Double) -> Numbers {
        let strides = strides(shape)
        let values = (0..<shape.reduce(1, *)).map { index in
            body(zip(shape, strides).map { size, stride in index / stride % size })
        }
        return Numbers(values, shape)
    }

    /// The element at a place; axes of size 1 are repeated, and leading axes of the place are ignored.
    subscript(place: [Int]) -> Double {
        let own = place.suffix(shape.count)
        let index = zip(zip(own, shape), Self.strides(shape)).reduce(0) { sum, next in
            sum + (next.0.1 == 1 ? 0 : next.0.0) * next.1
        }
        return values[index]
    }

    static func broadcast(_ a: [Int], _ b: [Int]) throws -> [Int] {
        let count = max(a.count, b.count)
        func filled(_ shape: [Int]) -> [Int] { [Int](repeating: 1, count: count - shape.count) + shape }
        return try zip(filled(a), filled(b)).map { first, second in
            guard first == second || first == 1 || second == 1 else {
                throw FixtureError("shapes \(a) and \(b) do not fit")
            }
            return first == 1 ? second : first
        }
    }

    func map(_ body: (Double) -> Double) -> Numbers { Numbers(values.map(body), shape) }

    func combined(_ other: Numbers, _ body: (Double, Double) -> Double) throws -> Numbers {
        if shape == other.shape { return Numbers(zip(values, other.values).map { body($0, $1) }, shape) }
        return .filled(try Self.broadcast(shape, other.shape)) { body(self[$0], other[$0]) }
    }

    func expanded(_ target: [Int]) throws -> Numbers {
        .filled(try Self.broadcast(shape, target)) { self[$0] }
    }

    /// An axis counted from the beginning.
    func axis(_ axis: Int) -> Int { axis < 0 ? axis + shape.count : axis }

    /// The shape that `Reshape` makes of its input: 0 copies a size, -1 stands for the remaining one.
    func reshaped(_ target: [Int]) throws -> Numbers {
        var sizes = target.enumerated().map { $1 == 0 ? shape[$0] : $1 }
        if let index = sizes.firstIndex(of: -1) {
            sizes[index] = values.count / max(sizes.filter { $0 != -1 }.reduce(1, *), 1)
        }
        guard sizes.reduce(1, *) == values.count else {
            throw FixtureError("\(shape) cannot become \(target)")
        }
        return Numbers(values, sizes)
    }

    func transposed(_ order: [Int]) -> Numbers {
        .filled(order.map { shape[$0] }) { place in
            var source = place
            for (target, axis) in order.enumerated() { source[axis] = place[target] }
            return self[source]
        }
    }

    func sliced(_ axis: Int, _ range: Range<Int>) -> Numbers {
        var sizes = shape
        sizes[axis] = range.count
        return .filled(sizes) { place in
            var source = place
            source[axis] += range.lowerBound
            return self[source]
        }
    }

    static func concatenated(_ parts: [Numbers], _ axis: Int) -> Numbers {
        let axis = parts[0].axis(axis)
        var sizes = parts[0].shape
        sizes[axis] = parts.reduce(0) { $0 + $1.shape[axis] }
        return .filled(sizes) { place in
            var source = place
            for part in parts {
                if source[axis] < part.shape[axis] { return part[source] }
                source[axis] -= part.shape[axis]
            }
            return .nan
        }
    }

    func gathered(_ axis: Int, _ indices: Numbers) -> Numbers {
        let sizes = shape[..<axis] + indices.shape + shape[(axis + 1)...]
        return .filled(Array(sizes)) { place in
            let middle = Array(place[axis..<axis + indices.shape.count])
            let index = Int(indices[middle])
            let end = Array(place[(axis + indices.shape.count)...])
            return self[Array(place[..<axis]) + [index] + end]
        }
    }

    /// Combines the elements along axes.
    func reduced(_ axes: [Int], keeps: Bool, _ body: ([Double]) -> Double) -> Numbers {
        let own = Set(axes.map(axis))
        let kept = shape.enumerated().map { own.contains($0) ? 1 : $1 }
        let inner = Self(
            [Double](repeating: 0, count: own.reduce(1) { $0 * shape[$1] }),
            shape.enumerated().map { own.contains($0) ? $1 : 1 }
        )
        let innerStrides = Self.strides(inner.shape)
        let result = Numbers.filled(kept) { place in
            body(
                inner.values.indices.map { index in
                    let offsets = zip(inner.shape, innerStrides).map { size, stride in index / stride % size }
                    return self[zip(place, offsets).map(+)]
                }
            )
        }
        guard !keeps else { return result }
        return Numbers(result.values, shape.enumerated().filter { !own.contains($0.offset) }.map(\.element))
    }

    func matmul(_ other: Numbers) throws -> Numbers {
        guard let inner = shape.last, shape.count > 1, other.shape.count > 1,
            other.shape[other.shape.count - 2] == inner
        else { throw FixtureError("a product of \(shape) and \(other.shape)") }
        let leading = try Self.broadcast(Array(shape.dropLast(2)), Array(other.shape.dropLast(2)))
        let (rows, columns) = (shape[shape.count - 2], other.shape[other.shape.count - 1])
        let (first, second) = (
            try expanded(leading + shape.suffix(2)), try other.expanded(leading + other.shape.suffix(2))
        )
        var result = [Double](repeating: 0, count: leading.reduce(1, *) * rows * columns)
        for matrix in 0..<leading.reduce(1, *) {
            for row in 0..<rows {
                for step in 0..<inner {
                    let factor = first.values[(matrix * rows + row) * inner + step]
                    for column in 0..<columns {
                        result[(matrix * rows + row) * columns + column] +=
                            factor * second.values[(matrix * inner + step) * columns + column]
                    }
                }
            }
        }
        return Numbers(result, leading + [rows, columns])
    }

    /// Changes each row along the last axis.
    func rows(_ body: ([Double]) -> [Double]) -> Numbers {
        let width = shape.last ?? 1
        let changed = stride(from: 0, to: values.count, by: width).flatMap {
            body(Array(values[$0..<$0 + width]))
        }
        return Numbers(changed, shape)
    }
}
