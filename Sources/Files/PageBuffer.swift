#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Collects a file's bytes into whole pages, for writing past the system's page cache.
///
/// Files that are written once and rarely read again, such as checkpoints, would evict data that is read often. If pages must
/// first be found and cleared, copying into the cache is also slower than the disk itself: 360 MB/s against 1,200
/// on a virtual machine.
final class PageBuffer {
    private let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 8 << 20, alignment: page)
    private var count = 0
    /// A multiple of any disk's block size.
    private static let page = 4096

    deinit { memory.deallocate() }

    /// The collected bytes.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<count]) }

    /// Whether the buffer is full.
    var isFull: Bool { count == memory.count }

    /// Adds as many bytes as fit, and returns their number.
    func take(_ bytes: Slice<UnsafeRawBufferPointer>) -> Int {
        let taken = bytes.prefix(memory.count - count)
        UnsafeMutableRawBufferPointer(rebasing: memory[count...]).copyMemory(
            from: UnsafeRawBufferPointer(rebasing: taken)
        )
        count += taken.count
        return taken.count
    }

    /// Discards the collected bytes.
    func clear() { count = 0 }

    /// Sets whether a file is written past the system's cache.
    ///
    /// Returns whether its disk supports that.
    static func setBypass(_ bypasses: Bool, of descriptor: Int32) -> Bool {
        #if canImport(Glibc)
        let flags = fcntl(descriptor, F_GETFL)
        return fcntl(descriptor, F_SETFL, bypasses ? flags | direct : flags & ~direct) == 0
        #else
        return fcntl(descriptor, F_NOCACHE, bypasses ? 1 : 0) == 0
        #endif
    }

    #if canImport(Glibc)
    /// `O_DIRECT`, which Swift does not import. Linux defines it per processor (asm/fcntl.h).
    #if arch(arm64)
    private static let direct: CInt = 0o200000
    #else
    private static let direct: CInt = 0o40000
    #endif
    #endif

    /// Whether writing past the cache can continue after this number of bytes.
    static func isAligned(_ count: Int) -> Bool { count.isMultiple(of: page) }
}
