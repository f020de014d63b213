#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Standard output and standard error of the process.
package enum StandardStreams {
    /// Opens closed standard streams on `/dev/null`, so that no file opened later gets their numbers and receives
    /// results or messages.
    ///
    /// Each is opened in the opposite direction: reading standard input and writing the others fails, as on a closed stream.
    ///
    /// Source: gnulib's `stdopen`.
    package static func occupyClosed() {
        for (number, mode) in [
            (STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_RDONLY),
        ]
        where fcntl(number, F_GETFD) == -1 && errno == EBADF {
            // The system assigns the lowest free number.
            _ = open("/dev/null", mode)
        }
    }

    /// Writes a result to standard output.
    ///
    /// - Parameter text: The complete result, with its line ends.
    /// - Throws: `.readerGone`; `.diskFull` or `.inputOutput` with the amount written.
    package static func write(_ text: String) throws(FileError) {
        let bytes = Array(text.utf8)
        let outcome = bytes.withUnsafeBytes { writeAll($0, to: STDOUT_FILENO) }
        guard let failure = outcome.failure else { return }
        throw FileError(
            writing: "standard output",
            errorCode: failure.code,
            progress: progress(bytes, outcome.count)
        )
    }

    /// Writes a message to standard error.
    ///
    /// A message that cannot be written is dropped, because the work does not depend on it.
    ///
    /// - Parameter text: The complete message, with its line ends.
    package static func writeMessage(_ text: String) {
        _ = Array(text.utf8).withUnsafeBytes { writeAll($0, to: STDERR_FILENO) }
    }

    /// The amount written, in lines if the text has several.
    private static func progress(_ bytes: [UInt8], _ count: Int) -> String {
        let end = UInt8(ascii: "\n")
        let lines = bytes.count(where: { $0 == end })
        guard lines > 1 else { return "\(grouped(count)) of \(counted(bytes.count, "byte")) written" }
        let written = bytes.prefix(count).count(where: { $0 == end })
        return "\(grouped(written)) of \(counted(lines, "line")) written"
    }
}
