#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Gathers a file's bytes to whole pages, for writing past the system's cache.
///
/// What is written once and seldom read again, as checkpoints are, would push out of the cache what is read often. And where
/// pages have to be found and cleared first, copying into the cache is slower than the disk itself: 360 MB/s against 1,200
/// on a virtual machine.
final class PageBuffer {
    private let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 8 << 20, alignment: page)
    private var count = 0
    /// Any disk's blocks divide it.
    private static let page = 4096

    deinit { memory.deallocate() }

    /// What was gathered.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<count]) }

    /// Whether nothing more fits.
    var isFull: Bool { count == memory.count }

    /// Takes what fits; returns how many bytes that was.
    func take(_ bytes: Slice<UnsafeRawBufferPointer>) -> Int {
        let taken = bytes.prefix(memory.count - count)
        UnsafeMutableRawBufferPointer(rebasing: memory[count...]).copyMemory(
            from: UnsafeRawBufferPointer(rebasing: taken)
        )
        count += taken.count
        return taken.count
    }

    /// Forgets what was gathered.
    func clear() { count = 0 }

    /// Tells the system whether a file is written past its cache; returns whether its disk can do that.
    static func setBypass(_ bypasses: Bool, of descriptor: Int32) -> Bool {
        #if canImport(Glibc)
        let flags = fcntl(descriptor, F_GETFL)
        return fcntl(descriptor, F_SETFL, bypasses ? flags | direct : flags & ~direct) == 0
        #else
        return fcntl(descriptor, F_NOCACHE, bypasses ? 1 : 0) == 0
        #endif
    }

    #if canImport(Glibc)
    /// `O_DIRECT`, which Swift does not import; Linux numbers it for each processor (asm/fcntl.h).
    #if arch(arm64)
    private static let direct: CInt = 0o200000
    #else
    private static let direct: CInt = 0o40000
    #endif
    #endif

    /// Whether a file that is written past the cache can go on so after so many of its bytes.
    static func isAligned(_ count: Int) -> Bool { count.isMultiple(of: page) }
}
