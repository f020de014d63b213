/// A JSON text parsed into a flat list of nodes, in the order they are written.
///
/// A tokenizer file has a few hundred thousand strings. Foundation's parser would allocate an object for each, and
/// its dictionaries compare keys by canonical equivalence, which merges tokens that differ in bytes. Here a string
/// is a range of bytes, and the members of an object keep their order.
package struct JSONDocument: Sendable {
    /// The kinds of nodes.
    package enum Kind: UInt8, Sendable {
        case null, bool, number, string, array, object
    }

    /// One value: a scalar's bytes, or a container's extent.
    package struct Node: Sendable {
        /// The node's kind.
        package var kind: Kind
        /// The start of a scalar's text in the document's bytes, or the number of a container's elements.
        package var start: UInt32
        /// The length of a scalar's text; 0 for a container.
        package var length: UInt32
        /// The index of the next node after this one and its contents.
        package var next: UInt32
    }

    /// The differences between the readers of the project.
    package struct Dialect: Sendable {
        /// The deepest nesting of lists and objects that is accepted.
        package var depthLimit = JSONScanner.depthLimit
        /// Whether a scalar in the deepest list or object counts as one more level.
        package var countsScalars = true
        /// Whether a byte-order mark may come first.
        package var skipsByteOrderMark = false
        /// Whether numbers are checked, so that not every run of digits, signs, points and `e` is a number.
        package var checksNumbers = true
        /// Whether Python's `NaN`, `Infinity` and `-Infinity` are read as null.
        package var allowsNonFinite = false

        /// Configurations, checkpoints and the project's own files.
        package static let standard = Dialect()
        /// Files of tokenizers, with that library's limit.
        package static let tokenizer = Dialect(
            depthLimit: 128,
            countsScalars: false,
            skipsByteOrderMark: true,
            checksNumbers: false
        )
    }

    /// The source, followed by the text of the strings that had escapes.
    package let bytes: [UInt8]
    /// The nodes; an object's members are pairs of a string and a value.
    package let nodes: [Node]

    /// Parses a JSON text.
    ///
    /// - Parameters:
    ///   - source: UTF-8.
    ///   - dialect: The reader's rules.
    /// - Throws: The first error.
    package init(parsing source: [UInt8], _ dialect: Dialect) throws(JSONFault) {
        guard source.count < Int(UInt32.max) / 2 else { throw JSONFault(.size, at: 0) }
        (nodes, bytes) = try source.withUnsafeBufferPointer { (text) throws(JSONFault) in
            var parser = JSONParser(text, dialect)
            try parser.parse()
            return (parser.nodes, parser.unescaped.isEmpty ? source : source + parser.unescaped)
        }
    }
}
