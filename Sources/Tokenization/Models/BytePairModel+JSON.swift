import JSON

extension BytePairModel {
    /// Reads the `model` member of a tokenizer.json.
    ///
    /// - Parameters:
    ///   - json: An object of type `BPE`.
    ///   - takesRawBytes: Whether words arrive as raw bytes instead of spelled in the byte alphabet.
    /// - Throws: `.corrupt` or `.unsupported` with the JSON path.
    init(json: JSONDocument.Value, takesRawBytes: Bool) throws(TokenizerError) {
        if let dropout = json["dropout"], dropout.number != 0 {
            throw dropout.fault("dropout makes ids random; set it to null.", .unsupported)
        }
        let vocabulary = try Vocabulary(json: json.required("vocab"))
        var options = Options()
        options.fusesUnknown = try json.flag("fuse_unk", default: false)
        options.ignoresMerges = try json.flag("ignore_merges", default: false)
        options.prefix = try Array((json.optionalString("continuing_subword_prefix") ?? "").utf8)
        options.suffix = try Array((json.optionalString("end_of_word_suffix") ?? "").utf8)
        if let unknown = json["unk_token"] {
            options.unknownID = try vocabulary.id(of: unknown.asUTF8())
        }
        if try json.flag("byte_fallback", default: false) {
            options.byteTokens = vocabulary.byteTokens()
        }
        let merges = try MergeTable(json: json.required("merges"), vocabulary, prefix: options.prefix)
        self.init(
            vocabulary: vocabulary,
            merges: merges,
            options: options,
            takesRawBytes: takesRawBytes,
            joinsMetaspaces: merges.joinsMetaspaces
        )
    }
}

extension Vocabulary {
    /// Reads an object of tokens and ids.
    ///
    /// - Parameter json: `{"token": id, …}`.
    /// - Throws: `.corrupt` with the JSON path.
    init(json: JSONDocument.Value) throws(TokenizerError) {
        guard json.kind == .object else { throw json.fault("expected an object, found \(json.kind).") }
        let document = json.document
        let size = Int(document.nodes[json.index].start)
        self.init(capacity: size, bytes: size * 8)
        var at = json.index + 1
        var wrong: (name: String, index: Int)?
        document.bytes.withUnsafeBufferPointer { bytes in
            for _ in 0..<size {
                let name = document.nodes[at]
                let token = UnsafeBufferPointer(
                    rebasing: bytes[Int(name.start)..<Int(name.start) + Int(name.length)]
                )
                guard let id = Self.id(document.nodes[at + 1], bytes) else {
                    wrong = (String(decoding: token, as: UTF8.self), at + 1)
                    return
                }
                insert(token, id: id)
                at = Int(document.nodes[at + 1].next)
            }
        }
        if let wrong {
            let value = JSONDocument.Value(
                document: document,
                index: wrong.index,
                path: "\(json.path)[\"\(wrong.name)\"]"
            )
            throw value.fault("expected a token id between 0 and \(Self.largestID).")
        }
    }

    private static func id(_ node: JSONDocument.Node, _ bytes: UnsafeBufferPointer<UInt8>) -> Int32? {
        guard node.kind == .number, node.length <= 9 else { return nil }
        var value = 0
        for byte in bytes[Int(node.start)..<Int(node.start) + Int(node.length)] {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            value = value * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return value <= largestID ? Int32(value) : nil
    }

    /// The ids of the tokens `<0x00>` … `<0xFF>`; -1 for a missing one.
    func byteTokens() -> [Int32] {
        (0...255).map { byte in
            let digits = String(byte, radix: 16, uppercase: true)
            return id(of: "<0x\(byte < 16 ? "0" : "")\(digits)>".utf8) ?? -1
        }
    }
}

extension MergeTable {
    /// Reads an array of merges, each `"left right"` or `["left", "right"]`.
    ///
    /// - Parameters:
    ///   - json: The array.
    ///   - vocabulary: The vocabulary, which must contain both halves and the joined token.
    ///   - prefix: The prefix that the right half loses when it is joined.
    /// - Throws: `.corrupt` with the JSON path.
    init(json: JSONDocument.Value, _ vocabulary: Vocabulary, prefix: [UInt8]) throws(TokenizerError) {
        guard json.kind == .array else { throw json.fault("expected an array, found \(json.kind).") }
        let document = json.document
        let size = Int(document.nodes[json.index].start)
        self.init(capacity: size)
        var at = json.index + 1
        var rank: UInt32 = 0
        var wrong: Int?
        document.bytes.withUnsafeBufferPointer { bytes in
            for position in 0..<size {
                let node = document.nodes[at]
                if let (left, right) = Self.halves(document, at, bytes) {
                    guard insert(left, right, rank: rank, vocabulary, prefix.count) else {
                        wrong = position
                        return
                    }
                    rank += 1
                } else if !Self.isVersionLine(node, bytes) {
                    wrong = position
                    return
                }
                at = Int(node.next)
            }
        }
        if let wrong {
            throw json.elements[wrong].fault(
                "expected two tokens of the vocabulary that join to another token."
            )
        }
    }

    /// Adds a merge of two texts.
    ///
    /// - Returns: False if one of them, or the joined text, is not a token.
    mutating func insert(
        _ left: UnsafeBufferPointer<UInt8>,
        _ right: UnsafeBufferPointer<UInt8>,
        rank: UInt32,
        _ vocabulary: Vocabulary,
        _ prefixLength: Int
    ) -> Bool {
        guard let leftID = vocabulary.id(of: left), let rightID = vocabulary.id(of: right),
            right.count >= prefixLength
        else { return false }
        let length = left.count + right.count - prefixLength
        let joined = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: max(length, 1)) { buffer in
            for (index, byte) in left.enumerated() { buffer[index] = byte }
            for index in prefixLength..<right.count {
                buffer[left.count + index - prefixLength] = right[index]
            }
            return vocabulary.id(of: UnsafeBufferPointer(rebasing: buffer[0..<length]))
        }
        guard let joined else { return false }
        if Metaspace.joins(left, right) { joinsMetaspaces = true }
        insert(leftID, rightID, Merge(rank: rank, id: joined))
        return true
    }

    private typealias Halves = (UnsafeBufferPointer<UInt8>, UnsafeBufferPointer<UInt8>)

    private static func halves(
        _ document: JSONDocument,
        _ at: Int,
        _ bytes: UnsafeBufferPointer<UInt8>
    ) -> Halves? {
        func text(_ node: JSONDocument.Node) -> UnsafeBufferPointer<UInt8> {
            UnsafeBufferPointer(rebasing: bytes[Int(node.start)..<Int(node.start) + Int(node.length)])
        }
        let node = document.nodes[at]
        if node.kind == .array, node.start == 2 {
            let (left, right) = (document.nodes[at + 1], document.nodes[Int(document.nodes[at + 1].next)])
            guard left.kind == .string, right.kind == .string else { return nil }
            return (text(left), text(right))
        }
        guard node.kind == .string, !isVersionLine(node, bytes) else { return nil }
        return split(text(node))
    }

    /// Cuts `"left right"` at its only space.
    static func split(
        _ line: UnsafeBufferPointer<UInt8>
    ) -> (UnsafeBufferPointer<UInt8>, UnsafeBufferPointer<UInt8>)? {
        guard let space = line.firstIndex(of: 0x20), line.lastIndex(of: 0x20) == space else { return nil }
        return (
            UnsafeBufferPointer(rebasing: line[..<space]), UnsafeBufferPointer(rebasing: line[(space + 1)...])
        )
    }

    private static func isVersionLine(
        _ node: JSONDocument.Node,
        _ bytes: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        node.kind == .string
            && bytes[Int(node.start)..<Int(node.start) + Int(node.length)]
                .starts(with: "#version".utf8)
    }
}
