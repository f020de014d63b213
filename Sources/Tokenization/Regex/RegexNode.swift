/// A regular expression as it is read.
indirect enum RegexNode: Sendable {
    /// Matches nothing, everywhere.
    case empty
    /// A run of characters; where case is ignored, their foldings.
    case literal([UInt32], ignoresCase: Bool)
    /// One character of a set.
    case set(ScalarSet)
    /// One after another.
    case sequence([RegexNode])
    /// The first that leads to a match.
    case alternatives([RegexNode])
    /// So many times; `most` is nil where there is no limit.
    case repetition(RegexNode, least: Int, most: Int?, Greed)
    /// A group whose text a back-reference may ask for.
    case capture(RegexNode, Int)
    /// A group that is not entered again once it has matched.
    case atomic(RegexNode)
    /// What follows, or where `isBehind` precedes, must or must not match.
    case look(RegexNode, isBehind: Bool, isNegated: Bool)
    /// A place in the text.
    case anchor(RegexAnchor)
    /// The text of the last of these groups that has matched.
    case reference([Int], ignoresCase: Bool)

    /// Which number of repetitions is tried first.
    enum Greed: Sendable {
        case greedy, lazy, possessive
    }
}

/// A place in the text.
enum RegexAnchor: Int32, Sendable {
    case lineStart, lineEnd, textStart, textEnd, lastLineEnd, searchStart, wordBoundary, noWordBoundary
}

/// Why a regular expression was not understood.
struct RegexFault: Error, Equatable {
    /// Where in the expression, in characters from 0.
    var offset: Int
    /// What is wrong there.
    var reason: String
    /// Whether the expression is sound, and tokenizers would take it.
    var isUnsupported: Bool = false
}

extension RegexNode {
    /// The fewest and the most characters of a match; `most` is nil where there is no limit.
    var width: (least: Int, most: Int?) {
        switch self {
        case .empty, .anchor, .look: return (0, 0)
        case .literal(let scalars, let ignoresCase):
            // A folding of up to three characters may stand as one.
            return ignoresCase ? ((scalars.count + 2) / 3, scalars.count) : (scalars.count, scalars.count)
        case .set: return (1, 1)
        case .sequence(let parts):
            return parts.reduce((0, 0)) { sum, part in
                let width = part.width
                return (Self.add(sum.0, width.least), Self.sum(sum.1, width.most))
            }
        case .alternatives(let parts):
            let widths = parts.map(\.width)
            let most = widths.reduce(Int?(0)) { sum, width in
                guard let sum, let most = width.most else { return nil }
                return max(sum, most)
            }
            return (widths.map(\.least).min() ?? 0, most)
        case .repetition(let body, let least, let most, _):
            let width = body.width
            let longest = width.most == 0 ? 0 : most.flatMap { Self.product($0, width.most) }
            return (Self.product(least, width.least) ?? Self.unlimited, longest)
        case .capture(let body, _), .atomic(let body): return body.width
        case .reference: return (0, nil)
        }
    }

    /// Whether it can match without a character.
    var isNullable: Bool { width.least == 0 }

    private static let unlimited = 1 << 30

    private static func add(_ left: Int, _ right: Int) -> Int { min(left + right, unlimited) }

    private static func sum(_ left: Int?, _ right: Int?) -> Int? {
        guard let left, let right, left + right < unlimited else { return nil }
        return left + right
    }

    private static func product(_ count: Int, _ width: Int?) -> Int? {
        guard let width else { return nil }
        let (result, overflow) = count.multipliedReportingOverflow(by: width)
        return overflow || result >= unlimited ? nil : result
    }

    /// The characters that a match can start with; nil where it may match without one.
    var firstSet: ScalarSet? {
        switch self {
        case .empty, .anchor, .look, .reference: return nil
        case .literal(let scalars, let ignoresCase):
            guard let first = scalars.first else { return nil }
            return ignoresCase ? CaseFolding.starting(with: first) : ScalarSet(first..<first + 1)
        case .set(let set): return set
        case .sequence(let parts):
            var result = ScalarSet()
            for part in parts {
                if let first = part.firstSet { return result.union(first) }
                guard let possible = part.possibleFirst else { return nil }
                result = result.union(possible)
            }
            return nil
        case .alternatives(let parts):
            var result = ScalarSet()
            for part in parts {
                guard let first = part.firstSet else { return nil }
                result = result.union(first)
            }
            return result
        case .repetition(let body, let least, _, _): return least > 0 ? body.firstSet : nil
        case .capture(let body, _), .atomic(let body): return body.firstSet
        }
    }

    /// The characters with which a match that is not empty starts; nil where that is not known.
    private var possibleFirst: ScalarSet? {
        switch self {
        case .empty, .anchor, .look: return ScalarSet()
        case .reference: return nil
        case .literal, .set: return firstSet
        case .sequence(let parts):
            var result = ScalarSet()
            for part in parts {
                guard let possible = part.possibleFirst else { return nil }
                result = result.union(possible)
                if !part.isNullable { break }
            }
            return result
        case .alternatives(let parts):
            var result = ScalarSet()
            for part in parts {
                guard let possible = part.possibleFirst else { return nil }
                result = result.union(possible)
            }
            return result
        case .repetition(let body, _, _, _), .capture(let body, _), .atomic(let body):
            return body.possibleFirst
        }
    }
}
