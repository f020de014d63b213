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

    /// Writes a part of a result to standard output.
    ///
    /// - Parameters:
    ///   - bytes: Whole lines, or the bytes of a file.
    ///   - lines: The number of lines written before, and of all lines if it is known, for the message of an error; nil counts
    ///     bytes.
    /// - Throws: `.readerGone`; `.diskFull` or `.inputOutput` with the amount written.
    package static func write(
        _ bytes: [UInt8],
        lines: (before: Int, total: Int?)? = nil
    ) throws(FileError) {
        let outcome = bytes.withUnsafeBytes { writeAll($0, to: STDOUT_FILENO) }
        guard let failure = outcome.failure else { return }
        var progress = progress(bytes, outcome.count)
        // A single line may have been written in part.
        if let lines, lines.total != 1 {
            let written = lines.before + bytes.prefix(outcome.count).count { $0 == UInt8(ascii: "\n") }
            progress =
                lines.total.map { "\(grouped(written)) of \(counted($0, "line")) written" }
                ?? "\(counted(written, "line")) written"
        }
        throw FileError(writing: "standard output", errorCode: failure.code, progress: progress)
    }

    /// Throws if the program that reads standard output has ended.
    ///
    /// - Throws: `.readerGone`.
    package static func requireReader() throws(FileError) {
        var state = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
        guard poll(&state, 1, 0) > 0, state.revents & Int16(POLLERR) != 0 else { return }
        throw FileError(writing: "standard output", errorCode: EPIPE)
    }

    /// Reads the available bytes of standard input, and waits if there are none.
    ///
    /// - Parameter bytes: Receives the bytes at its end.
    /// - Returns: False at the end.
    /// - Throws: `.inputOutput`.
    package static func read(into bytes: inout [UInt8]) throws(FileError) -> Bool {
        var count = 0
        var reason: Int32 = 0
        let block = [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, filled in
            repeat {
                #if canImport(Glibc)
                count = Glibc.read(STDIN_FILENO, buffer.baseAddress, buffer.count)
                #else
                count = Darwin.read(STDIN_FILENO, buffer.baseAddress, buffer.count)
                #endif
                reason = errno
            } while count < 0 && reason == EINTR
            filled = max(count, 0)
        }
        guard count >= 0 else { throw FileError(reading: "standard input", errorCode: reason) }
        bytes += block
        return count > 0
    }

    /// Whether standard input is a pipe, a socket or a file, so that it may hold texts.
    package static var hasInput: Bool {
        var status = stat()
        guard fstat(STDIN_FILENO, &status) == 0 else { return false }
        return [S_IFIFO, S_IFREG, S_IFSOCK].contains(status.st_mode & S_IFMT)
    }

    /// Whether a person types standard input.
    package static var isTyped: Bool { isatty(STDIN_FILENO) == 1 }

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
