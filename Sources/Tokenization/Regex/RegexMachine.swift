/// Runs a compiled regular expression over a text.
///
/// It backtracks like tokenizers' engine, on an explicit stack. A long search remembers the positions at which a choice
/// has failed, which makes it linear in the text. That is not sound for back-references and repetitions of groups
/// that may be empty; for these and for look-arounds, a limit on the steps ends the search.
struct RegexMachine {
    /// The action to take when a choice has failed.
    struct Frame {
        enum Kind: UInt8 {
            case resume, run, lazyRun, barrier, negative, behind, register, slot
        }

        var kind: Kind
        var target: Int32
        var position: Int
        var other: Int
    }

    /// A program's tables, accessed without copying.
    struct Tables {
        var instructions: UnsafeBufferPointer<RegexInstruction>
        var blocks: UnsafeBufferPointer<UInt32>
        var bits: UnsafeBufferPointer<UInt64>
        var bytes: UnsafeBufferPointer<UInt8>
        var foldings: UnsafeBufferPointer<UInt32>
        var first: Int32
        var word: Int32
        var canMemorise: Bool
    }

    let tables: Tables
    /// The text; nothing beyond it is read.
    let text: UnsafeBufferPointer<UInt8>
    var stack: [Frame] = []
    var barrier = -1
    var registers: [Int]
    var slots: [Int]
    var searchStart = 0
    var stepsLeft: Int
    private var memo = RegexMemo()
    private var stepsUntilMemo = 0

    /// Searches of more steps than this remember the positions at which they failed.
    private static let stepsBeforeMemo = 50_000
    /// The maximum number of choices on the stack: about 100 MB.
    static let deepestStack = 1 << 22

    init(_ program: RegexProgram, tables: Tables, text: UnsafeBufferPointer<UInt8>) {
        self.tables = tables
        self.text = text
        registers = Array(repeating: -1, count: program.registerCount)
        slots = Array(repeating: -1, count: program.slotCount)
        stepsLeft = RegularExpression.steps(for: text.count)
    }

    /// Whether a search was abandoned because it took too many steps.
    var isExhausted: Bool { stepsLeft <= 0 }

    /// The first match that starts at or after an index.
    mutating func firstMatch(from start: Int) -> Range<Int>? {
        searchStart = start
        stepsUntilMemo = Self.stepsBeforeMemo
        memo.forget()
        var index = start
        while index <= text.count {
            if tables.first >= 0 {
                while index < text.count {
                    let next = UTF8Scanner.scalar(text, at: index)
                    if contains(next.value, tables.first) { break }
                    index += next.length
                }
                if index == text.count { return nil }
            }
            if let end = match(at: index) { return index..<end }
            guard index < text.count, stepsLeft > 0 else { return nil }
            index += UTF8Scanner.scalar(text, at: index).length
        }
        return nil
    }

    @inline(__always)
    func contains(_ scalar: UInt32, _ set: Int32) -> Bool {
        ScalarTables.contains(scalar, set, tables.blocks, tables.bits)
    }

    /// The end of a match that starts at an index.
    private mutating func match(at start: Int) -> Int? {
        stack.removeAll(keepingCapacity: true)
        barrier = -1
        for index in slots.indices { slots[index] = -1 }
        var counter: Int32 = 0
        var position = start
        while true {
            if step(&counter, &position) {
                if counter < 0 { return position }
            } else if !backtrack(&counter, &position) {
                return nil
            }
        }
    }

    /// Runs instructions until one fails or the match ends.
    ///
    /// - Returns: False if one fails; at the end of a match the counter is negative.
    private mutating func step(_ counter: inout Int32, _ position: inout Int) -> Bool {
        while true {
            let instruction = tables.instructions[Int(counter)]
            stepsLeft -= 1
            guard stepsLeft > 0 else { return false }
            if instruction.isMemorable, tables.canMemorise, !isNew(counter, position) { return false }
            counter += 1
            switch instruction.operation {
            case .match:
                counter = -1
                return true
            case .byte:
                guard position < text.count, text[position] == UInt8(truncatingIfNeeded: instruction.a) else {
                    return false
                }
                position += 1
            case .set:
                guard position < text.count else { return false }
                let next = UTF8Scanner.scalar(text, at: position)
                guard contains(next.value, instruction.a) else { return false }
                position += next.length
            case .run, .lazyRun, .possessiveRun:
                guard take(instruction, counter, &position) else { return false }
            case .split:
                push(.resume, instruction.b, position)
                counter = instruction.a
            case .guardSet:
                guard position < text.count,
                    contains(UTF8Scanner.scalar(text, at: position).value, instruction.a)
                else {
                    counter = instruction.b
                    continue
                }
            case .jump: counter = instruction.a
            default:
                guard stepRarely(instruction, &counter, &position) else { return false }
            }
        }
    }

    /// Records a choice at a position as tried, and returns whether it is new.
    private mutating func isNew(_ counter: Int32, _ position: Int) -> Bool {
        guard !memo.isOn else { return memo.insert(counter, position) }
        stepsUntilMemo -= 1
        if stepsUntilMemo == 0 { memo.start(tables.instructions, searchStart...text.count) }
        return true
    }

    @inline(__always)
    mutating func push(_ kind: Frame.Kind, _ target: Int32, _ position: Int, _ other: Int = 0) {
        if stack.count >= Self.deepestStack { stepsLeft = 0 }
        stack.append(Frame(kind: kind, target: target, position: position, other: other))
    }

    /// Matches a run of characters of one set.
    private mutating func take(
        _ instruction: RegexInstruction,
        _ next: Int32,
        _ position: inout Int
    ) -> Bool {
        var count: Int32 = 0
        let isLazy = instruction.operation == .lazyRun
        let most = isLazy ? instruction.b : instruction.c
        var index = position
        var low = position
        while count != most, index < text.count {
            let scalar = UTF8Scanner.scalar(text, at: index)
            guard contains(scalar.value, instruction.a) else { break }
            index += scalar.length
            count += 1
            if count == instruction.b { low = index }
        }
        stepsLeft -= (index - position) >> 2
        guard count >= instruction.b else { return false }
        if isLazy {
            if count != instruction.c {
                let left = instruction.c < 0 ? Int.max : Int(instruction.c - count)
                push(.lazyRun, next, index, left)
            }
        } else if instruction.operation == .run, index > low {
            push(.run, next, index, low)
        }
        position = index
        return true
    }

    /// Goes back to the last choice with an untried alternative.
    ///
    /// - Returns: False if none is left.
    private mutating func backtrack(_ counter: inout Int32, _ position: inout Int) -> Bool {
        while let frame = stack.popLast() {
            stepsLeft -= 1
            guard stepsLeft > 0 else { return false }
            switch frame.kind {
            case .resume:
                (counter, position) = (frame.target, frame.position)
                return true
            case .run:
                position = frame.position - UTF8Scanner.scalar(text, before: frame.position).length
                if position > frame.other { push(.run, frame.target, position, frame.other) }
                counter = frame.target
                return true
            case .lazyRun:
                guard frame.position < text.count else { continue }
                let scalar = UTF8Scanner.scalar(text, at: frame.position)
                let set = tables.instructions[Int(frame.target) - 1].a
                guard contains(scalar.value, set) else { continue }
                position = frame.position + scalar.length
                if frame.other > 1 {
                    push(.lazyRun, frame.target, position, frame.other == .max ? .max : frame.other - 1)
                }
                counter = frame.target
                return true
            case .barrier: barrier = frame.other
            case .negative:
                barrier = frame.other
                (counter, position) = (frame.target, frame.position)
                return true
            case .behind:
                guard frame.position > 0 else { continue }
                position = frame.position - UTF8Scanner.scalar(text, before: frame.position).length
                if frame.other > 1 {
                    push(.behind, frame.target, position, frame.other == .max ? .max : frame.other - 1)
                }
                counter = frame.target
                return true
            case .register: registers[Int(frame.target)] = frame.position
            case .slot: slots[Int(frame.target)] = frame.position
            }
        }
        return false
    }
}

/// The choices that a search has tried, by position.
struct RegexMemo {
    /// The memory limit, in bits.
    private static let mostBits = 1 << 28

    private var bits: [UInt64] = []
    /// For each instruction, the index of its row of bits.
    private var rows: [Int32] = []
    private var start = 0
    private var width = 0

    /// Whether choices are recorded.
    var isOn: Bool { width > 0 }

    /// Removes all records.
    mutating func forget() {
        guard isOn else { return }
        bits = []
        width = 0
    }

    /// Starts recording, if it fits into the memory limit.
    mutating func start(_ instructions: UnsafeBufferPointer<RegexInstruction>, _ range: ClosedRange<Int>) {
        var count: Int32 = 0
        rows = instructions.map { instruction in
            defer { if instruction.isMemorable { count += 1 } }
            return count
        }
        guard Int(count) * range.count <= Self.mostBits else { return }
        start = range.lowerBound
        width = range.count
        bits = Array(repeating: 0, count: Int(count) * width / 64 + 1)
    }

    /// Records a choice.
    ///
    /// - Returns: False if it was already recorded.
    mutating func insert(_ counter: Int32, _ position: Int) -> Bool {
        let index = Int(rows[Int(counter)]) * width + position - start
        let mask: UInt64 = 1 << UInt64(index & 63)
        guard position >= start, bits[index >> 6] & mask == 0 else { return position < start }
        bits[index >> 6] |= mask
        return true
    }
}
