import Files
import Torch

/// A GGUF tensor's rows as they are in the file, which is mapped.
///
/// Source: modeling_gguf_pytorch_utils.py of transformers 5.23 for the order of rows.
final class GGUFStoredRows: StoredRows {
    /// The order of a checkpoint's rows in the file.
    enum Order: Sendable, Equatable {
        case same
        /// The two halves of each of `heads` heads alternate in the file.
        case interleaved(heads: Int)
        /// The file has the rows of all heads' queries, then keys, then values; the checkpoint has them head by head.
        case grouped(heads: Int)

        /// Whether `rows` rows divide into the heads.
        func fits(_ rows: Int) -> Bool {
            switch self {
            case .same: true
            case .interleaved(let heads): heads > 0 && heads <= rows / 2 && rows.isMultiple(of: heads * 2)
            case .grouped(let heads): heads > 0 && heads <= rows / 3 && rows.isMultiple(of: heads * 3)
            }
        }

        /// Returns the file's row for a row of the checkpoint.
        func place(of row: Int, among rows: Int) -> Int {
            switch self {
            case .same: return row
            case .interleaved(let heads):
                let size = rows / heads
                let (half, index) = (row % size).quotientAndRemainder(dividingBy: size / 2)
                return row / size * size + index * 2 + half
            case .grouped(let heads):
                let size = rows / heads / 3
                let (head, part) = (row / (size * 3), row / size % 3)
                return (part * heads + head) * size + row % size
            }
        }
    }

    let shape: [Int]
    let byteCount: Int
    var storage: String { type.name }
    private let type: GGUFTensorType
    private let file: MappedFile
    private let start: Int
    private let rowBytes: Int
    private let order: Order

    /// - Parameters:
    ///   - file: The file, which contains the whole range.
    ///   - range: The tensor's bytes.
    ///   - type: A type with blocks.
    ///   - shape: `[rows, columns]`, with a whole number of blocks per row.
    ///   - order: The order of the rows, which fits their number.
    init(_ file: MappedFile, _ range: Range<Int>, _ type: GGUFTensorType, shape: [Int], order: Order) {
        self.file = file
        self.type = type
        self.shape = shape
        self.order = order
        start = range.lowerBound
        byteCount = range.count
        rowBytes = shape[1] / type.blockSize * type.blockBytes
    }

    func dequantize(
        _ rows: Range<Int>,
        into output: UnsafeMutableBufferPointer<Float>
    ) throws(TorchError) {
        do throws(FileError) {
            try file.checkLength()
        } catch { throw TorchError(operation: "dequantize", message: "\(error)") }
        guard let base = file.bytes.baseAddress, let target = output.baseAddress, !rows.isEmpty else {
            return
        }
        precondition(output.count == rows.count * shape[1], "room for every row")
        if order == .same {
            let bytes = UnsafeRawBufferPointer(
                start: base + start + rows.lowerBound * rowBytes,
                count: rows.count * rowBytes
            )
            type.dequantize(bytes, into: output)
            return
        }
        // Parts write to disjoint rows of the output; the file does not change.
        nonisolated(unsafe) let (source, destination) = (base + start, target)
        TorchRuntime.forEachPart(of: rows.count, grain: max(1, (1 << 14) / max(1, shape[1]))) { part in
            for row in part {
                type.dequantizeHere(
                    UnsafeRawBufferPointer(
                        start: source + order.place(of: rows.lowerBound + row, among: shape[0]) * rowBytes,
                        count: rowBytes
                    ),
                    into: destination + row * shape[1]
                )
            }
        }
    }
}
