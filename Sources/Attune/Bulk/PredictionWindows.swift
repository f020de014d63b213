/// The windows of rows in which texts are predicted.
///
/// The last digits of a logit depend on the other texts of its batch, because the tiles and sums of a matrix product depend on its
/// size. So batches are formed within windows that depend only on the rows' absolute numbers and on the model. Parts and
/// shards begin at multiples of ``rows``, and give the same bytes as one uninterrupted run.
public struct PredictionWindows: Sendable, Equatable {
    /// The number of rows in a window, except for the first ones.
    public let rows: Int

    /// The most rows of a window.
    private static let most = 4096
    /// The most logits of a window: 64 MB.
    private static let mostLogits = 1 << 24

    /// The number of rows in the first window.
    static let firstRows = 64

    /// Creates the windows of a model.
    ///
    /// - Parameter labels: The number of the model's labels.
    public init(labels: Int) {
        var rows = Self.most
        while rows > 64, rows * labels > Self.mostLogits { rows /= 2 }
        self.rows = rows
    }

    /// The window that begins at a row.
    ///
    /// The first windows are small, so that the first answers come soon.
    ///
    /// - Parameter row: The start of a window.
    /// - Returns: The rows up to the start of the next window.
    public func window(at row: Int) -> Range<Int> {
        for end in [Self.firstRows, 512] where row < end && end < rows { return row..<end }
        return row..<(row / rows + 1) * rows
    }

    /// The range of rows of a shard: contiguous, and equal to those of the others up to one window.
    ///
    /// - Parameters:
    ///   - index: The zero-based shard.
    ///   - count: The number of shards.
    ///   - total: The number of all rows.
    /// - Returns: The shard's rows; empty if there are fewer windows than shards.
    public func shard(_ index: Int, of count: Int, total: Int) -> Range<Int> {
        let windows = (total + rows - 1) / rows
        func start(_ index: Int) -> Int {
            let (each, rest) = windows.quotientAndRemainder(dividingBy: count)
            return min((each * index + min(index, rest)) * rows, total)
        }
        return start(index)..<start(index + 1)
    }
}
