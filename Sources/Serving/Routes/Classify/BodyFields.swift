import JSON

/// The members of a JSON object in a request; every error names the member and the values that it accepts.
///
/// A member that is `null` counts as absent.
struct BodyFields: Sendable {
    /// The object.
    let object: JSONObject
    /// The path of the object with a final point, empty for the body itself.
    private let prefix: String

    /// Opens an object.
    ///
    /// - Parameters:
    ///   - json: The value that must be an object.
    ///   - path: Its path in the body, such as `inputs[0]`; empty for the body itself.
    ///   - known: The names of all accepted members; nil ignores members with other names.
    /// - Throws: `.wrongShape` if it is no object or has an unknown member.
    init(_ json: JSONValue, path: String = "", known: [String]? = nil) throws(ServingFault) {
        guard let object = json.object else {
            throw .wrongShape(path: path.isEmpty ? "the body" : path, expected: "an object")
        }
        self.object = object
        prefix = path.isEmpty ? "" : path + "."
        guard let known else { return }
        for member in object.members where !known.contains(member.name) {
            throw .wrongShape(
                path: prefix + member.name,
                expected: "one of the known fields \(known.joined(separator: ", "))"
            )
        }
    }

    /// Parses a body.
    ///
    /// - Parameter bytes: The body.
    /// - Returns: The document.
    /// - Throws: `.notUTF8` or `.malformedJSON` with the byte offset.
    static func parse(_ bytes: some Collection<UInt8>) throws(ServingFault) -> JSONValue {
        do throws(JSONError) {
            return try JSONValue.parse(bytes)
        } catch {
            throw error.message == "not UTF-8" ? .notUTF8 : .malformedJSON(error.description)
        }
    }

    /// The value of a member; null if it is absent.
    subscript(name: String) -> JSONValue { object[name] }

    /// Whether a member is present and not null.
    func has(_ name: String) -> Bool { object[name] != .null }

    /// The error for a member of the wrong kind.
    ///
    /// - Parameters:
    ///   - name: The member.
    ///   - expected: The accepted values, as a noun.
    /// - Returns: The error.
    func fault(_ name: String, _ expected: String) -> ServingFault {
        .wrongShape(path: prefix + name, expected: expected)
    }

    /// Reads a string.
    ///
    /// - Parameter name: The member.
    /// - Returns: The string; nil if it is absent.
    /// - Throws: `.wrongShape` for another kind of value.
    func text(_ name: String) throws(ServingFault) -> String? {
        guard has(name) else { return nil }
        guard let text = object[name].string else { throw fault(name, "a string") }
        return text
    }

    /// Reads a Boolean.
    ///
    /// - Parameter name: The member.
    /// - Returns: The Boolean; nil if it is absent.
    /// - Throws: `.wrongShape` for another kind of value.
    func flag(_ name: String) throws(ServingFault) -> Bool? {
        guard has(name) else { return nil }
        guard let flag = object[name].bool else { throw fault(name, "true or false") }
        return flag
    }

    /// Reads a whole number.
    ///
    /// - Parameters:
    ///   - name: The member.
    ///   - range: The accepted numbers.
    /// - Returns: The number; nil if it is absent.
    /// - Throws: `.wrongShape` for another kind of value or a number outside of `range`.
    func integer(_ name: String, _ range: ClosedRange<Int>) throws(ServingFault) -> Int? {
        guard has(name) else { return nil }
        guard let number = object[name].int, range.contains(number) else {
            throw fault(name, "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// Reads one of several words.
    ///
    /// - Parameters:
    ///   - name: The member.
    ///   - words: The accepted words.
    /// - Returns: The word; nil if it is absent.
    /// - Throws: `.wrongShape` for another value.
    func word(_ name: String, of words: [String]) throws(ServingFault) -> String? {
        guard has(name) else { return nil }
        guard let word = object[name].string, words.contains(word) else {
            throw fault(name, words.map { "\"\($0)\"" }.joined(separator: " or "))
        }
        return word
    }

    /// Reads a list of token ids.
    ///
    /// - Parameters:
    ///   - values: The list's elements.
    ///   - path: The path of the list, for messages.
    /// - Returns: The ids.
    /// - Throws: `.wrongShape` naming the first element that is not an id.
    static func ids(_ values: [JSONValue], path: String) throws(ServingFault) -> [Int32] {
        var ids: [Int32] = []
        ids.reserveCapacity(values.count)
        for (index, value) in values.enumerated() {
            guard let number = value.int, let id = Int32(exactly: number), id >= 0 else {
                throw .wrongShape(path: "\(path)[\(index)]", expected: "a token id, a whole number from 0")
            }
            ids.append(id)
        }
        return ids
    }
}
