/// Finds all tokens that are a prefix of a text.
///
/// A hash of the node and a byte finds a child; the first byte has its own table.
struct TokenTrie: Sendable {
    private struct Edge: Sendable {
        var key: UInt64
        var node: Int32
    }

    private static let empty = UInt64.max

    private var edges: [Edge]
    private var count = 0
    private var roots = [Int32](repeating: -1, count: 256)
    /// For each node, the token that ends there, or -1.
    private var tokens: [Int32] = []

    /// Makes an empty trie.
    ///
    /// - Parameter capacity: The approximate number of bytes of all tokens.
    init(capacity: Int) {
        var size = 64
        while size < capacity * 2 { size *= 2 }
        edges = Array(repeating: Edge(key: Self.empty, node: 0), count: size)
        tokens.reserveCapacity(capacity)
    }

    /// Adds a token; an empty one is never found.
    mutating func insert(_ token: UnsafeBufferPointer<UInt8>, id: Int32) {
        guard let first = token.first else { return }
        if roots[Int(first)] < 0 { roots[Int(first)] = makeNode() }
        var node = roots[Int(first)]
        for byte in token.dropFirst() { node = child(of: node, byte) ?? makeChild(of: node, byte) }
        tokens[Int(node)] = id
    }

    /// Visits every token that starts at an index of a text, the shortest first.
    ///
    /// - Parameters:
    ///   - text: The text.
    ///   - start: The index.
    ///   - body: Called with the end and the id of each token.
    @inline(__always)
    func visitPrefixes(of text: UnsafeBufferPointer<UInt8>, from start: Int, _ body: (Int, Int32) -> Void) {
        var node = roots[Int(text[start])]
        var index = start + 1
        while node >= 0 {
            if tokens[Int(node)] >= 0 { body(index, tokens[Int(node)]) }
            guard index < text.count, let next = child(of: node, text[index]) else { return }
            node = next
            index += 1
        }
    }

    private mutating func makeNode() -> Int32 {
        tokens.append(-1)
        return Int32(tokens.count - 1)
    }

    private mutating func makeChild(of node: Int32, _ byte: UInt8) -> Int32 {
        if count * 2 >= edges.count { grow() }
        let made = makeNode()
        Self.place(Edge(key: Self.key(node, byte), node: made), in: &edges)
        count += 1
        return made
    }

    @inline(__always)
    private func child(of node: Int32, _ byte: UInt8) -> Int32? {
        let key = Self.key(node, byte)
        let mask = edges.count - 1
        var index = Int(truncatingIfNeeded: ByteHash.mix(key)) & mask
        while true {
            let edge = edges[index]
            if edge.key == key { return edge.node }
            if edge.key == Self.empty { return nil }
            index = (index + 1) & mask
        }
    }

    private mutating func grow() {
        var larger = [Edge](repeating: Edge(key: Self.empty, node: 0), count: edges.count * 2)
        for edge in edges where edge.key != Self.empty { Self.place(edge, in: &larger) }
        edges = larger
    }

    private static func place(_ edge: Edge, in edges: inout [Edge]) {
        let mask = edges.count - 1
        var index = Int(truncatingIfNeeded: ByteHash.mix(edge.key)) & mask
        while edges[index].key != empty { index = (index + 1) & mask }
        edges[index] = edge
    }

    private static func key(_ node: Int32, _ byte: UInt8) -> UInt64 { UInt64(node) << 8 | UInt64(byte) }
}
