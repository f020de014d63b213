/// Turns JSON text into nodes; see `JSONDocument`.
struct JSONParser {
    /// The position and reason of a parsing error.
    struct Fault: Error {
        var offset: Int
        var reason: String
    }

    private(set) var nodes: [JSONDocument.Node] = []
    private(set) var unescaped: [UInt8] = []
    private var position = 0
    private let count: Int

    init(count: Int) {
        self.count = count
        nodes.reserveCapacity(count / 12 + 16)
    }

    mutating func parse(_ text: UnsafeBufferPointer<UInt8>) throws(Fault) {
        if text.count >= 3, text[0] == 0xEF, text[1] == 0xBB, text[2] == 0xBF { position = 3 }
        try parseValue(text, depth: 0)
        skipSpace(text)
        if position < count { throw Fault(offset: position, reason: "text after the end of the value") }
    }

    /// The current position.
    var offset: Int { position }

    /// Advances the position.
    mutating func advance(by distance: Int) { position += distance }

    /// Appends the node of a string without escapes, which refers to the source.
    mutating func appendString(start: Int, length: Int) { append(.string, start, length) }

    /// Appends the node of a string that had escapes, and stores its unescaped text.
    mutating func appendUnescaped(_ string: [UInt8]) {
        append(.string, count + unescaped.count, string.count)
        unescaped.append(contentsOf: string)
    }

    private mutating func skipSpace(_ text: UnsafeBufferPointer<UInt8>) {
        while position < count {
            switch text[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    private mutating func parseValue(_ text: UnsafeBufferPointer<UInt8>, depth: Int) throws(Fault) {
        skipSpace(text)
        guard position < count else { throw Fault(offset: position, reason: "the text ends too early") }
        switch text[position] {
        case UInt8(ascii: "\""): try parseString(text)
        case UInt8(ascii: "{"): try parseContainer(text, .object, close: UInt8(ascii: "}"), depth: depth)
        case UInt8(ascii: "["): try parseContainer(text, .array, close: UInt8(ascii: "]"), depth: depth)
        case UInt8(ascii: "t"): try parseWord(text, "true", .bool)
        case UInt8(ascii: "f"): try parseWord(text, "false", .bool)
        case UInt8(ascii: "n"): try parseWord(text, "null", .null)
        default: try parseNumber(text)
        }
    }

    private mutating func append(_ kind: JSONDocument.Kind, _ start: Int, _ length: Int) {
        nodes.append(
            .init(kind: kind, start: UInt32(start), length: UInt32(length), next: UInt32(nodes.count + 1))
        )
    }

    private mutating func parseWord(
        _ text: UnsafeBufferPointer<UInt8>,
        _ word: StaticString,
        _ kind: JSONDocument.Kind
    ) throws(Fault) {
        let length = word.utf8CodeUnitCount
        for index in 0..<length {
            guard position + index < count, text[position + index] == word.utf8Start[index] else {
                throw Fault(offset: position, reason: "expected '\(word)'")
            }
        }
        append(kind, position, length)
        position += length
    }

    private mutating func parseNumber(_ text: UnsafeBufferPointer<UInt8>) throws(Fault) {
        let start = position
        while position < count {
            switch text[position] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"),
                UInt8(ascii: "."),
                UInt8(ascii: "e"), UInt8(ascii: "E"):
                position += 1
                continue
            default: break
            }
            break
        }
        guard position > start else { throw Fault(offset: start, reason: "expected a value") }
        append(.number, start, position - start)
    }

    private mutating func parseContainer(
        _ text: UnsafeBufferPointer<UInt8>,
        _ kind: JSONDocument.Kind,
        close: UInt8,
        depth: Int
    ) throws(Fault) {
        guard depth < JSONDocument.depthLimit else {
            throw Fault(offset: position, reason: "nested deeper than \(JSONDocument.depthLimit) levels")
        }
        let own = nodes.count
        append(kind, 0, 0)
        position += 1
        var elements: UInt32 = 0
        skipSpace(text)
        if position < count, text[position] == close {
            position += 1
            return
        }
        while true {
            if kind == .object { try parseKey(text) }
            try parseValue(text, depth: depth + 1)
            elements += 1
            skipSpace(text)
            guard position < count else { throw Fault(offset: position, reason: "the text ends too early") }
            let byte = text[position]
            position += 1
            if byte == close { break }
            guard byte == UInt8(ascii: ",") else {
                throw Fault(offset: position - 1, reason: "expected ',' or '\(Character(.init(close)))'")
            }
        }
        nodes[own].start = elements
        nodes[own].next = UInt32(nodes.count)
    }

    private mutating func parseKey(_ text: UnsafeBufferPointer<UInt8>) throws(Fault) {
        skipSpace(text)
        guard position < count, text[position] == UInt8(ascii: "\"") else {
            throw Fault(offset: position, reason: "expected a member's name in double quotes")
        }
        try parseString(text)
        skipSpace(text)
        guard position < count, text[position] == UInt8(ascii: ":") else {
            throw Fault(offset: position, reason: "expected ':'")
        }
        position += 1
    }
}
