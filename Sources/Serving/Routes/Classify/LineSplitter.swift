/// Splits chunks of bytes into lines.
///
/// A line over the limit is dropped up to its end, so that memory stays bounded.
struct LineSplitter: Sendable {
    /// A line without its end.
    enum Line: Sendable, Equatable {
        case whole([UInt8])
        /// More bytes than the limit.
        case tooLong
    }

    /// The most bytes of a line.
    private let limit: Int
    /// The beginning of the next line.
    private var rest: [UInt8] = []
    /// Whether the rest of a line over the limit is being dropped.
    private var isDropping = false

    /// Creates a splitter.
    ///
    /// - Parameter limit: The most bytes of a line.
    init(limit: Int) { self.limit = limit }

    /// Adds a chunk.
    ///
    /// - Parameter chunk: The bytes.
    /// - Returns: The lines that ended in it, without blank ones.
    mutating func lines(adding chunk: some Collection<UInt8>) -> [Line] {
        var lines: [Line] = []
        var start = chunk.startIndex
        while let end = chunk[start...].firstIndex(of: UInt8(ascii: "\n")) {
            add(chunk[start..<end])
            if let line = finish() { lines.append(line) }
            start = chunk.index(after: end)
        }
        add(chunk[start...])
        return lines
    }

    /// Ends the last line.
    ///
    /// - Returns: The line; nil if it is blank.
    mutating func finish() -> Line? {
        defer {
            rest = []
            isDropping = false
        }
        if isDropping { return .tooLong }
        let isBlank = rest.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
        return isBlank ? nil : .whole(rest)
    }

    private mutating func add(_ part: some Collection<UInt8>) {
        guard !isDropping, !part.isEmpty else { return }
        if rest.count + part.count > limit {
            isDropping = true
            rest = []
        } else {
            rest += part
        }
    }
}
