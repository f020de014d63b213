#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Hands bytes to the system, once: the only place that writes to a descriptor from its current position.
///
/// A call that a signal interrupts is repeated; a reader that is slow, on a descriptor that does not wait, is waited for.
///
/// - Parameters:
///   - bytes: Not empty.
///   - descriptor: Open for writing.
/// - Returns: How many bytes were taken, or the system's reason.
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

/// A reason that the system gave.
struct SystemFailure: Error {
    /// As `errno` has it.
    var code: Int32
}

/// Hands all bytes to the system.
///
/// - Parameters:
///   - bytes: Any number.
///   - descriptor: Open for writing.
/// - Returns: How many bytes were taken, and why no more, or nil if these are all.
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
