import JSON

/// The fields of a request, read as strictly as text-embeddings-inference reads them.
///
/// A field with a default may be missing, but neither null nor of another type. Unknown fields are ignored.
struct TEIFields {
    private let object: JSONObject

    /// Reads the body's object.
    ///
    /// - Parameter json: The body.
    /// - Throws: `.wrongShape` if it is anything else.
    init(_ json: JSONValue) throws(ServingFault) {
        guard case .object(let object) = json else {
            throw .wrongShape(path: "the body", expected: "a JSON object")
        }
        self.object = object
    }

    /// A field that must be there.
    ///
    /// - Parameters:
    ///   - name: The name.
    ///   - expected: The field's form, for the error.
    /// - Returns: The value.
    /// - Throws: `.wrongShape` if it is missing.
    func required(_ name: String, _ expected: String) throws(ServingFault) -> JSONValue {
        guard object.contains(name) else { throw .wrongShape(path: name, expected: expected) }
        return object[name]
    }

    /// A Boolean.
    ///
    /// - Parameters:
    ///   - name: The name.
    ///   - missing: The value if the field is missing.
    /// - Returns: The value.
    /// - Throws: `.wrongShape` for another type.
    func bool(_ name: String, missing: Bool) throws(ServingFault) -> Bool {
        guard object.contains(name) else { return missing }
        guard let value = object[name].bool else { throw .wrongShape(path: name, expected: "true or false") }
        return value
    }

    /// A Boolean that may be null.
    ///
    /// - Parameter name: The name.
    /// - Returns: The value; nil if it is missing or null.
    /// - Throws: `.wrongShape` for another type.
    func optionalBool(_ name: String) throws(ServingFault) -> Bool? {
        if case .null = object[name] { return nil }
        guard let value = object[name].bool else {
            throw .wrongShape(path: name, expected: "true, false or null")
        }
        return value
    }

    /// A string that may be null.
    ///
    /// - Parameter name: The name.
    /// - Returns: The value; nil if it is missing or null.
    /// - Throws: `.wrongShape` for another type.
    func optionalString(_ name: String) throws(ServingFault) -> String? {
        if case .null = object[name] { return nil }
        guard let value = object[name].string else {
            throw .wrongShape(path: name, expected: "a string or null")
        }
        return value
    }

    /// One of several words.
    ///
    /// - Parameters:
    ///   - name: The name.
    ///   - words: The words and their meaning.
    /// - Returns: The meaning; nil if the field is missing.
    /// - Throws: `.wrongShape` for another value.
    func word<Meaning>(_ name: String, _ words: [(String, Meaning)]) throws(ServingFault) -> Meaning? {
        guard object.contains(name) else { return nil }
        guard let value = object[name].string, let word = words.first(where: { $0.0 == value }) else {
            let known = words.map { "\"\($0.0)\"" }.joined(separator: ", ")
            throw .wrongShape(path: name, expected: "one of \(known)")
        }
        return word.1
    }
}

extension JSONValue {
    /// Parses a request's body.
    ///
    /// - Parameter body: The bytes.
    /// - Returns: The document.
    /// - Throws: `.malformedJSON` with the error's place.
    static func parseTEI(_ body: [UInt8]) throws(ServingFault) -> JSONValue {
        do throws(JSONError) {
            return try parse(body)
        } catch {
            throw .malformedJSON(error.description)
        }
    }
}
