#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Makes one `write` call.
///
/// This is the only function that writes at a descriptor's current position.
///
/// Repeats a call that a signal interrupts, and waits for a slow reader on a non-blocking descriptor.
///
/// - Parameters:
///   - bytes: The bytes, not empty.
///   - descriptor: A descriptor open for writing.
/// - Returns: The number of bytes written, or the system's error.
func writeOnce(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Result<Int, SystemFailure> {
    while true {
        #if canImport(Glibc)
        let count = Glibc.write(descriptor, bytes.baseAddress, bytes.count)
        #else
        let count = Darwin.write(descriptor, bytes.baseAddress, bytes.count)
        #endif
        if count >= 0 { return .success(count) }
        let reason = errno
        switch reason {
        case EINTR: continue
        case EAGAIN, EWOULDBLOCK:
            var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            _ = poll(&wait, 1, -1)
        default: return .failure(SystemFailure(code: reason))
        }
    }
}

/// An error of the system.
struct SystemFailure: Error {
    /// The value of `errno`.
    var code: Int32
}

/// Writes all bytes.
///
/// - Parameters:
///   - bytes: Any number.
///   - descriptor: A descriptor open for writing.
/// - Returns: The number of bytes written, and the error if not all were.
func writeAll(
    _ bytes: UnsafeRawBufferPointer,
    to descriptor: Int32
) -> (count: Int, failure: SystemFailure?) {
    var done = 0
    while done < bytes.count {
        switch writeOnce(UnsafeRawBufferPointer(rebasing: bytes[done...]), to: descriptor) {
        case .success(let count): done += count
        case .failure(let failure): return (done, failure)
        }
    }
    return (done, nil)
}
