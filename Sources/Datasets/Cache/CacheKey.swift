import Files

/// Identifies the inputs and settings of a cached dataset: equal keys mean equal rows.
public struct CacheKey: Sendable, Equatable {
    /// A SHA-256 digest in hexadecimal.
    public let digest: String

    /// Creates a key from the values that a closure adds.
    ///
    /// - Parameter body: Adds everything that the rows depend on, in a fixed order.
    public init(_ body: (inout Builder) -> Void) {
        var builder = Builder()
        body(&builder)
        digest = builder.hash.hexadecimalDigest()
    }

    /// Collects the values that a key depends on.
    public struct Builder {
        fileprivate var hash = SHA256()

        /// Adds a text with its length, so that "ab", "c" and "a", "bc" differ.
        ///
        /// - Parameter text: Any text.
        public mutating func add(_ text: String) {
            var text = text
            text.withUTF8 { add(UnsafeRawBufferPointer($0)) }
        }

        /// Adds bytes with their count.
        ///
        /// - Parameter bytes: Any bytes.
        public mutating func add(_ bytes: [UInt8]) { bytes.withUnsafeBytes { add($0) } }

        private mutating func add(_ bytes: UnsafeRawBufferPointer) {
            withUnsafeBytes(of: UInt64(bytes.count).littleEndian) { hash.update($0) }
            hash.update(bytes)
        }
    }
}
