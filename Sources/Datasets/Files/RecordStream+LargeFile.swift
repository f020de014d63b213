import Files
import Foundation

extension RecordStream {
    /// The size of a file that is worth reading before all of it has been checked.
    package static let leastLargeBytes = 16 << 20

    /// The beginning of a file that is checked for its encoding.
    private static let mostCheckedBytes = 128 << 20

    /// Opens a large file whose rows can be read one after another, with the same texts as from reading it as a whole.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - rows: The number of rows at its start that are read as a table.
    ///   - bytes: The size from which on a file is large.
    /// - Returns: The stream at its first row, and the first rows. Nil for any other file, among them lines of JSON that begin
    ///   with something else than an object per line, and text that is not UTF-8.
    package static func large(
        _ path: String,
        rows: Int,
        from bytes: Int = leastLargeBytes
    ) -> (stream: RecordStream, start: Dataset)? {
        guard let format = format(of: path), format != .text,
            let file = try? MappedFile(contentsOf: URL(filePath: path)), file.bytes.count >= bytes,
            ByteInput.Compression(startOf: Array(file.bytes.prefix(8))) == nil,
            isUTF8(file)
        else { return nil }
        // An error here has a better message from reading the file as a whole.
        guard let stream = try? RecordStream(file: path, format: format),
            (try? stream.skipOrangeHeader()) != nil,
            let records = try? stream.peek(rows), records.count == rows,
            let start = try? stream.parse(records[...]), start.count == rows
        else { return nil }
        return (stream, start)
    }

    /// Whether the beginning of a file is UTF-8.
    private static func isUTF8(_ file: MappedFile) -> Bool {
        withExtendedLifetime(file) {
            let bytes = file.bytes.assumingMemoryBound(to: UInt8.self)
            var start = 0
            while start < min(bytes.count, mostCheckedBytes) {
                // A line feed is never a part of another character.
                let end = bytes[min(start + 1 << 20, bytes.count)...].firstIndex(of: 0x0A) ?? bytes.count
                guard Datasets.isUTF8(UnsafeBufferPointer(rebasing: bytes[start..<end])) else { return false }
                start = end
            }
            return true
        }
    }
}
