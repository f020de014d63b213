/// A JSON text parsed into a flat list of nodes, in the order they are written.
///
/// A tokenizer file has a few hundred thousand strings. Foundation's parser would allocate an object for each, and
/// its dictionaries compare keys by canonical equivalence, which merges tokens that differ in bytes. Here a string
/// is a range of bytes, and the members of an object keep their order.
struct JSONDocument: Sendable {
    /// The kinds of nodes.
    enum Kind: UInt8, Sendable {
        case null, bool, number, string, array, object
    }

    /// One value: a scalar's bytes, or a container's extent.
    struct Node: Sendable {
        /// The node's kind.
        var kind: Kind
        /// The start of a scalar's text in the document's bytes, or the number of a container's elements.
        var start: UInt32
        /// The length of a scalar's text; 0 for a container.
        var length: UInt32
        /// The index of the next node after this one and its contents.
        var next: UInt32
    }

    /// The source, followed by the text of the strings that had escapes.
    private(set) var bytes: [UInt8]
    /// The nodes; an object's members are pairs of a string and a value.
    private(set) var nodes: [Node]

    /// The deepest nesting accepted, as in tokenizers.
    static let depthLimit = 128

    /// Parses a JSON text.
    ///
    /// - Parameter source: UTF-8.
    /// - Throws: `.corrupt` with line and column.
    init(parsing source: [UInt8]) throws(TokenizerError) {
        guard source.count < Int(UInt32.max) / 2 else {
            throw TokenizerError(
                .corrupt,
                "The JSON text has \(source.count) bytes; the limit is 2 GB."
            )
        }
        var parser = JSONParser(count: source.count)
        do throws(JSONParser.Fault) {
            try source.withUnsafeBufferPointer { (text) throws(JSONParser.Fault) in
                try parser.parse(text)
            }
        } catch {
            throw Self.explain(error, in: source)
        }
        nodes = parser.nodes
        bytes = source
        bytes.append(contentsOf: parser.unescaped)
    }

    /// The root value.
    var root: JSONValue { JSONValue(document: self, index: 0, path: "$") }

    private static func explain(_ fault: JSONParser.Fault, in source: [UInt8]) -> TokenizerError {
        let before = source.prefix(fault.offset)
        let line = 1 + before.count { $0 == 0x0A }
        let column = fault.offset - (before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0) + 1
        return TokenizerError(
            .corrupt,
            "Not valid JSON at line \(line), column \(column): \(fault.reason)."
        )
    }
}
