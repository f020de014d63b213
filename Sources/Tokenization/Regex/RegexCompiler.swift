/// Turns a regular expression into a program for `RegexMachine`.
struct RegexCompiler {
    private(set) var program = RegexProgram()
    private var lookDepth = 0
    private let capturesMatter: Bool
    /// Whether the program has exceeded the limit.
    private var isTooLarge = false

    /// The maximum number of instructions; repeated groups are expanded.
    private static let mostInstructions = 50_000

    /// Compiles an expression.
    ///
    /// - Throws: `RegexFault` if the expression is too large.
    static func compile(_ node: RegexNode, referencesGroups: Bool) throws(RegexFault) -> RegexProgram {
        var compiler = RegexCompiler(capturesMatter: referencesGroups)
        compiler.program.canMemorise = !referencesGroups
        compiler.add(node)
        compiler.emit(.match)
        if compiler.isTooLarge {
            throw RegexFault(
                offset: 0,
                reason: "an expression this large is not supported",
                isUnsupported: true
            )
        }
        if let first = node.firstSet { compiler.program.first = Int32(compiler.program.tables.add(first)) }
        compiler.makeRunsPossessive()
        return compiler.program
    }

    private init(capturesMatter: Bool) { self.capturesMatter = capturesMatter }

    private var here: Int32 { Int32(program.instructions.count) }

    @discardableResult
    private mutating func emit(
        _ operation: RegexInstruction.Operation,
        _ a: Int32 = 0,
        _ b: Int32 = 0,
        _ c: Int32 = 0
    ) -> Int {
        if program.instructions.count >= Self.mostInstructions { isTooLarge = true }
        let isMemorable =
            lookDepth == 0 && (operation == .split || operation == .run || operation == .lazyRun)
        if !isTooLarge {
            program.instructions.append(
                RegexInstruction(operation: operation, isMemorable: isMemorable, a: a, b: b, c: c)
            )
        }
        return max(0, program.instructions.count - 1)
    }

    private mutating func number(_ set: ScalarSet) -> Int32 { Int32(program.tables.add(set)) }

    private mutating func add(_ node: RegexNode) {
        guard !isTooLarge else { return }
        switch node {
        case .empty: break
        case .literal(let scalars, let ignoresCase): addLiteral(scalars, ignoresCase)
        case .set(let set): emit(.set, number(set))
        case .sequence(let parts): for part in parts { add(part) }
        case .alternatives(let parts): addAlternatives(parts)
        case .repetition(let body, let least, let most, let greed):
            addRepetition(body, least, most, greed)
        case .capture(let body, let group):
            guard capturesMatter else { return add(body) }
            program.slotCount = max(program.slotCount, group * 2 + 2)
            emit(.save, Int32(group * 2))
            add(body)
            emit(.save, Int32(group * 2 + 1))
        case .atomic(let body):
            emit(.barrier)
            add(body)
            emit(.cut, 0)
        case .look(let body, let isBehind, let isNegated): addLook(body, isBehind, isNegated)
        case .anchor(let anchor):
            if anchor == .wordBoundary || anchor == .noWordBoundary {
                program.word = number(UnicodeSets.word.union(RegexParser.latin1Numbers))
            }
            emit(.anchor, anchor.rawValue)
        case .reference(let groups, let ignoresCase):
            // The last group that has matched counts. If none has, the reference fails.
            for group in groups.reversed() {
                emit(.reference, Int32(group), ignoresCase ? 1 : 0, here + 2)
                if group != groups.first { emit(.jump, 0) }
            }
            patchReferences(groups.count)
            program.slotCount = max(program.slotCount, (groups.max() ?? 0) * 2 + 2)
        }
    }

    /// Links consecutive references.
    ///
    /// A group without text goes to the next one, or fails if it is the last. A group with text skips the rest.
    private mutating func patchReferences(_ count: Int) {
        guard !isTooLarge else { return }
        let end = here
        for step in 0..<count {
            let at = program.instructions.count - 1 - 2 * step
            program.instructions[at].c = step == 0 ? -1 : Int32(at + 2)
            if step > 0 { program.instructions[at + 1].a = end }
        }
    }

    private mutating func addLiteral(_ scalars: [UInt32], _ ignoresCase: Bool) {
        if ignoresCase {
            emit(.folded, Int32(program.foldings.count), Int32(scalars.count))
            program.foldings += scalars
            return
        }
        let start = program.bytes.count
        for scalar in scalars { UTF8Scanner.append(scalar, to: &program.bytes) }
        let length = program.bytes.count - start
        if length == 1 {
            emit(.byte, Int32(program.bytes.removeLast()))
        } else {
            emit(.literal, Int32(start), Int32(length))
        }
    }

    private mutating func addAlternatives(_ parts: [RegexNode]) {
        var ends: [Int] = []
        for (index, part) in parts.enumerated() {
            guard index < parts.count - 1 else {
                add(part)
                break
            }
            // A branch that cannot start with the next character is skipped.
            let guardAt = part.firstSet.map { emit(.guardSet, number($0)) }
            let split = emit(.split)
            point(split, a: here)
            add(part)
            ends.append(emit(.jump))
            point(split, b: here)
            if let guardAt { point(guardAt, b: here) }
        }
        for end in ends { point(end, a: here) }
    }

    private mutating func point(_ index: Int, a: Int32? = nil, b: Int32? = nil) {
        guard !isTooLarge else { return }
        if let a { program.instructions[index].a = a }
        if let b { program.instructions[index].b = b }
    }

    // MARK: Repetition

    private mutating func addRepetition(
        _ body: RegexNode,
        _ least: Int,
        _ most: Int?,
        _ greed: RegexNode.Greed
    ) {
        if let set = Self.singleCharacter(body) {
            let operation: RegexInstruction.Operation =
                switch greed {
                case .greedy: .run
                case .lazy: .lazyRun
                case .possessive: .possessiveRun
                }
            emit(operation, number(set), Int32(least), most.map(Int32.init) ?? -1)
            return
        }
        if greed == .possessive { emit(.barrier) }
        for _ in 0..<least where !isTooLarge { add(body) }
        if let most {
            var exits: [Int] = []
            for _ in least..<max(least, most) where !isTooLarge {
                exits.append(addSplit(greed))
                add(body)
            }
            for exit in exits { leave(exit, greed) }
        } else {
            addLoop(body, greed)
        }
        if greed == .possessive { emit(.cut, 0) }
    }

    private mutating func addLoop(_ body: RegexNode, _ greed: RegexNode.Greed) {
        let start = here
        let split = addSplit(greed)
        var check: Int?
        if body.isNullable {
            let register = Int32(program.registerCount)
            program.registerCount += 1
            program.canMemorise = false
            emit(.mark, register)
            add(body)
            check = emit(.leaveIfEmpty, register)
        } else {
            add(body)
        }
        emit(.jump, start)
        leave(split, greed)
        if let check { point(check, b: here) }
    }

    /// Emits a choice between another round, which follows, and the exit, which `leave` sets.
    private mutating func addSplit(_ greed: RegexNode.Greed) -> Int {
        let split = emit(.split)
        if greed == .lazy { point(split, b: here) } else { point(split, a: here) }
        return split
    }

    private mutating func leave(_ split: Int, _ greed: RegexNode.Greed) {
        if greed == .lazy { point(split, a: here) } else { point(split, b: here) }
    }

    private static func singleCharacter(_ node: RegexNode) -> ScalarSet? {
        switch node {
        case .set(let set): return set
        case .literal(let scalars, ignoresCase: false) where scalars.count == 1:
            return ScalarSet(scalars[0]..<scalars[0] + 1)
        case .alternatives(let parts):
            var result = ScalarSet()
            for part in parts {
                guard let set = singleCharacter(part) else { return nil }
                result = result.union(set)
            }
            return result
        default: return nil
        }
    }

    // MARK: Look-around

    private mutating func addLook(_ body: RegexNode, _ isBehind: Bool, _ isNegated: Bool) {
        lookDepth += 1
        let start = emit(isNegated ? .negative : .barrier)
        if isBehind {
            let width = body.width
            emit(.behind, Int32(width.least), width.most.map(Int32.init) ?? -1)
        }
        add(body)
        if isBehind { emit(.atBarrier) }
        emit(isNegated ? .negativeEnd : .cut, 1)
        if isNegated { point(start, a: here) }
        lookDepth -= 1
    }

    // MARK: Runs

    /// Makes a run possessive if the next instruction cannot match any of its characters: shortening it is useless.
    private mutating func makeRunsPossessive() {
        for index in program.instructions.indices where program.instructions[index].operation == .run {
            let run = program.tables.sets[Int(program.instructions[index].a)]
            var next = index + 1
            while program.instructions[next].operation == .jump { next = Int(program.instructions[next].a) }
            let follower = program.instructions[next]
            let isApart: Bool =
                switch follower.operation {
                case .match: true
                case .byte: !run.contains(UInt32(follower.a)) && follower.a < 0x80
                case .set: run.intersection(program.tables.sets[Int(follower.a)]).isEmpty
                case .run, .possessiveRun, .lazyRun:
                    follower.b > 0 && run.intersection(program.tables.sets[Int(follower.a)]).isEmpty
                default: false
                }
            if isApart { program.instructions[index].operation = .possessiveRun }
        }
    }
}
