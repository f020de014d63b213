import JSON

extension JSONDocument {
    /// Parses one of a tokenizer's JSON files.
    ///
    /// - Parameter source: UTF-8.
    /// - Throws: `.corrupt` with line and column.
    init(parsing source: [UInt8]) throws(TokenizerError) {
        do throws(JSONFault) {
            try self.init(parsing: source, .tokenizer)
        } catch {
            throw Self.explain(error, in: source)
        }
    }

    private static func explain(_ fault: JSONFault, in source: [UInt8]) -> TokenizerError {
        if fault.reason == .size {
            return TokenizerError(.corrupt, "The JSON text has \(source.count) bytes; the limit is 2 GB.")
        }
        let place = fault.place(in: source)
        return TokenizerError(
            .corrupt,
            "Not valid JSON at line \(place.line), column \(place.column): "
                + "\(reason(of: fault, isAtEnd: fault.offset == source.count))."
        )
    }

    private static func reason(of fault: JSONFault, isAtEnd: Bool) -> String {
        switch fault.reason {
        case .value where isAtEnd, .separator where isAtEnd: "the text ends too early"
        case .value: "expected a value"
        case .word(let word): "expected '\(word)'"
        case .separator(let close): "expected ',' or '\(Character(Unicode.Scalar(close)))'"
        case .name: "expected a member's name in double quotes"
        case .colon: "expected ':'"
        case .openString, .shortEscape: "an unterminated string"
        case .controlCharacter: "a control character in a string"
        case .encoding: "a string that is not UTF-8"
        case .unknownEscape: "an unknown escape in a string"
        case .hexadecimalDigit: "expected a hexadecimal digit"
        case .halfPair: "a lone surrogate, which is not a character"
        case .depth: "nested deeper than \(Dialect.tokenizer.depthLimit) levels"
        case .trailingText: "text after the end of the value"
        case .size: "more than 2 GB"
        }
    }
}

extension JSONDocument.Value {
    /// The value as JSON text on one line.
    var serialized: String {
        switch kind {
        case .null: "null"
        case .bool, .number: String(decoding: text, as: UTF8.self)
        case .string: JSONWriter.quoted(string ?? "")
        case .array: "[" + elements.map(\.serialized).joined(separator: ", ") + "]"
        case .object:
            "{"
                + members.map { "\(JSONWriter.quoted($0.name)): \($0.value.serialized)" }
                .joined(separator: ", ") + "}"
        }
    }

    /// An error about this value.
    func fault(_ reason: String, _ code: TokenizerError.Code = .corrupt) -> TokenizerError {
        TokenizerError(code, "\(path): \(reason)")
    }
}

// MARK: - Typed reading

extension JSONDocument.Value {
    /// Returns a required member.
    func required(_ name: String) throws(TokenizerError) -> JSONDocument.Value {
        guard let value = self[name] else { throw fault("the member '\(name)' is missing.") }
        return value
    }

    /// Returns the value, which must be a string.
    func asString() throws(TokenizerError) -> String {
        guard let string else { throw fault("expected a string, found \(kind).") }
        return string
    }

    /// Returns the UTF-8 of the value, which must be a string.
    func asUTF8() throws(TokenizerError) -> [UInt8] {
        guard let utf8 else { throw fault("expected a string, found \(kind).") }
        return Array(utf8)
    }

    /// Returns the value, which must be a token id.
    func asTokenID() throws(TokenizerError) -> Int32 {
        guard let integer, let id = Int32(exactly: integer), id >= 0, id <= Vocabulary.largestID else {
            throw fault("expected a token id between 0 and \(Vocabulary.largestID).")
        }
        return id
    }

    /// Returns the value, which must be a single character.
    func asScalar() throws(TokenizerError) -> UInt32 {
        let scalars = Array(try asString().unicodeScalars)
        guard scalars.count == 1 else { throw fault("expected a single character, found \(scalars.count).") }
        return scalars[0].value
    }

    /// Returns the value, which must be a count.
    func asCount() throws(TokenizerError) -> Int {
        guard let integer, integer >= 0 else { throw fault("expected a whole number of at least 0.") }
        return integer
    }

    /// Returns a Boolean member, or a default if it is missing.
    func flag(_ name: String, default value: Bool) throws(TokenizerError) -> Bool {
        guard let member = self[name] else { return value }
        guard let bool = member.bool else {
            throw member.fault("expected true or false, found \(member.kind).")
        }
        return bool
    }

    /// Returns a string member, or nil if it is missing.
    func optionalString(_ name: String) throws(TokenizerError) -> String? {
        guard let member = self[name] else { return nil }
        return try member.asString()
    }
}
