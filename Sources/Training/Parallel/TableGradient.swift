import NN
import Torch

/// The gradient of a token embedding on its way between ranks: only the rows that the step uses.
///
/// A few hundred of thirty thousand rows are used in a step of short texts, and all others have a gradient of 0 on all ranks.
struct TableGradient {
    /// The rows one after another in float32, filled up with zeros: a buffer of equal size on all ranks.
    let buffer: Tensor
    /// Whether this rank has a gradient.
    let isPresent: Bool
    private let table: Parameter
    /// The indices of the rows; nil for the whole table.
    private let rows: Tensor?
    /// The part of the buffer with the rows, `[U, H]`.
    private let values: Tensor

    /// Moves the accumulated gradient of a table into a new buffer.
    ///
    /// - Parameters:
    ///   - table: The table, which is used by lookup only.
    ///   - used: The rows that any rank uses.
    ///   - size: The buffer's number of elements is a multiple of this.
    /// - Throws: `.failed` if a row has a gradient that no text uses; `.outOfMemory`.
    init(of table: Parameter, _ used: UsedRows, aligning size: Int) throws(TorchError) {
        self.table = table
        let (device, shape) = (table.value.device, [used.count, table.shape[1]])
        let count = shape[0] * shape[1]
        buffer = try .zeros([max(1, (count + size - 1) / size) * size], device: device)
        values = try buffer.narrowed(0, to: 0..<count).reshaped(shape)
        let gradient: Tensor?
        if let indices = used.indices {
            let rows = try Tensor(indices).to(device: device)
            gradient = try table.gradient(ofRows: rows)
            self.rows = rows
        } else {
            try table.sumGradient()
            gradient = try table.gradient()
            rows = nil
        }
        isPresent = gradient != nil
        if let gradient { try values.assign(gradient) }
        try table.clearGradient()
    }

    /// Makes the sum in the buffer the gradient of the table, in the form that a single process has.
    ///
    /// A row that only another rank has used then counts as used here, too.
    ///
    /// - Throws: `.failed` or `.outOfMemory`.
    func handOver() throws(TorchError) {
        if let rows {
            try table.replaceGradient(by: values, ofRows: rows)
        } else {
            try table.replaceGradient(by: values)
        }
    }
}
