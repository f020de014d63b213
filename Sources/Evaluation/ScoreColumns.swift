import Foundation

/// The scores of the classes that occur, for the areas under their curves.
///
/// Those areas compare every score of a class with every other, so the scores must be kept: a number for every example and
/// class that occurs. Every other metric takes them as they pass.
struct ScoreColumns: Sendable {
    /// The scores that are kept at the most, 512 MB of them.
    static let most = 1 << 27

    /// The classes, ascending.
    let classes: [Int]
    private var scores: Scores

    private enum Scores: Sendable {
        /// Logits by example, with the largest logit and the sum of exponentials of each.
        case softmax(logits: [Float], highest: [Float], totals: [Double])
        /// Logits by example, each a decision by itself.
        case sigmoid(logits: [Float])
        /// Probabilities by example.
        case probabilities([Double])
    }

    /// What is kept.
    enum Kind { case softmax, sigmoid, probabilities }

    /// How many scores are kept.
    var count: Int {
        switch scores {
        case .softmax(let logits, _, _), .sigmoid(let logits): logits.count
        case .probabilities(let values): values.count
        }
    }

    /// No scores so far.
    ///
    /// - Parameters:
    ///   - classes: Those that occur, ascending.
    ///   - count: Examples to come.
    ///   - kind: What they come as.
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
    ///   - logits: Of all classes.
    ///   - highest: The largest of them.
    ///   - total: The sum of the exponentials of their distances from it.
    mutating func add(_ logits: UnsafeBufferPointer<Float>, highest: Float, total: Double) {
        guard case .softmax(var kept, var all, var totals) = scores else { return }
        // The one owner appends in place.
        scores = .probabilities([])
        for id in classes { kept.append(logits[id]) }
        all.append(highest)
        totals.append(total)
        scores = .softmax(logits: kept, highest: all, totals: totals)
    }

    /// Adds an example's logits, each a decision by itself.
    ///
    /// - Parameter logits: Of all classes.
    mutating func add(_ logits: UnsafeBufferPointer<Float>) {
        guard case .sigmoid(var kept) = scores else { return }
        scores = .probabilities([])
        for id in classes { kept.append(logits[id]) }
        scores = .sigmoid(logits: kept)
    }

    /// Adds an example's probabilities.
    ///
    /// - Parameter row: Of all classes.
    mutating func add(probabilities row: [Double]) {
        guard case .probabilities(var kept) = scores else { return }
        scores = .probabilities([])
        for id in classes { kept.append(row[id]) }
        scores = .probabilities(kept)
    }

    /// The probabilities of some classes, class by class.
    ///
    /// - Parameters:
    ///   - places: Of the classes among ``classes``.
    ///   - count: Examples.
    ///   - columns: Takes `places.count * count` numbers.
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

/// The examples of every class that occurs.
struct ClassMembers: Sendable {
    /// The classes, ascending.
    let classes: [Int]
    private let starts: [Int]
    private let examples: [Int]

    /// Groups examples by their classes.
    ///
    /// - Parameters:
    ///   - sets: By example, its classes, each once.
    ///   - classCount: The number of classes, met or not.
    ///   - wanted: The classes to look at.
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

    /// The examples of a class, ascending.
    ///
    /// - Parameter place: Of the class among ``classes``.
    /// - Returns: Their indices.
    func examples(ofPlace place: Int) -> ArraySlice<Int> { examples[starts[place]..<starts[place + 1]] }
}
