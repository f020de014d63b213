import CArrow

/// Writes a Parquet or an Arrow IPC file, batch by batch.
final class ArrowWriter {
    /// What to write.
    enum Format { case parquet, arrow }

    private let path: String
    private var writer = ca_writer()

    /// Starts a file.
    ///
    /// - Parameters:
    ///   - path: The file; what is there is replaced.
    ///   - format: What to write.
    ///   - names: The columns' names.
    ///   - types: The columns' types, as many.
    ///   - metadata: What the schema is to carry beside them.
    /// - Throws: `.cannotWrite`.
    init(
        path: String,
        format: Format,
        names: [String],
        types: [ColumnType],
        metadata: [(key: String, value: String)] = []
    ) throws(DatasetError) {
        self.path = path
        let arrowFormat = format == .parquet ? CA_FORMAT_PARQUET : CA_FORMAT_IPC
        let status = withCStrings(names) { names in
            withCStrings(metadata.flatMap { [$0.key, $0.value] }) { pairs in
                ca_writer_open(
                    &writer,
                    path,
                    arrowFormat,
                    Int32(types.count),
                    names,
                    types.map(\.arrow),
                    Int32(metadata.count),
                    pairs
                )
            }
        }
        try check(status)
    }

    deinit { ca_writer_free(writer) }

    /// Adds rows: one batch a column, all of one length.
    ///
    /// - Throws: `.cannotWrite`.
    func append(_ batches: [ArrowBatch]) throws(DatasetError) {
        // Copies of the descriptions; the batches keep what these point to.
        let arrays = batches.map { $0.withArray { $0.pointee } }
        let status = withExtendedLifetime(batches) {
            arrays.withUnsafeBufferPointer { arrays in
                let pointers = arrays.indices.map { arrays.baseAddress?.advanced(by: $0) }
                return pointers.withUnsafeBufferPointer { ca_writer_append(writer, $0.baseAddress) }
            }
        }
        try check(status)
    }

    /// Writes what is left; without it the file is not whole.
    ///
    /// - Throws: `.cannotWrite`.
    func close() throws(DatasetError) { try check(ca_writer_close(writer)) }

    private func check(_ status: Int32) throws(DatasetError) {
        do throws(DatasetError) {
            try checkArrow(status) { "cannot write \(path): \($0)" }
        } catch {
            throw DatasetError(.cannotWrite, error.message)
        }
    }
}

/// Lends C an array of texts.
private func withCStrings<Result>(
    _ texts: [String],
    _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Result
) -> Result {
    // One block for all, so that nothing has to be freed one by one.
    var bytes: [CChar] = []
    var starts: [Int] = []
    for text in texts {
        starts.append(bytes.count)
        bytes += text.utf8CString
    }
    return bytes.withUnsafeBufferPointer { block in
        let pointers = starts.map { block.baseAddress.map { $0 }?.advanced(by: $0) }
        return pointers.withUnsafeBufferPointer { body($0.baseAddress) }
    }
}
