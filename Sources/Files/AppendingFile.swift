package import Foundation

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A file that grows by whole records: one that cannot be written to its end is taken back.
package final class AppendingFile {
    private let path: String
    private let descriptor: Int32
    private let isRegular: Bool

    /// Opens a file to add records after those that it has.
    ///
    /// - Parameters:
    ///   - url: The file, which is made if need be, in a folder that is there.
    ///   - permissions: Of a new file, as `chmod` takes them, less the process's mask.
    ///   - ending: The last byte of every record. What follows its last one was left by a process that was killed, and goes.
    ///     Nil keeps everything.
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

    /// Adds a record.
    ///
    /// - Parameter record: The bytes.
    /// - Throws: `.diskFull` or `.inputOutput`; nothing of the record is in the file then.
    package func add(_ record: [UInt8]) throws(FileError) {
        let result: Result<Void, FileError> = record.withUnsafeBytes { bytes in
            do throws(FileError) { return .success(try add(bytes)) } catch { return .failure(error) }
        }
        try result.get()
    }

    /// Adds a record.
    ///
    /// - Parameter record: The bytes.
    /// - Throws: `.diskFull` or `.inputOutput`; nothing of the record is in the file then.
    package func add(_ record: UnsafeRawBufferPointer) throws(FileError) {
        let outcome = writeAll(record, to: descriptor)
        guard let failure = outcome.failure else { return }
        if isRegular, outcome.count > 0 {
            let end = lseek(descriptor, 0, SEEK_END)
            if end >= outcome.count { _ = ftruncate(descriptor, end - off_t(outcome.count)) }
        }
        throw FileError(writing: path, errorCode: failure.code)
    }

    /// The position after the last byte of that value among the first `size`.
    private func endOfLastRecord(_ ending: UInt8, in size: Int) -> Int {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var end = size
        while end > 0 {
            let start = max(0, end - buffer.count)
            let count = buffer.withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress, end - start, off_t(start))
            }
            // What cannot be read stays as it is.
            guard count == end - start else { return size }
            if let index = buffer[..<count].lastIndex(of: ending) { return start + index + 1 }
            end = start
        }
        return 0
    }
}
