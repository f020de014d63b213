import Foundation

/// The scores of classes that occur, kept for the areas under their curves.
///
/// The areas compare every score of a class with every other, so all scores must be kept: one number per example and
/// class that occurs. All other metrics are computed on the fly.
struct ScoreColumns: Sendable {
    /// The most scores that are kept: 512 MB.
    static let most = 1 << 27

    /// The classes in ascending order.
    let classes: [Int]
    private var scores: Scores

    private enum Scores: Sendable {
        /// Logits by example, with the largest logit and the sum of exponentials of each.
        case softmax(logits: [Float], highest: [Float], totals: [Double])
        /// Logits by example, for independent decisions.
        case sigmoid(logits: [Float])
        /// Probabilities by example.
        case probabilities([Double])
    }

    /// The kind of scores.
    enum Kind { case softmax, sigmoid, probabilities }

    /// The number of scores kept.
    var count: Int {
        switch scores {
        case .softmax(let logits, _, _), .sigmoid(let logits): logits.count
        case .probabilities(let values): values.count
        }
    }

    /// Creates an empty store.
    ///
    /// - Parameters:
    ///   - classes: The classes that occur, in ascending order.
    ///   - count: The number of examples that follow.
    ///   - kind: The kind of scores to be added.
    init(_ classes: [Int], count: Int, _ kind: Kind) {
        self.classes = classes
        func room<Number>(_: Number.Type) -> [Number] {
            var numbers: [Number] = []
            numbers.reserveCapacity(classes.count * count)
            return numbers
        }
        switch kind {
        case .softmax: scores = .softmax(logits: room(Float.self), highest: [], totals: [])
        case .sigmoid: scores = .sigmoid(logits: room(Float.self))
        case .probabilities: scores = .probabilities(room(Double.self))
        }
    }

    /// Adds an example's logits.
    ///
    /// - Parameters:
    ///   - logits: The logits of all classes.
    ///   - highest: The largest of them.
    ///   - total: The sum of the exponentials of the differences from it.
    mutating func add(_ logits: UnsafeBufferPointer<Float>, highest: Float, total: Double) {
        guard case .softmax(var kept, var all, var totals) = scores else { return }
        // Moved out, so that the append does not copy.
        scores = .probabilities([])
        for id in classes { kept.append(logits[id]) }
        all.append(highest)
        totals.append(total)
        scores = .softmax(logits: kept, highest: all, totals: totals)
    }

    /// Adds an example's logits, for independent decisions.
    ///
    /// - Parameter logits: The logits of all classes.
    mutating func add(_ logits: UnsafeBufferPointer<Float>) {
        guard case .sigmoid(var kept) = scores else { return }
        scores = .probabilities([])
        for id in classes { kept.append(logits[id]) }
        scores = .sigmoid(logits: kept)
    }

    /// Adds an example's probabilities.
    ///
    /// - Parameter row: The probabilities of all classes.
    mutating func add(probabilities row: [Double]) {
        guard case .probabilities(var kept) = scores else { return }
        scores = .probabilities([])
        for id in classes { kept.append(row[id]) }
        scores = .probabilities(kept)
    }

    /// Returns the probabilities of some classes, class by class.
    ///
    /// - Parameters:
    ///   - places: Indices into ``classes``.
    ///   - count: The number of examples.
    ///   - columns: Receives `places.count * count` numbers.
    func read(_ places: Range<Int>, count: Int, into columns: UnsafeMutableBufferPointer<Double>) {
        let width = classes.count
        func fill(_ score: (_ example: Int, _ place: Int) -> Double) {
            for example in 0..<count {
                for place in places {
                    columns[(place - places.lowerBound) * count + example] = score(
                        example,
                        example * width + place
                    )
                }
            }
        }
        switch scores {
        case .softmax(let logits, let highest, let totals):
            logits.withUnsafeBufferPointer { logits in
                fill { exp(Double(logits[$1] - highest[$0])) / totals[$0] }
            }
        case .sigmoid(let logits):
            logits.withUnsafeBufferPointer { logits in fill { 1 / (1 + exp(-Double(logits[$1]))) } }
        case .probabilities(let values):
            values.withUnsafeBufferPointer { values in fill { values[$1] } }
        }
    }
}

/// The examples of each class that occurs.
struct ClassMembers: Sendable {
    /// The classes in ascending order.
    let classes: [Int]
    private let starts: [Int]
    private let examples: [Int]

    /// Groups examples by class.
    ///
    /// - Parameters:
    ///   - sets: The classes of each example, without duplicates.
    ///   - classCount: The number of classes, whether or not they occur.
    ///   - wanted: The classes to include.
    init(_ sets: some Sequence<some Sequence<Int>>, classCount: Int, of wanted: Range<Int>) {
        var counts = [Int](repeating: 0, count: classCount)
        for set in sets { for id in set { counts[id] += 1 } }
        classes = wanted.filter { counts[$0] > 0 }
        var ends = [Int](repeating: 0, count: classCount)
        var starts = [0]
        for id in classes {
            ends[id] = starts[starts.count - 1]
            starts.append(ends[id] + counts[id])
        }
        var examples = [Int](repeating: 0, count: starts[starts.count - 1])
        for (example, set) in sets.enumerated() {
            for id in set where wanted.contains(id) {
                examples[ends[id]] = example
                ends[id] += 1
            }
        }
        (self.starts, self.examples) = (starts, examples)
    }

    /// Returns the examples of a class, in ascending order.
    ///
    /// - Parameter place: An index into ``classes``.
    /// - Returns: The examples' indices.
    func examples(ofPlace place: Int) -> ArraySlice<Int> { examples[starts[place]..<starts[place + 1]] }
}
