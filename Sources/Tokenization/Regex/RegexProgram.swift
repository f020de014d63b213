/// One step of a compiled regular expression.
struct RegexInstruction: Sendable {
    enum Operation: UInt8, Sendable {
        /// The match ends here.
        case match
        /// The byte `a`.
        case byte
        /// The bytes from `a` on, `b` of them.
        case literal
        /// Characters whose foldings joined are those from `a` on, `b` of them.
        case folded
        /// A character of set `a`.
        case set
        /// Characters of set `a`, at least `b` and at most `c` (-1: any number); as many as possible first.
        case run
        /// The same, as few as possible first.
        case lazyRun
        /// The same, as many as possible and never fewer.
        case possessiveRun
        /// Goes to `a`; should that fail, to `b`.
        case split
        /// Goes to `b` unless a character of set `a` is next.
        case guardSet
        /// Goes to `a`.
        case jump
        /// Fails unless the place is an anchor of kind `a`.
        case anchor
        /// Starts a part that `cut` ends.
        case barrier
        /// Forgets all that could be tried since the last barrier; where `a` is 1, goes back to its place.
        case cut
        /// Starts a part that must not match: should it fail, goes to `a`.
        case negative
        /// The part that must not match has matched: fails.
        case negativeEnd
        /// Goes back `a` characters, or should that fail more of them, up to `b` (-1: any number).
        case behind
        /// Fails unless at the last barrier's place.
        case atBarrier
        /// Notes the place in register `a`.
        case mark
        /// Goes to `b` if the place is that of register `a`: an empty round ends a repetition.
        case leaveIfEmpty
        /// Notes the place in slot `a` of the groups.
        case save
        /// The text of group `a`; where `b` is 1, whatever its case. Where it has not matched, goes to `c`.
        case reference
        /// Fails.
        case fail
    }

    var operation: Operation
    /// Whether a second visit at the same place is sure to fail, as the first did.
    var isMemorable = false
    var a: Int32 = 0
    var b: Int32 = 0
    var c: Int32 = 0
}

/// A compiled regular expression.
struct RegexProgram: Sendable {
    var instructions: [RegexInstruction] = []
    var tables = ScalarTables()
    var bytes: [UInt8] = []
    var foldings: [UInt32] = []
    var registerCount = 0
    var slotCount = 0
    /// The number of the set that a match starts with, or -1 where it may start with anything.
    var first: Int32 = -1
    /// The number of `\w` in `tables`, where an anchor asks for it.
    var word: Int32 = -1
    /// Whether what has failed at a place fails there again, but for what look-arounds hold.
    var canMemorise = true
}
