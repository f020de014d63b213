/// A parsed regular expression.
indirect enum RegexNode: Sendable {
    /// Matches the empty text at any position.
    case empty
    /// A run of characters; if case is ignored, their foldings.
    case literal([UInt32], ignoresCase: Bool)
    /// One character of a set.
    case set(ScalarSet)
    /// The parts, one after another.
    case sequence([RegexNode])
    /// The first alternative that leads to a match.
    case alternatives([RegexNode])
    /// A repetition; `most` is nil if there is no limit.
    case repetition(RegexNode, least: Int, most: Int?, Greed)
    /// A group that a back-reference can name.
    case capture(RegexNode, Int)
    /// A group without backtracking once it has matched.
    case atomic(RegexNode)
    /// A look-ahead, or a look-behind if `isBehind`, that must match, or must not if `isNegated`.
    case look(RegexNode, isBehind: Bool, isNegated: Bool)
    /// A position in the text.
    case anchor(RegexAnchor)
    /// The text of the last of these groups that has matched.
    case reference([Int], ignoresCase: Bool)

    /// The number of repetitions that is tried first.
    enum Greed: Sendable {
        case greedy, lazy, possessive
    }
}

/// A position in the text.
enum RegexAnchor: Int32, Sendable {
    case lineStart, lineEnd, textStart, textEnd, lastLineEnd, searchStart, wordBoundary, noWordBoundary
}

/// The reason why a regular expression cannot be used.
struct RegexFault: Error, Equatable {
    /// The zero-based position in the expression, in characters.
    var offset: Int
    /// The problem at that position.
    var reason: String
    /// Whether the expression is valid and tokenizers would accept it.
    var isUnsupported: Bool = false
}

extension RegexNode {
    /// The fewest and the most characters of a match; `most` is nil if there is no limit.
    var width: (least: Int, most: Int?) {
        switch self {
        case .empty, .anchor, .look: return (0, 0)
        case .literal(let scalars, let ignoresCase):
            // One character can match a folding of up to three characters.
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

    /// Whether it can match the empty text.
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

    /// The characters that a match can start with; nil if it can match the empty text.
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

    /// The characters that a non-empty match can start with; nil if they are unknown.
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
