extension RegexMachine {
    /// Runs an instruction of the rarer kinds.
    ///
    /// - Returns: False if it fails.
    mutating func stepRarely(
        _ instruction: RegexInstruction,
        _ counter: inout Int32,
        _ position: inout Int
    ) -> Bool {
        switch instruction.operation {
        case .literal:
            let (start, length) = (Int(instruction.a), Int(instruction.b))
            guard position + length <= text.count else { return false }
            for index in 0..<length where text[position + index] != tables.bytes[start + index] {
                return false
            }
            position += length
        case .folded: return takeFolded(instruction, &position)
        case .anchor: return isAt(instruction.a, position)
        case .barrier:
            push(.barrier, 0, position, barrier)
            barrier = stack.count - 1
        case .negative:
            push(.negative, instruction.a, position, barrier)
            barrier = stack.count - 1
        case .cut:
            let place = cutToBarrier()
            if instruction.a == 1 { position = place }
        case .negativeEnd:
            _ = cutToBarrier()
            return false
        case .behind: return stepBack(instruction, counter, &position)
        case .atBarrier: return barrier >= 0 && position == stack[barrier].position
        case .mark:
            push(.register, instruction.a, registers[Int(instruction.a)])
            registers[Int(instruction.a)] = position
        case .leaveIfEmpty:
            if registers[Int(instruction.a)] == position { counter = instruction.b }
        case .save:
            push(.slot, instruction.a, slots[Int(instruction.a)])
            slots[Int(instruction.a)] = position
        case .reference: return takeReference(instruction, &counter, &position)
        default: return false
        }
        return true
    }

    /// Removes the choices since the last barrier, but keeps the frames that restore groups and registers.
    ///
    /// - Returns: The barrier's position.
    private mutating func cutToBarrier() -> Int {
        guard barrier >= 0, barrier < stack.count else { return 0 }
        let (place, outer, bottom) = (stack[barrier].position, stack[barrier].other, barrier)
        barrier = outer
        if slots.isEmpty, registers.isEmpty {
            stack.removeSubrange(bottom...)
        } else {
            let kept = stack[bottom...].filter { $0.kind == .slot || $0.kind == .register }
            stack.replaceSubrange(bottom..., with: kept)
        }
        return place
    }

    private mutating func stepBack(
        _ instruction: RegexInstruction,
        _ next: Int32,
        _ position: inout Int
    ) -> Bool {
        var index = position
        for _ in 0..<instruction.a {
            guard index > 0 else { return false }
            index -= UTF8Scanner.scalar(text, before: index).length
        }
        stepsLeft -= Int(instruction.a)
        if instruction.b < 0 {
            push(.behind, next, index, .max)
        } else if instruction.b > instruction.a {
            push(.behind, next, index, Int(instruction.b - instruction.a))
        }
        position = index
        return true
    }

    /// Matches characters whose joined foldings equal the wanted ones.
    private func takeFolded(_ instruction: RegexInstruction, _ position: inout Int) -> Bool {
        var wanted = Int(instruction.a)
        let end = wanted + Int(instruction.b)
        while wanted < end {
            guard position < text.count else { return false }
            let next = UTF8Scanner.scalar(text, at: position)
            if next.value < 0x80 {
                let isUpper = next.value >= 0x41 && next.value <= 0x5A
                guard tables.foldings[wanted] == (isUpper ? next.value + 0x20 : next.value) else {
                    return false
                }
                wanted += 1
            } else {
                for folded in CaseFolding.fold(next.value) {
                    guard wanted < end, tables.foldings[wanted] == folded else { return false }
                    wanted += 1
                }
            }
            position += next.length
        }
        return true
    }

    private func isAt(_ anchor: Int32, _ position: Int) -> Bool {
        switch RegexAnchor(rawValue: anchor) {
        case .lineStart: position == 0 || text[position - 1] == 0x0A && position < text.count
        case .lineEnd: position == text.count || text[position] == 0x0A
        case .textStart: position == 0
        case .textEnd: position == text.count
        case .lastLineEnd: position == text.count || position == text.count - 1 && text[position] == 0x0A
        case .searchStart: position == searchStart
        case .wordBoundary: isWord(before: position) != isWord(at: position)
        case .noWordBoundary: isWord(before: position) == isWord(at: position)
        case nil: false
        }
    }

    private func isWord(before position: Int) -> Bool {
        position > 0 && contains(UTF8Scanner.scalar(text, before: position).value, tables.word)
    }

    private func isWord(at position: Int) -> Bool {
        position < text.count && contains(UTF8Scanner.scalar(text, at: position).value, tables.word)
    }

    private mutating func takeReference(
        _ instruction: RegexInstruction,
        _ counter: inout Int32,
        _ position: inout Int
    ) -> Bool {
        let (start, end) = (slots[Int(instruction.a) * 2], slots[Int(instruction.a) * 2 + 1])
        guard start >= 0, end >= start else {
            guard instruction.c >= 0 else { return false }
            counter = instruction.c
            return true
        }
        stepsLeft -= (end - start) >> 2
        if instruction.b == 0 {
            guard position + end - start <= text.count else { return false }
            for index in start..<end where text[position + index - start] != text[index] { return false }
            position += end - start
            return true
        }
        return takeFoldedText(start..<end, &position)
    }

    /// Matches the text of a group regardless of case: character by character, as in tokenizers.
    private func takeFoldedText(_ captured: Range<Int>, _ position: inout Int) -> Bool {
        guard position + captured.count <= text.count else { return false }
        let end = position + captured.count
        var at = captured.lowerBound
        while at < captured.upperBound {
            guard position < text.count else { return false }
            let (wanted, found) = (UTF8Scanner.scalar(text, at: at), UTF8Scanner.scalar(text, at: position))
            // A character that extends beyond the captured number of bytes is compared without folding.
            let isWhole = position + found.length <= end
            guard CaseFolding.fold(wanted.value) == (isWhole ? CaseFolding.fold(found.value) : [found.value])
            else {
                return false
            }
            at += wanted.length
            position += found.length
        }
        return true
    }
}
