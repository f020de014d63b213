/// Turns JSON text into nodes; see `JSONDocument`.
struct JSONParser {
    private(set) var nodes: [JSONDocument.Node] = []
    private(set) var unescaped: [UInt8] = []
    private var scanner: JSONScanner
    private let text: UnsafeBufferPointer<UInt8>
    private let dialect: JSONDocument.Dialect

    init(_ text: UnsafeBufferPointer<UInt8>, _ dialect: JSONDocument.Dialect) {
        self.text = text
        self.dialect = dialect
        scanner = JSONScanner(text)
        nodes.reserveCapacity(text.count / 12 + 16)
    }

    mutating func parse() throws(JSONFault) {
        if dialect.skipsByteOrderMark, text.starts(with: [0xEF, 0xBB, 0xBF]) { scanner.position = 3 }
        try value(depth: 0)
        guard scanner.isAtEnd() else { throw fault(.trailingText) }
    }

    private func fault(_ reason: JSONFault.Reason) -> JSONFault { JSONFault(reason, at: scanner.position) }

    private mutating func append(_ kind: JSONDocument.Kind, _ start: Int, _ length: Int) {
        nodes.append(
            .init(kind: kind, start: UInt32(start), length: UInt32(length), next: UInt32(nodes.count + 1))
        )
    }

    private mutating func value(depth: Int) throws(JSONFault) {
        let byte = scanner.peek()
        if dialect.countsScalars, depth >= dialect.depthLimit { throw fault(.depth) }
        switch byte {
        case UInt8(ascii: "\""): try string()
        case UInt8(ascii: "{"): try container(.object, close: "}", depth: depth)
        case UInt8(ascii: "["): try container(.array, close: "]", depth: depth)
        case UInt8(ascii: "t"): try word("true", .bool)
        case UInt8(ascii: "f"): try word("false", .bool)
        case UInt8(ascii: "n"): try word("null", .null)
        default: try number()
        }
    }

    private mutating func word(_ word: StaticString, _ kind: JSONDocument.Kind) throws(JSONFault) {
        let start = scanner.position
        guard scanner.take(word: word) else { throw fault(.word("\(word)")) }
        append(kind, start, scanner.position - start)
    }

    private mutating func number() throws(JSONFault) {
        let start = scanner.position
        if dialect.allowsNonFinite,
            scanner.take(word: "NaN") || scanner.take(word: "Infinity") || scanner.take(word: "-Infinity")
        {
            return append(.null, start, scanner.position - start)
        }
        scanner.skipNumberBytes()
        let end = scanner.position
        guard end > start, !dialect.checksNumbers || isNumber(text[start..<end]) else {
            throw JSONFault(.value, at: start)
        }
        append(.number, start, end - start)
    }

    private func isNumber(_ written: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        written.first != UInt8(ascii: "+") && Double(String(decoding: written, as: UTF8.self)) != nil
    }

    private mutating func string() throws(JSONFault) {
        let quote = scanner.position
        scanner.position += 1
        let bits = scanner.skipPlain()
        let end = scanner.position
        if try scanner.takeEndOfString(openedAt: quote) {
            let isValid = bits < 0x80 || Self.isUTF8(UnsafeBufferPointer(rebasing: text[quote + 1..<end]))
            guard isValid else { throw JSONFault(.encoding, at: quote + 1, until: end + 1) }
            return append(.string, quote + 1, end - quote - 1)
        }
        scanner.position = quote
        let start = unescaped.count
        try scanner.appendString(to: &unescaped, replacingHalves: false)
        let isValid = unescaped.withUnsafeBufferPointer {
            Self.isUTF8(UnsafeBufferPointer(rebasing: $0[start...]))
        }
        guard isValid else { throw JSONFault(.encoding, at: quote + 1, until: scanner.position) }
        append(.string, text.count + start, unescaped.count - start)
    }

    private static func isUTF8(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        String(validating: bytes, as: UTF8.self) != nil
    }

    private mutating func container(
        _ kind: JSONDocument.Kind,
        close: Unicode.Scalar,
        depth: Int
    ) throws(JSONFault) {
        guard depth < dialect.depthLimit else { throw fault(.depth) }
        let own = nodes.count
        append(kind, 0, 0)
        scanner.position += 1
        if scanner.take(close) { return }
        var elements: UInt32 = 0
        repeat {
            if kind == .object { try name() }
            try value(depth: depth + 1)
            elements += 1
        } while scanner.take(",")
        guard scanner.take(close) else { throw fault(.separator(close: UInt8(ascii: close))) }
        nodes[own].start = elements
        nodes[own].next = UInt32(nodes.count)
    }

    private mutating func name() throws(JSONFault) {
        guard scanner.peek() == UInt8(ascii: "\"") else { throw fault(.name) }
        try string()
        guard scanner.take(":") else { throw fault(.colon) }
    }
}
