import JSON
import Torch

/// The JSON that bitsandbytes stores with each 4-bit matrix.
///
/// Source: `QuantState.as_dict` and `QuantState.from_dict` of bitsandbytes 0.50.
struct QuantizationState: Sendable, Equatable {
    /// How the scales are quantized.
    struct Nesting: Sendable, Equatable {
        var blockSize: Int
        var offset: Float
    }

    static let kinds: [(name: String, map: FourBitCodes.Map)] = [("nf4", .nf4), ("fp4", .fp4)]
    /// The types of matrices that bitsandbytes quantizes.
    private static let dtypes: [DType] = [.float32, .bfloat16, .float16]
    /// No valid text is nearly as long.
    static let longestText = 1 << 16

    var map: FourBitCodes.Map
    var blockSize: Int
    var dtype: DType
    var rows: Int
    var columns: Int
    var nesting: Nesting?

    /// The number of elements.
    var count: Int { rows * columns }
    /// The number of blocks with a scale.
    var blocks: Int { (count + blockSize - 1) / blockSize }

    /// Parses the text.
    ///
    /// - Parameters:
    ///   - text: JSON in UTF-8.
    ///   - kind: The type that the tensor's name states.
    /// - Throws: The problem, which completes a sentence that begins with the tensor's name.
    init(parsing text: [UInt8], kind: String) throws(Problem) {
        let document: JSONValue
        do throws(JSONError) {
            document = try JSONValue.parse(text)
        } catch { throw Problem("is not valid JSON: \(error)") }
        guard let object = document.object else { throw Problem("is not a JSON object") }
        let unknown = object.members.map(\.name).filter { !Self.keys.contains($0) }
        guard unknown.isEmpty else { throw Problem("has the unknown key \(quoted(unknown[0]))") }
        func fault(_ key: String, _ wanted: String) -> Problem {
            guard object.contains(key) else { return Problem("lacks \"\(key)\"") }
            let found = String(object[key].oneLine.unicodeScalars.prefix(80))
            return Problem("has the \"\(key)\" \(found), but it must be \(wanted)")
        }
        guard let found = Self.kinds.first(where: { $0.name == kind }), object["quant_type"].string == kind
        else {
            throw fault("quant_type", "\"\(kind)\" as in the tensor's name")
        }
        map = found.map
        guard let blockSize = object["blocksize"].int, Self.isBlockSize(blockSize, from: 32) else {
            throw fault("blocksize", "a power of two from 32 to 4096")
        }
        self.blockSize = blockSize
        guard let dtype = Self.dtypes.first(where: { $0.rawValue == object["dtype"].string }) else {
            throw fault("dtype", "one of " + Self.dtypes.map(\.rawValue).joined(separator: ", "))
        }
        self.dtype = dtype
        guard let sizes = object["shape"].array?.map(\.int), sizes.count == 2, let rows = sizes[0],
            let columns = sizes[1], (1...1 << 31).contains(rows), (1...1 << 31).contains(columns),
            rows * columns <= 1 << 48
        else { throw fault("shape", "two positive sizes of a matrix that fits into memory") }
        (self.rows, self.columns) = (rows, columns)
        guard Self.nestedKeys.contains(where: object.contains) else { return }
        guard let blockSize = object["nested_blocksize"].int, Self.isBlockSize(blockSize, from: 64) else {
            throw fault("nested_blocksize", "a power of two from 64 to 4096")
        }
        guard object["nested_dtype"].string == "float32" else { throw fault("nested_dtype", "\"float32\"") }
        guard let offset = object["nested_offset"].double.map({ Float($0) }), offset.isFinite else {
            throw fault("nested_offset", "a finite number")
        }
        nesting = Nesting(blockSize: blockSize, offset: offset)
    }

    /// Describes a quantized matrix.
    init(_ codes: FourBitCodes, dtype: DType) {
        (map, blockSize, rows, columns) = (codes.map, codes.blockSize, codes.rows, codes.columns)
        self.dtype = dtype
        if case .nested(let nested) = codes.scales {
            nesting = Nesting(blockSize: nested.blockSize, offset: nested.offset)
        }
    }

    private static let keys: Set = nestedKeys.union(["quant_type", "blocksize", "dtype", "shape"])
    private static let nestedKeys: Set = ["nested_blocksize", "nested_dtype", "nested_offset"]

    private static func isBlockSize(_ size: Int, from least: Int) -> Bool {
        (least...4096).contains(size) && size.nonzeroBitCount == 1
    }

    /// The name of the 4-bit type.
    var kind: String { map == .nf4 ? "nf4" : "fp4" }

    /// The text as bitsandbytes writes it.
    var text: String {
        var members: [(String, JSONValue)] = [
            ("quant_type", .string(kind)), ("blocksize", .int(blockSize)), ("dtype", .string(dtype.rawValue)),
            ("shape", .array([.int(rows), .int(columns)])),
        ]
        if let nesting {
            members += [
                ("nested_blocksize", .int(nesting.blockSize)), ("nested_dtype", .string("float32")),
                ("nested_offset", .double(Double(nesting.offset))),
            ]
        }
        return JSONValue.object(JSONObject(members)).oneLineInOrder
    }

    /// A problem with the text.
    struct Problem: Error {
        var message: String

        init(_ message: String) { self.message = message }
    }
}
