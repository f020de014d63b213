import Files

/// Parses a GGUF file's header, with every read checked against the file's size.
///
/// Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
struct GGUFReader {
    let file: MappedFile
    private(set) var position = 0

    init(_ file: MappedFile) { self.file = file }

    func corrupt(_ what: String) -> CheckpointError {
        CheckpointError(.corrupt, "\(file.path) is not a valid GGUF file: \(what); download it again")
    }

    mutating func take(_ count: Int) throws(CheckpointError) -> UnsafeRawBufferPointer {
        guard count >= 0, count <= file.bytes.count - position else {
            throw corrupt("it ends at byte \(file.bytes.count), in the middle of its header")
        }
        defer { position += count }
        return UnsafeRawBufferPointer(rebasing: file.bytes[position..<position + count])
    }

    mutating func number<Value: FixedWidthInteger>(
        _ type: Value.Type = Value.self
    ) throws(CheckpointError) -> Value {
        Value(littleEndian: try take(MemoryLayout<Value>.size).loadUnaligned(as: Value.self))
    }

    /// Reads a count of items that take at least `size` bytes each.
    ///
    /// Throws if the rest of the file cannot hold them.
    mutating func count(of what: String, atLeast size: Int) throws(CheckpointError) -> Int {
        let count = try number(UInt64.self)
        guard count <= UInt64((file.bytes.count - position) / size) else {
            throw corrupt("it claims \(count) \(what), more than its \(file.bytes.count) bytes can hold")
        }
        return Int(count)
    }

    mutating func string() throws(CheckpointError) -> String {
        String(decoding: try take(try count(of: "bytes of text", atLeast: 1)), as: UTF8.self)
    }

    /// Reads a value of the type with the given number.
    mutating func value(type: UInt32) throws(CheckpointError) -> GGUFValue {
        switch type {
        case 0: return .int(Int(try number(UInt8.self)))
        case 1: return .int(Int(try number(Int8.self)))
        case 2: return .int(Int(try number(UInt16.self)))
        case 3: return .int(Int(try number(Int16.self)))
        case 4: return .int(Int(try number(UInt32.self)))
        case 5: return .int(Int(try number(Int32.self)))
        case 6: return .double(Double(Float(bitPattern: try number())))
        case 7: return .bool(try number(UInt8.self) != 0)
        case 8: return .string(try string())
        case 9: return try array()
        case 10: return .unsigned(try number())
        case 11: return .int(Int(try number(Int64.self)))
        case 12: return .double(Double(bitPattern: try number()))
        default: throw corrupt("it has a value of unsupported type \(type)")
        }
    }

    private mutating func array() throws(CheckpointError) -> GGUFValue {
        let type = try number(UInt32.self)
        let sizes: [UInt32: Int] = [
            0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 8: 8, 10: 8, 11: 8, 12: 8,
        ]
        guard let size = sizes[type] else { throw corrupt("it has a list of unsupported type \(type)") }
        let count = try count(of: "list elements", atLeast: size)
        var strings: [String] = []
        var ints: [Int] = []
        var doubles: [Double] = []
        var bools: [Bool] = []
        for _ in 0..<count {
            switch try value(type: type) {
            case .string(let value): strings.append(value)
            case .int(let value): ints.append(value)
            case .unsigned(let value): ints.append(Int(clamping: value))
            case .double(let value): doubles.append(value)
            case .bool(let value): bools.append(value)
            default: throw corrupt("it has a list of lists")
            }
        }
        switch type {
        case 8: return .strings(strings)
        case 6, 12: return .doubles(doubles)
        case 7: return .bools(bools)
        default: return .ints(ints)
        }
    }
}
