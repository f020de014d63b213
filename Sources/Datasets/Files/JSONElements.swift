/// Takes a JSON file's rows one after another: the elements of one array, an object a line, or objects over several lines.
///
/// Source: the `json` builder of datasets 5.2 (packaged_modules/json/json.py), which reads all three.
struct JSONElements {
    private enum Layout { case unknown, lines, array(openedOn: Int), finished }

    private let input: TextInput
    private var layout = Layout.unknown
    private var isFirst = true
    /// What follows an object on its last line.
    private var rest: [UInt8] = []

    init(_ input: TextInput) { self.input = input }

    /// Whether the file is one array.
    private(set) var isArray = false

    /// Takes the next element.
    ///
    /// - Parameter bytes: Gets the element's bytes.
    /// - Returns: The line on which it starts; nil after the last one.
    /// - Throws: `.badFile` naming the line.
    mutating func next(into bytes: inout [UInt8]) throws(DatasetError) -> Int? {
        bytes.removeAll(keepingCapacity: true)
        if case .unknown = layout { try start() }
        switch layout {
        case .lines: return try nextLine(into: &bytes)
        case .array(let line): return try nextElement(into: &bytes, openedOn: line)
        case .unknown, .finished: return nil
        }
    }

    /// Whether nothing but white space is left.
    func isFinished() throws(DatasetError) -> Bool {
        guard Self.isBlank(rest) else { return false }
        try skipSpace()
        return try input.isFinished()
    }

    private mutating func start() throws(DatasetError) {
        try skipSpace()
        isArray = try input.peek() == UInt8(ascii: "[")
        layout = isArray ? .array(openedOn: input.line) : .lines
        // Lists line by line are no array of rows, and are refused as such.
        if isArray { input.position += 1 }
    }

    private func skipSpace() throws(DatasetError) {
        while let byte = try input.peek(), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            if byte == 0x0A { input.line += 1 }
            input.position += 1
        }
    }

    private static func isBlank(_ bytes: some Collection<UInt8>) -> Bool {
        bytes.allSatisfy { $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }
    }

    // MARK: Lines

    private mutating func nextLine(into bytes: inout [UInt8]) throws(DatasetError) -> Int? {
        let isRest = !rest.isEmpty
        // The line of the rest was counted when it was taken.
        var number = input.line - 1
        swap(&bytes, &rest)
        while Self.isBlank(bytes) {
            guard try !input.isFinished() else { return nil }
            number = input.line
            bytes.removeAll(keepingCapacity: true)
            try takeLine(into: &bytes)
        }
        let last = bytes.last { $0 != 0x20 && $0 != 0x0D && $0 != 0x09 }
        // To follow the brackets of every line would take as long as reading it.
        if isFirst || isRest || last != UInt8(ascii: "}") { try completeObject(&bytes, line: number) }
        isFirst = false
        return number
    }

    private func takeLine(into bytes: inout [UInt8]) throws(DatasetError) {
        try input.take(into: &bytes) { $0 == 0x0A }
        if try !input.isFinished() { input.position += 1 }
        input.line += 1
    }

    /// Adds the lines that belong to an object which its first line does not close.
    ///
    /// If no line closes it, the first line stays alone, so that its own fault is reported.
    private mutating func completeObject(_ bytes: inout [UInt8], line: Int) throws(DatasetError) {
        var depth = JSONDepth()
        if let end = depth.end(in: bytes[...]) { return splitOff(from: end, &bytes) }
        guard depth.isOpen else { return }
        let firstCount = bytes.count
        while try !input.isFinished(), bytes.count <= TextInput.mostRowBytes {
            let start = bytes.count
            bytes.append(0x0A)
            try takeLine(into: &bytes)
            if let end = depth.end(in: bytes[start...]) { return splitOff(from: end, &bytes) }
            guard depth.isOpen else { break }
        }
        bytes.removeLast(bytes.count - firstCount)
        let isBracket = bytes.count { $0 > 0x20 } == 1
        if isBracket, try input.isFinished() {
            throw input.bad("the object that line \(line) opens is never closed")
        }
    }

    /// Keeps another object that starts behind the first one for later.
    private mutating func splitOff(from end: Int, _ bytes: inout [UInt8]) {
        guard bytes[end...].first(where: { $0 != 0x20 && $0 != 0x0D && $0 != 0x09 }) == UInt8(ascii: "{")
        else { return }
        rest = Array(bytes[end...])
        bytes.removeLast(bytes.count - end)
    }

    // MARK: An array

    private mutating func nextElement(
        into bytes: inout [UInt8],
        openedOn line: Int
    ) throws(DatasetError) -> Int? {
        try skipSpace()
        if isFirst {
            isFirst = false
            if try input.peek() == UInt8(ascii: "]") {
                try finishArray(openedOn: line)
                return nil
            }
        } else {
            guard try input.peek() == UInt8(ascii: ",") else {
                try finishArray(openedOn: line)
                return nil
            }
            input.position += 1
        }
        try skipSpace()
        let number = input.line
        try takeElement(into: &bytes)
        return number
    }

    private mutating func finishArray(openedOn first: Int) throws(DatasetError) {
        guard try input.peek() == UInt8(ascii: "]") else {
            let isAtEnd = try input.peek() == nil
            throw input.bad(
                isAtEnd
                    ? "the array that line \(first) opens is never closed"
                    : "line \(input.line): expected \",\" or \"]\" after an object"
            )
        }
        input.position += 1
        layout = .finished
        try skipSpace()
        guard try input.isFinished() else {
            throw input.bad(
                "line \(input.line): something follows the array; the file must be one array of objects"
            )
        }
    }

    /// Takes an array's element up to the comma or bracket behind it.
    private func takeElement(into bytes: inout [UInt8]) throws(DatasetError) {
        var depth = 0
        while true {
            let start = bytes.count
            try input.take(into: &bytes) { byte in
                switch byte {
                case UInt8(ascii: "\""), UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "}"),
                    UInt8(ascii: "]"),
                    UInt8(ascii: ","):
                    true
                default: false
                }
            }
            input.line += bytes[start...].count { $0 == 0x0A }
            guard let byte = try input.peek() else { return }
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 0 { return }
                depth -= 1
            case UInt8(ascii: ",") where depth == 0: return
            default: break
            }
            bytes.append(byte)
            input.position += 1
            if byte == UInt8(ascii: "\"") { try takeString(into: &bytes) }
        }
    }

    private func takeString(into bytes: inout [UInt8]) throws(DatasetError) {
        while true {
            let start = bytes.count
            try input.take(into: &bytes) { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }
            input.line += bytes[start...].count { $0 == 0x0A }
            guard let byte = try input.peek() else { return }
            bytes.append(byte)
            input.position += 1
            if byte == UInt8(ascii: "\"") { return }
            guard let escaped = try input.peek() else { return }
            bytes.append(escaped)
            input.position += 1
        }
    }
}

/// Follows brackets and quotes through the bytes of a JSON value.
struct JSONDepth {
    private var depth = 0
    private var isInString = false
    private var isEscaped = false

    /// Whether an object or a list is not closed yet.
    var isOpen: Bool { depth > 0 }

    /// Follows more bytes.
    ///
    /// - Returns: The place behind the bracket that closes the outermost one; nil if none does.
    mutating func end(in bytes: ArraySlice<UInt8>) -> Int? {
        for index in bytes.indices {
            let byte = bytes[index]
            if isInString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isInString = true
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if depth == 0 { return index + 1 }
                if depth < 0 { return nil }
            default: break
            }
        }
        return nil
    }
}
