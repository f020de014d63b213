public import Foundation

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Writes a file beside its place, syncs it, then renames it: it appears whole or not at all.
///
/// - Parameters:
///   - data: The file's bytes.
///   - url: Its place; folders on the way are made.
/// - Throws: `.diskFull`, `.notAllowed` or `.inputOutput`; nothing is left behind then.
public func writeAtomically(_ data: Data, to url: URL) throws(FileError) {
    try writeAtomically(data, to: url, permissions: 0o644)
}

/// Writes a file beside its place, syncs it, then renames it, open to whom `permissions` says from its first byte on.
///
/// - Parameters:
///   - data: The file's bytes.
///   - url: Its place; folders on the way are made.
///   - permissions: As `chmod` takes them, less the process's mask.
/// - Throws: `.diskFull`, `.notAllowed` or `.inputOutput`; nothing is left behind then.
package func writeAtomically(_ data: Data, to url: URL, permissions: UInt32) throws(FileError) {
    var file = try AtomicFile(at: url, permissions: permissions)
    try file.write(Array(data))
    try file.commit()
}

/// A file on its way: `write` any number of times, then `commit`; dropped without a trace if never committed.
package struct AtomicFile: ~Copyable {
    private let path: String
    /// Where the file is written before it gets its name: what opens files itself may write there.
    package let temporary: String
    private var descriptor: Int32
    /// Bytes on their way past the system's cache; nil for a file that goes through it.
    private let buffer: PageBuffer?
    private var bypassesCache = false
    fileprivate static let ending = ".incomplete"

    /// Whether a name is that of a file on its way.
    static func isTemporary(_ name: String) -> Bool {
        guard name.hasSuffix(ending) else { return false }
        let numbers = name.dropLast(ending.count).split(separator: ".").last?.split(separator: "-") ?? []
        return numbers.count == 2 && numbers.allSatisfy { Int($0) != nil }
    }

    /// A name beside a file's, not taken yet, which ``isTemporary(_:)`` recognises.
    ///
    /// A name of almost 255 bytes, the most that file systems allow, is shortened: what has a valid name can be written.
    fileprivate static func temporaryPath(for url: URL) -> String {
        let suffix = ".\(getpid())-\(UInt32.random(in: 0 ... .max))\(ending)"
        var name = url.lastPathComponent
        if name.utf8.count <= longestName {
            while name.utf8.count + suffix.utf8.count > longestName { name.removeLast() }
        }
        return url.deletingLastPathComponent().appending(path: name + suffix).path(percentEncoded: false)
    }

    /// Starts a file; folders on the way are made.
    ///
    /// - Parameters:
    ///   - url: Its place.
    ///   - permissions: As `chmod` takes them, less the process's mask.
    ///   - bypassesCache: Whether it is written past the system's cache where the disk can do that: for large files that
    ///     are seldom read.
    /// - Throws: `.diskFull`, `.notAllowed` or `.inputOutput`.
    package init(
        at url: URL,
        permissions: UInt32 = 0o644,
        bypassesCache: Bool = false
    ) throws(FileError) {
        let path = url.path(percentEncoded: false)
        let temporary = Self.temporaryPath(for: url)
        try makeFolder(url.deletingLastPathComponent())
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode_t(permissions))
        guard descriptor >= 0 else { throw FileError(writing: path, errorCode: errno) }
        self.path = path
        self.temporary = temporary
        self.descriptor = descriptor
        buffer = bypassesCache ? PageBuffer() : nil
    }

    deinit {
        if descriptor >= 0 {
            close(descriptor)
            unlink(temporary)
        }
    }

    /// Adds bytes.
    ///
    /// - Parameter bytes: The file's next.
    /// - Throws: `.diskFull` or `.inputOutput`.
    package mutating func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        guard let buffer else { return try send(bytes) }
        var rest = bytes[...]
        while !rest.isEmpty {
            rest = rest.dropFirst(buffer.take(rest))
            guard buffer.isFull else { continue }
            if !bypassesCache { bypassesCache = PageBuffer.setBypass(true, of: descriptor) }
            try send(buffer.bytes)
            buffer.clear()
        }
    }

    /// Hands bytes to the system.
    private mutating func send(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let slice = UnsafeRawBufferPointer(rebasing: rest)
            #if canImport(Glibc)
            let count = Glibc.write(descriptor, slice.baseAddress, slice.count)
            #else
            let count = Darwin.write(descriptor, slice.baseAddress, slice.count)
            #endif
            if count < 0 {
                if errno == EINTR { continue }
                // Some file systems take the wish and not the bytes.
                if errno == EINVAL, bypassesCache {
                    useCache()
                    continue
                }
                throw FileError(writing: path, errorCode: errno)
            }
            rest = rest.dropFirst(count)
            if bypassesCache, !PageBuffer.isAligned(count) { useCache() }
        }
    }

    /// The rest of the file goes through the system's cache.
    private mutating func useCache() {
        _ = PageBuffer.setBypass(false, of: descriptor)
        bypassesCache = false
    }

    /// Adds bytes.
    ///
    /// - Parameter bytes: The file's next.
    /// - Throws: `.diskFull` or `.inputOutput`.
    package mutating func write(_ bytes: [UInt8]) throws(FileError) {
        let result: Result<Void, FileError> = bytes.withUnsafeBytes { buffer in
            do throws(FileError) { return .success(try write(buffer)) } catch { return .failure(error) }
        }
        try result.get()
    }

    /// Syncs the file and gives it its name.
    ///
    /// - Throws: `.diskFull` or `.inputOutput`.
    package mutating func commit() throws(FileError) {
        if let buffer {
            // The last bytes are no whole page.
            if bypassesCache { useCache() }
            try send(buffer.bytes)
        }
        guard fsync(descriptor) == 0 else { throw FileError(writing: path, errorCode: errno) }
        close(descriptor)
        descriptor = -1
        guard rename(temporary, path) == 0 else {
            let error = errno
            unlink(temporary)
            throw FileError(writing: path, errorCode: error)
        }
    }
}

/// Makes a symbolic link, replacing what has its name, at once or not at all; folders on the way are made.
///
/// - Parameters:
///   - target: Where it leads, as it is written into the link.
///   - url: The link's place.
/// - Throws: `.diskFull`, `.notAllowed` or `.inputOutput`.
package func linkAtomically(to target: String, at url: URL) throws(FileError) {
    try makeFolder(url.deletingLastPathComponent())
    let path = url.path(percentEncoded: false)
    let temporary = AtomicFile.temporaryPath(for: url)
    // A new name appears at once by itself: a process that is killed leaves nothing beside it.
    if symlink(target, path) == 0 { return }
    guard errno == EEXIST else { throw FileError(writing: path, errorCode: errno) }
    // Another process was first; replacing its link by the same would hide the name from who lists the folder just then.
    if (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) == target { return }
    guard symlink(target, temporary) == 0 else { throw FileError(writing: path, errorCode: errno) }
    guard rename(temporary, path) == 0 else {
        let reason = errno
        unlink(temporary)
        throw FileError(writing: path, errorCode: reason)
    }
}

/// Removes the files of a folder that were on their way when their process was killed.
///
/// - Parameter folder: One that nobody else is writing into.
package func removeTemporaries(in folder: URL) {
    let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false))
    for name in names ?? [] where AtomicFile.isTemporary(name) {
        try? FileManager.default.removeItem(at: folder.appending(path: name))
    }
}
