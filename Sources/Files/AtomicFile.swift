public import Foundation

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Writes a temporary file, syncs it, then renames it: the file appears complete or not at all.
///
/// An existing file is replaced and keeps its permissions. A link stays, and its target is replaced. A FIFO, a device or
/// a socket is written directly.
///
/// - Parameters:
///   - data: The file's contents.
///   - url: The file's place; parent folders are created.
/// - Throws: `.diskFull`, `.notAllowed`, `.readerGone` or `.inputOutput`. No partial file remains.
public func writeAtomically(_ data: Data, to url: URL) throws(FileError) {
    try writeAtomically(data, to: url, permissions: nil)
}

/// Writes a temporary file, syncs it, then renames it.
///
/// It has the given permissions from its first byte.
///
/// - Parameters:
///   - data: The file's contents.
///   - url: The file's place; parent folders are created.
///   - permissions: The permissions, as for `chmod`, minus the process's mask; nil keeps those of an existing file.
/// - Throws: `.diskFull`, `.notAllowed`, `.readerGone` or `.inputOutput`. No partial file remains.
package func writeAtomically(_ data: Data, to url: URL, permissions: UInt32?) throws(FileError) {
    try write(data, to: AtomicFile(at: url, permissions: permissions))
}

/// Writes a temporary file and renames it, without waiting for the disk.
///
/// For small files that are replaced often. Readers always find a complete file, but after a power failure it may be missing.
///
/// - Parameters:
///   - data: The file's contents.
///   - url: The file's place; parent folders are created.
/// - Throws: `.diskFull`, `.notAllowed` or `.inputOutput`. No partial file remains.
package func replaceQuickly(_ data: Data, at url: URL) throws(FileError) {
    var file = try AtomicFile(at: url)
    try file.write(Array(data))
    try file.commit(syncing: false)
}

/// Writes a file like ``writeAtomically(_:to:)``, under a name that need not be UTF-8.
///
/// - Parameters:
///   - data: The file's contents.
///   - path: The file's place; parent folders are created.
/// - Throws: `.diskFull`, `.notAllowed`, `.readerGone` or `.inputOutput`. No partial file remains.
package func writeAtomically(_ data: Data, to path: RawPath) throws(FileError) {
    try write(data, to: AtomicFile(at: path))
}

private func write(_ data: Data, to file: consuming AtomicFile) throws(FileError) {
    var file = file
    try file.write(Array(data))
    try file.commit()
}

/// A file being written: call `write` any number of times, then `commit`.
///
/// Without `commit`, nothing remains.
///
/// Only regular files can be replaced. Anything else is written directly (``WriteTarget``).
package struct AtomicFile: ~Copyable {
    /// The path as given, for messages.
    private let path: String
    /// The temporary and the final place; nil if the target is written directly.
    private let places: (temporary: RawPath, final: RawPath)?
    private var descriptor: Int32
    /// The bytes collected for writing past the system's cache; nil if the file uses the cache.
    private let buffer: PageBuffer?
    private var bypassesCache = false
    /// The number of bytes that the system has accepted.
    private var count = 0
    private static let ending = ".incomplete"

    /// Whether a name is that of a temporary file.
    static func isTemporary(_ name: String) -> Bool {
        guard name.hasSuffix(ending) else { return false }
        let numbers = name.dropLast(ending.count).split(separator: ".").last?.split(separator: "-") ?? []
        return numbers.count == 2 && numbers.allSatisfy { Int($0) != nil }
    }

    /// A free temporary name next to a file, which ``isTemporary(_:)`` recognises.
    ///
    /// File systems allow 255 bytes, so the name is shortened if necessary: any valid file name can be written.
    fileprivate static func temporary(for path: RawPath) -> RawPath {
        let suffix = Array(".\(getpid())-\(UInt32.random(in: 0 ... .max))\(ending)".utf8)
        let name = path.name
        guard name.count <= longestName, name.count + suffix.count > longestName else {
            return path.beside(name + suffix)
        }
        var short = name.prefix(longestName - suffix.count)
        // Do not split a character: some file systems accept only UTF-8.
        while let last = short.last, name[short.endIndex] & 0xC0 == 0x80, last & 0x80 != 0 {
            short.removeLast()
        }
        return path.beside(short + suffix)
    }

    /// Starts a file; parent folders are created.
    ///
    /// - Parameters:
    ///   - url: The file's place.
    ///   - permissions: The permissions, as for `chmod`, minus the process's mask; nil keeps those of an existing file.
    ///   - bypassesCache: Whether to write past the system's cache, if the disk supports it. Useful for large files that
    ///         are rarely read.
    /// - Throws: `.diskFull`, `.notAllowed` or `.inputOutput`.
    package init(
        at url: URL,
        permissions: UInt32? = nil,
        bypassesCache: Bool = false
    ) throws(FileError) {
        try self.init(at: RawPath(url), permissions: permissions, bypassesCache: bypassesCache)
    }

    /// Starts a file under a name that need not be UTF-8.
    ///
    /// - Parameters:
    ///   - path: The file's place; parent folders are created.
    ///   - permissions: The permissions, as for `chmod`, minus the process's mask; nil keeps those of an existing file.
    ///   - bypassesCache: Whether to write past the system's cache, if the disk supports it.
    /// - Throws: `.diskFull`, `.notAllowed` or `.inputOutput`.
    package init(
        at path: RawPath,
        permissions: UInt32? = nil,
        bypassesCache: Bool = false
    ) throws(FileError) {
        let target = try WriteTarget(path)
        let opened: Int32
        var places: (temporary: RawPath, final: RawPath)?
        switch target {
        case .stream(let descriptor): opened = descriptor
        case .file(let place, let former):
            let temporary = Self.temporary(for: place)
            // A folder with a non-UTF-8 name must exist; otherwise opening the file fails.
            if place.parent.isText {
                try makeFolder(URL(filePath: place.parent.shown, directoryHint: .isDirectory))
            }
            let mode = permissions ?? 0o644
            opened = temporary.withCString {
                open($0, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode_t(mode))
            }
            guard opened >= 0 else { throw FileError(writing: path.shown, errorCode: errno) }
            if permissions == nil, let former { Self.adopt(former, by: opened) }
            places = (temporary, place)
        }
        self.path = path.shown
        self.places = places
        descriptor = opened
        buffer = bypassesCache && places != nil ? PageBuffer() : nil
    }

    /// Gives a new file the owner and permissions of the file that it replaces, as far as the system allows.
    private static func adopt(_ former: stat, by descriptor: Int32) {
        var own = stat()
        guard fstat(descriptor, &own) == 0 else { return }
        if own.st_uid != former.st_uid || own.st_gid != former.st_gid {
            _ = fchown(descriptor, former.st_uid, former.st_gid)
        }
        _ = fchmod(descriptor, former.st_mode & 0o777)
    }

    deinit {
        if descriptor >= 0 {
            close(descriptor)
            places?.temporary.remove()
        }
    }

    /// The temporary path; nil if the target is written directly.
    package var temporary: String? { places?.temporary.shown }

    /// Adds bytes.
    ///
    /// - Parameter bytes: The bytes to append.
    /// - Throws: `.diskFull`, `.readerGone` or `.inputOutput`.
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

    /// Passes bytes to the system.
    private mutating func send(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            switch writeOnce(UnsafeRawBufferPointer(rebasing: rest), to: descriptor) {
            case .success(let taken):
                count += taken
                rest = rest.dropFirst(taken)
                if bypassesCache, !PageBuffer.isAligned(taken) { useCache() }
            // Some file systems accept the flag but not the bytes.
            case .failure(let failure) where failure.code == EINVAL && bypassesCache: useCache()
            case .failure(let failure): throw error(failure.code)
            }
        }
    }

    /// An error for this file.
    ///
    /// For a target that is written directly, it states the amount written.
    private func error(_ code: Int32) -> FileError {
        FileError(
            writing: path,
            errorCode: code,
            progress: places == nil ? "\(counted(count, "byte")) written" : nil
        )
    }

    /// Writes the rest of the file through the system's cache.
    private mutating func useCache() {
        _ = PageBuffer.setBypass(false, of: descriptor)
        bypassesCache = false
    }

    /// Adds bytes.
    ///
    /// - Parameter bytes: The bytes to append.
    /// - Throws: `.diskFull`, `.readerGone` or `.inputOutput`.
    package mutating func write(_ bytes: [UInt8]) throws(FileError) {
        let result: Result<Void, FileError> = bytes.withUnsafeBytes { buffer in
            do throws(FileError) { return .success(try write(buffer)) } catch { return .failure(error) }
        }
        try result.get()
    }

    /// Syncs the file and renames it to its final name.
    ///
    /// - Parameter syncing: Whether to wait until the disk has the contents.
    /// - Throws: `.diskFull` or `.inputOutput`.
    package mutating func commit(syncing: Bool = true) throws(FileError) {
        if let buffer {
            // The last bytes are not a whole page.
            if bypassesCache { useCache() }
            try send(buffer.bytes)
        }
        // A pipe cannot be synced.
        guard !syncing || fsync(descriptor) == 0 || places == nil else { throw error(errno) }
        // Some network disks report a failed write only on closing. The descriptor is closed in either case.
        let closing = close(descriptor)
        descriptor = -1
        let reason = errno
        guard closing == 0 || reason == EINTR else {
            places?.temporary.remove()
            throw error(reason)
        }
        guard let places, places.temporary.rename(to: places.final) != 0 else { return }
        let refusal = errno
        places.temporary.remove()
        throw error(refusal)
    }
}

/// Creates a symbolic link atomically, replacing anything with its name; parent folders are created.
///
/// - Parameters:
///   - target: The target, as written into the link.
///   - url: The link's place.
/// - Throws: `.diskFull`, `.notAllowed` or `.inputOutput`.
package func linkAtomically(to target: String, at url: URL) throws(FileError) {
    try makeFolder(url.deletingLastPathComponent())
    let path = url.path(percentEncoded: false)
    let temporary = AtomicFile.temporary(for: RawPath(url))
    // A new name appears atomically anyway, and a process that is killed leaves no temporary file.
    if symlink(target, path) == 0 { return }
    guard errno == EEXIST else { throw FileError(writing: path, errorCode: errno) }
    // Another process was first. Replacing its link by an equal one would briefly hide the name from folder listings.
    if (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) == target { return }
    guard temporary.withCString({ symlink(target, $0) }) == 0 else {
        throw FileError(writing: path, errorCode: errno)
    }
    guard temporary.rename(to: RawPath(url)) == 0 else {
        let reason = errno
        temporary.remove()
        throw FileError(writing: path, errorCode: reason)
    }
}

/// Removes a folder's temporary files that killed processes left.
///
/// - Parameter folder: A folder that no other process is writing to.
package func removeTemporaries(in folder: URL) {
    let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false))
    for name in names ?? [] where AtomicFile.isTemporary(name) {
        try? FileManager.default.removeItem(at: folder.appending(path: name))
    }
}
