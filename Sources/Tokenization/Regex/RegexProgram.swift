/// One step of a compiled regular expression.
struct RegexInstruction: Sendable {
    enum Operation: UInt8, Sendable {
        /// The match ends here.
        case match
        /// The byte `a`.
        case byte
        /// The `b` bytes from `a`.
        case literal
        /// Characters whose joined foldings are the `b` foldings from `a`.
        case folded
        /// A character of set `a`.
        case set
        /// Characters of set `a`, at least `b` and at most `c` (-1: any number); as many as possible first.
        case run
        /// The same, as few as possible first.
        case lazyRun
        /// The same, as many as possible and never fewer.
        case possessiveRun
        /// Goes to `a`; if that fails, to `b`.
        case split
        /// Goes to `b` unless a character of set `a` is next.
        case guardSet
        /// Goes to `a`.
        case jump
        /// Fails unless the position is an anchor of kind `a`.
        case anchor
        /// Starts a part that `cut` ends.
        case barrier
        /// Removes all choices since the last barrier; if `a` is 1, goes back to its position.
        case cut
        /// Starts a part that must not match: if it fails, goes to `a`.
        case negative
        /// The part that must not match has matched: fails.
        case negativeEnd
        /// Goes back `a` characters; if that fails, more, up to `b` (-1: any number).
        case behind
        /// Fails unless at the last barrier's position.
        case atBarrier
        /// Stores the position in register `a`.
        case mark
        /// Goes to `b` if the position is that of register `a`: an empty round ends a repetition.
        case leaveIfEmpty
        /// Stores the position in slot `a` of the groups.
        case save
        /// The text of group `a`, regardless of case if `b` is 1; goes to `c` if the group has not matched.
        case reference
        /// Fails.
        case fail
    }

    var operation: Operation
    /// Whether a second visit at the same position must fail as the first did.
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
    /// The number of the set that a match starts with, or -1 if it can start with anything.
    var first: Int32 = -1
    /// The number of `\w` in `tables`, if an anchor uses it.
    var word: Int32 = -1
    /// Whether a choice that has failed at a position fails there again, except inside look-arounds.
    var canMemorise = true
}
