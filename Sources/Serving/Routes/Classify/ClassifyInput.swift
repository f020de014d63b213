import JSON

/// One item of a request to our own API: an input, or the reason why it is none.
///
/// An item that cannot be read gets an error of its index, and the others are answered.
struct ClassifyInput: Sendable, Equatable {
    /// The reason why an item has no answer.
    struct Fault: Error, Sendable, Equatable {
        /// A word for programs.
        var kind: String
        /// The reason and the remedy, for people.
        var message: String

        /// The `error` of an answer.
        var json: JSONValue { .object(["kind": .string(kind), "message": .string(message)]) }

        /// Creates an error.
        ///
        /// - Parameters:
        ///   - kind: A word for programs.
        ///   - message: The reason and the remedy, for people.
        init(kind: String, message: String) {
            self.kind = kind
            self.message = message
        }

        /// The error of an item that the service refused.
        init(_ fault: ItemFault) { self.init(kind: fault.kind, message: fault.description) }

        /// The error of an item whose request or line was refused.
        init(_ fault: ServingFault) {
            let answer = FaultAnswer(fault)
            self.init(kind: answer.kind, message: answer.message)
        }
    }

    /// The input, or the reason why there is none.
    var content: Result<ServedInput, Fault>
    /// The caller's identification of the item, which the answer repeats; null for none.
    var id = JSONValue.null

    /// Creates an item.
    ///
    /// - Parameter input: The input.
    init(_ input: ServedInput) { content = .success(input) }

    /// Creates an item without an input.
    ///
    /// - Parameter fault: The reason.
    init(_ fault: Fault) { content = .failure(fault) }

    /// Reads an element of `texts`, or a line of a stream: a string, or an object with `text`, `text_pair` and `id`.
    ///
    /// An object's other members are ignored, so that rows of a dataset can be sent unchanged.
    ///
    /// - Parameters:
    ///   - json: The element.
    ///   - path: Its path, for messages.
    init(text json: JSONValue, path: String) {
        if let text = json.string {
            self.init(.text(text))
        } else if let object = json.object {
            do throws(ServingFault) {
                let fields = try BodyFields(json, path: path)
                guard let text = try fields.text("text") else { throw fields.fault("text", "a string") }
                let pair = try fields.text("text_pair")
                self.init(pair.map { .pair(text, $0) } ?? .text(text))
            } catch {
                self.init(Fault(error))
            }
            id = Self.identification(object["id"])
        } else {
            self.init(Fault(.wrongShape(path: path, expected: #"a string or an object with "text""#)))
        }
    }

    /// Reads an element of `pairs`: a list of two strings.
    ///
    /// - Parameters:
    ///   - json: The element.
    ///   - path: Its path, for messages.
    init(pair json: JSONValue, path: String) {
        let texts = json.array?.map(\.string) ?? []
        if texts.count == 2, let first = texts[0], let second = texts[1] {
            self.init(.pair(first, second))
        } else {
            self.init(Fault(.wrongShape(path: path, expected: "a list of two strings")))
        }
    }

    /// Only strings and numbers identify an item.
    private static func identification(_ json: JSONValue) -> JSONValue {
        switch json {
        case .string, .number: json
        case .null, .bool, .array, .object: .null
        }
    }
}
