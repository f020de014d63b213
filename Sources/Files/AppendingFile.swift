package import Foundation

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A file that grows by whole records.
///
/// A record that cannot be written completely is removed again.
package final class AppendingFile {
    private let path: String
    private let descriptor: Int32
    private let isRegular: Bool

    /// Opens a file to append records.
    ///
    /// - Parameters:
    ///   - url: The file; it is created if necessary, in an existing folder.
    ///   - permissions: The permissions of a new file, as for `chmod`, minus the process's mask.
    ///   - ending: The last byte of every record. Bytes after its last occurrence are from a process that was killed, and are
    ///         removed. Nil keeps everything.
    /// - Throws: `.diskFull`, `.notAllowed` or `.inputOutput`.
    package init(
        at url: URL,
        permissions: UInt32 = 0o644,
        recordsEndingIn ending: UInt8? = nil
    ) throws(FileError) {
        path = url.path(percentEncoded: false)
        descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, mode_t(permissions))
        guard descriptor >= 0 else { throw FileError(writing: path, errorCode: errno) }
        var status = stat()
        isRegular = fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        guard let ending, isRegular else { return }
        let whole = endOfLastRecord(ending, in: Int(status.st_size))
        guard whole == Int(status.st_size) || ftruncate(descriptor, off_t(whole)) == 0 else {
            throw FileError(writing: path, errorCode: errno)
        }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Appends a record.
    ///
    /// - Parameter record: The bytes.
    /// - Throws: `.diskFull` or `.inputOutput`. The file then has no part of the record.
    package func add(_ record: [UInt8]) throws(FileError) {
        let result: Result<Void, FileError> = record.withUnsafeBytes { bytes in
            do throws(FileError) { return .success(try add(bytes)) } catch { return .failure(error) }
        }
        try result.get()
    }

    /// Appends a record.
    ///
    /// - Parameter record: The bytes.
    /// - Throws: `.diskFull` or `.inputOutput`. The file then has no part of the record.
    package func add(_ record: UnsafeRawBufferPointer) throws(FileError) {
        let outcome = writeAll(record, to: descriptor)
        guard let failure = outcome.failure else { return }
        if isRegular, outcome.count > 0 {
            let end = lseek(descriptor, 0, SEEK_END)
            if end >= outcome.count { _ = ftruncate(descriptor, end - off_t(outcome.count)) }
        }
        throw FileError(writing: path, errorCode: failure.code)
    }

    /// The position after the last occurrence of a byte in the first `size` bytes.
    private func endOfLastRecord(_ ending: UInt8, in size: Int) -> Int {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var end = size
        while end > 0 {
            let start = max(0, end - buffer.count)
            let count = buffer.withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress, end - start, off_t(start))
            }
            // Bytes that cannot be read stay unchanged.
            guard count == end - start else { return size }
            if let index = buffer[..<count].lastIndex(of: ending) { return start + index + 1 }
            end = start
        }
        return 0
    }
}
