#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Memory at fixed addresses whose pages can be given back to the system and used again later.
///
/// `@unchecked Sendable`: the addresses never change until `deinit`; the callers order their accesses to the bytes.
public final class ReleasablePages: @unchecked Sendable {
    /// The bytes: 0 at first, undefined after ``release()``.
    public let bytes: UnsafeMutableRawBufferPointer

    /// Reserves addresses; pages take memory only once they are used.
    ///
    /// Nil if there are no addresses left.
    ///
    /// - Parameter byteCount: The number of bytes, above 0.
    public init?(byteCount: Int) {
        #if canImport(Glibc)
        // Most of it is never in memory at the same time.
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        #else
        let flags = MAP_PRIVATE | MAP_ANON
        #endif
        guard byteCount > 0, let address = mmap(nil, byteCount, PROT_READ | PROT_WRITE, flags, -1, 0),
            address != MAP_FAILED
        else { return nil }
        bytes = UnsafeMutableRawBufferPointer(start: address, count: byteCount)
        #if canImport(Glibc)
        // Whole matrices are written at once, and every new page costs time. Only advice: a failure changes nothing.
        if byteCount >= 1 << 22 { _ = madvise(address, byteCount, MADV_HUGEPAGE) }
        #endif
    }

    /// Gives the pages back to the system; their values are lost.
    ///
    /// On macOS the system takes them when it needs memory.
    public func release() {
        #if canImport(Glibc)
        _ = madvise(bytes.baseAddress, bytes.count, MADV_DONTNEED)
        #else
        _ = madvise(bytes.baseAddress, bytes.count, MADV_FREE)
        #endif
    }

    /// The bytes of the pages in memory.
    public var residentByteCount: Int {
        let page = Int(getpagesize())
        let count = (bytes.count + page - 1) / page
        #if canImport(Glibc)
        var states = [UInt8](repeating: 0, count: count)
        #else
        var states = [CChar](repeating: 0, count: count)
        #endif
        guard mincore(bytes.baseAddress, bytes.count, &states) == 0 else { return bytes.count }
        return states.count { $0 & 1 != 0 } * page
    }

    deinit { munmap(bytes.baseAddress, bytes.count) }
}
