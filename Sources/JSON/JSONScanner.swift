/// Scans JSON text in place, without building a tree.
///
/// Every reader of the project uses it: `JSONDocument`, from which `JSONValue.parse` builds its tree, and the rows of
/// Datasets, which use it directly for speed over many rows.
///
/// Source: RFC 8259.
package struct JSONScanner {
    @usableFromInline let bytes: UnsafeBufferPointer<UInt8>
    /// The number of bytes scanned.
    package var position = 0
    /// The maximum nesting depth, unless a dialect sets another.
    package static let depthLimit = 256

    /// Creates a scanner at the start of a text.
    @inlinable
    package init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    /// The next byte other than white space; 0 at the end.
    @inlinable
    package mutating func peek() -> UInt8 {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            case let byte: return byte
            }
        }
        return 0
    }

    /// Whether only white space is left.
    @inlinable
    package mutating func isAtEnd() -> Bool {
        _ = peek()
        return position == bytes.count
    }

    /// Consumes a byte if it is the next one other than white space.
    @inlinable
    package mutating func take(_ byte: Unicode.Scalar) -> Bool {
        guard peek() == UInt8(ascii: byte) else { return false }
        position += 1
        return true
    }

    /// Consumes a word if it comes next.
    mutating func take(word: StaticString) -> Bool {
        let length = word.utf8CodeUnitCount
        guard bytes.count - position >= length,
            (0..<length).allSatisfy({ bytes[position + $0] == word.utf8Start[$0] })
        else { return false }
        position += length
        return true
    }

    /// Consumes the bytes that numbers consist of, in any order.
    mutating func skipNumberBytes() {
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"),
                UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"):
                position += 1
            default: return
            }
        }
    }

    /// Skips any value, including Python's non-finite numbers.
    ///
    /// - Parameter depth: The number of open lists and objects.
    /// - Returns: False if this is not JSON, or is nested too deeply.
    package mutating func skipValue(depth: Int = 0) -> Bool {
        guard depth < Self.depthLimit else { return false }
        switch peek() {
        case UInt8(ascii: "\""): return skipString()
        case UInt8(ascii: "["):
            position += 1
            if take("]") { return true }
            repeat { guard skipValue(depth: depth + 1) else { return false } } while take(",")
            return take("]")
        case UInt8(ascii: "{"):
            position += 1
            if take("}") { return true }
            repeat {
                guard skipString(), take(":"), skipValue(depth: depth + 1) else { return false }
            } while take(",")
            return take("}")
        default: return scalar() != nil
        }
    }
}
