import CArrow
import Files

/// Writes a Parquet or Arrow IPC file, batch by batch.
final class ArrowWriter {
    /// The format to write.
    enum Format { case parquet, arrow }

    /// Receives the bytes that Arrow produces.
    private final class Sink {
        let write: (UnsafeRawBufferPointer) throws(FileError) -> Void
        var failure: FileError?

        init(_ write: @escaping (UnsafeRawBufferPointer) throws(FileError) -> Void) { self.write = write }

        func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
            do throws(FileError) { try write(bytes) } catch { failure = error }
            return failure == nil
        }
    }

    private let sink: Sink
    private var writer = ca_writer()

    /// Starts a file.
    ///
    /// - Parameters:
    ///   - format: The format to write.
    ///   - names: The names of the columns.
    ///   - types: The types of the columns, one per name.
    ///   - metadata: Additional metadata of the schema.
    ///   - write: Receives the file's bytes, from first to last.
    /// - Throws: `.cannotWrite`.
    init(
        format: Format,
        names: [String],
        types: [ColumnType],
        metadata: [(key: String, value: String)] = [],
        write: @escaping (UnsafeRawBufferPointer) throws(FileError) -> Void
    ) throws(DatasetError) {
        sink = Sink(write)
        // The sink lives as long as the writer.
        let context = Unmanaged.passUnretained(sink).toOpaque()
        let arrowFormat = format == .parquet ? CA_FORMAT_PARQUET : CA_FORMAT_IPC
        let status = withCStrings(names) { names in
            withCStrings(metadata.flatMap { [$0.key, $0.value] }) { pairs in
                ca_writer_open(
                    &writer,
                    { context, bytes, count in
                        guard let context else { return 1 }
                        let sink = Unmanaged<Sink>.fromOpaque(context).takeUnretainedValue()
                        return sink.take(UnsafeRawBufferPointer(start: bytes, count: Int(count))) ? 0 : 1
                    },
                    context,
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

    /// Adds rows: one batch per column, all of the same length.
    ///
    /// - Throws: `.cannotWrite`.
    func append(_ batches: [ArrowBatch]) throws(DatasetError) {
        // Shallow copies: the batches keep the buffers alive.
        let arrays = batches.map { $0.withArray { $0.pointee } }
        let status = withExtendedLifetime(batches) {
            arrays.withUnsafeBufferPointer { arrays in
                let pointers = arrays.indices.map { arrays.baseAddress?.advanced(by: $0) }
                return pointers.withUnsafeBufferPointer { ca_writer_append(writer, $0.baseAddress) }
            }
        }
        try check(status)
    }

    /// Writes the rest of the file; without this call the file is incomplete.
    ///
    /// - Throws: `.cannotWrite`.
    func close() throws(DatasetError) { try check(ca_writer_close(writer)) }

    private func check(_ status: Int32) throws(DatasetError) {
        if let failure = sink.failure { throw DatasetError(failure) }
        do throws(DatasetError) {
            try checkArrow(status) { "cannot write these rows: \($0)" }
        } catch {
            throw DatasetError(.cannotWrite, error.message)
        }
    }
}

/// Passes an array of texts to C for the duration of a call.
private func withCStrings<Result>(
    _ texts: [String],
    _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Result
) -> Result {
    // One block for all texts, so nothing has to be freed individually.
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
