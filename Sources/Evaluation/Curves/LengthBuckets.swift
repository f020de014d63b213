/// The errors of rows with similar lengths, or of truncated and other rows.
package struct ErrorBucket: Sendable, Equatable {
    /// The bucket's name, such as `17–32`.
    package let name: String
    /// The number of rows.
    package let count: Int
    /// The share of wrong rows; for a regression, the mean absolute error.
    package let error: Double
    /// The 95 % interval of the error; nil without enough rows.
    package let interval: ClosedRange<Double>?

    /// Computes the errors of one bucket.
    ///
    /// - Parameters:
    ///   - name: The bucket's name.
    ///   - errors: Each row's error: 0 or 1, or the absolute error of a regression.
    ///   - areShares: Whether errors are 0 or 1.
    init(_ name: String, _ errors: [Double], areShares: Bool) {
        self.name = name
        count = errors.count
        error = ratio(errors.reduce(0, +), Double(errors.count))
        interval =
            errors.isEmpty
            ? nil
            : areShares
                ? Interval.share(error, of: Double(errors.count)) : Interval.mean(error, of: errors)
    }
}

extension RowScores {
    /// Each row's error: 1 if the answer is wrong, else 0; for a regression, the absolute error.
    package var errors: [Double] {
        if case .numbers(let numbers) = rows.truth {
            return numbers.indices.map { abs(Double(rows.logits[$0]) - numbers[$0]) }
        }
        return isRight.map { $0 ? 0 : 1 }
    }

    private var areShares: Bool { if case .numbers = rows.truth { false } else { true } }

    /// The errors by the number of tokens, in ranges that end at powers of two.
    ///
    /// - Returns: The buckets with rows, ascending.
    package func errorsByLength() -> [ErrorBucket] {
        let errors = errors
        var buckets: [Int: [Double]] = [:]
        for (row, tokens) in rows.tokenCounts.enumerated() {
            var end = 8
            while end < tokens { end *= 2 }
            buckets[end, default: []].append(errors[row])
        }
        return buckets.sorted { $0.key < $1.key }.map { end, errors in
            ErrorBucket(end == 8 ? "1–8" : "\(end / 2 + 1)–\(end)", errors, areShares: areShares)
        }
    }

    /// The errors of whole and of truncated rows.
    ///
    /// - Returns: Two buckets, or only one if there are no truncated rows, or only such.
    package func errorsByTruncation() -> [ErrorBucket] {
        let errors = errors
        return [("whole", false), ("truncated", true)].compactMap { name, isTruncated in
            let own = errors.indices.filter { rows.isTruncated[$0] == isTruncated }.map { errors[$0] }
            return own.isEmpty ? nil : ErrorBucket(name, own, areShares: areShares)
        }
    }
}

/// The numbers of values in equally wide ranges.
package struct Histogram: Sendable, Equatable {
    /// The whole range.
    package let range: ClosedRange<Double>
    /// The number of values in each part of the range; every part is closed above, the first also below.
    package let counts: [Int]

    /// Counts values; those outside the range count in the nearest part.
    ///
    /// - Parameters:
    ///   - values: The values.
    ///   - range: The whole range, of positive width.
    ///   - count: The number of parts.
    package init(_ values: some Sequence<Double>, in range: ClosedRange<Double>, parts count: Int) {
        var counts = [Int](repeating: 0, count: count)
        let width = range.upperBound - range.lowerBound
        for value in values {
            let place = ((value - range.lowerBound) / width * Double(count)).rounded(.up) - 1
            counts[Int(min(max(place, 0), Double(count - 1)))] += 1
        }
        (self.range, self.counts) = (range, counts)
    }

    /// The range of a part.
    ///
    /// - Parameter part: The part's index.
    /// - Returns: Its range.
    package func range(of part: Int) -> ClosedRange<Double> {
        let width = (range.upperBound - range.lowerBound) / Double(counts.count)
        return range.lowerBound + width * Double(part)...range.lowerBound + width * Double(part + 1)
    }
}
