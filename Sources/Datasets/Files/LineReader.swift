/// Reads plain text: one text per line, in a column `text`.
///
/// Source: the `text` builder of datasets 5.2 (packaged_modules/text/text.py).
struct LineReader {
    let input: TextInput

    func dataset(_ storage: StorageOptions) throws(DatasetError) -> Dataset {
        var rows = RowStore(names: ["text"], storage)
        var record = DelimitedRecord()
        while try !input.isFinished() {
            record.start(line: input.line)
            try input.take(into: &record.bytes) { $0 == 0x0A || $0 == 0x0D }
            record.endField(isQuoted: true)
            guard record.bytes.withUnsafeBufferPointer(isUTF8) else { throw input.notUTF8(line: record.line) }
            try rows.append(record)
            // As in Python, a line ends with a line feed, a carriage return, or both.
            let end = try input.peek()
            if end != nil { input.position += 1 }
            if end == 0x0D, try input.peek() == 0x0A { input.position += 1 }
            input.line += 1
        }
        return Dataset(names: ["text"], columns: try rows.finish(), storage: storage)
    }
}
