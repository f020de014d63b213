public import Foundation

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Writes a file beside its place, syncs it, then renames it: it appears whole or not at all.
///
/// A file that is there is replaced and keeps its permissions; a link stays, and its target is replaced. A FIFO, a device or
/// a socket is written through.
///
/// - Parameters:
///   - data: The file's bytes.
///   - url: Its place; folders on the way are made.
/// - Throws: `.diskFull`, `.notAllowed`, `.readerGone` or `.inputOutput`; nothing is left behind then.
public func writeAtomically(_ data: Data, to url: URL) throws(FileError) {
    try writeAtomically(data, to: url, permissions: nil)
}

/// Writes a file beside its place, syncs it, then renames it, open to whom `permissions` says from its first byte on.
///
/// - Parameters:
///   - data: The file's bytes.
///   - url: Its place; folders on the way are made.
///   - permissions: As `chmod` takes them, less the process's mask; nil keeps those of a file that is there.
/// - Throws: `.diskFull`, `.notAllowed`, `.readerGone` or `.inputOutput`; nothing is left behind then.
package func writeAtomically(_ data: Data, to url: URL, permissions: UInt32?) throws(FileError) {
    try write(data, to: AtomicFile(at: url, permissions: permissions))
}

/// Writes a file like ``writeAtomically(_:to:)``, under a name that need not be UTF-8.
///
/// - Parameters:
///   - data: The file's bytes.
///   - path: Its place; folders on the way are made.
/// - Throws: `.diskFull`, `.notAllowed`, `.readerGone` or `.inputOutput`; nothing is left behind then.
package func writeAtomically(_ data: Data, to path: RawPath) throws(FileError) {
    try write(data, to: AtomicFile(at: path))
}

private func write(_ data: Data, to file: consuming AtomicFile) throws(FileError) {
    var file = file
    try file.write(Array(data))
    try file.commit()
}

/// A file on its way: `write` any number of times, then `commit`; dropped without a trace if never committed.
///
/// What is not a regular file has nothing that could be replaced: it is written as bytes come (``WriteTarget``).
package struct AtomicFile: ~Copyable {
    /// As it was given, for messages.
    private let path: String
    /// Where the file is written before it gets its name, and the name; nil for what is written through.
    private let places: (temporary: RawPath, final: RawPath)?
    private var descriptor: Int32
    /// Bytes on their way past the system's cache; nil for a file that goes through it.
    private let buffer: PageBuffer?
    private var bypassesCache = false
    /// Bytes that the system has.
    private var count = 0
    private static let ending = ".incomplete"

    /// Whether a name is that of a file on its way.
    static func isTemporary(_ name: String) -> Bool {
        guard name.hasSuffix(ending) else { return false }
        let numbers = name.dropLast(ending.count).split(separator: ".").last?.split(separator: "-") ?? []
        return numbers.count == 2 && numbers.allSatisfy { Int($0) != nil }
    }

    /// A name beside a file's, not taken yet, which ``isTemporary(_:)`` recognises.
    ///
    /// A name of almost 255 bytes, the most that file systems allow, is shortened: what has a valid name can be written.
    fileprivate static func temporary(for path: RawPath) -> RawPath {
        let suffix = Array(".\(getpid())-\(UInt32.random(in: 0 ... .max))\(ending)".utf8)
        let name = path.name
        guard name.count <= longestName, name.count + suffix.count > longestName else {
            return path.beside(name + suffix)
        }
        var short = name.prefix(longestName - suffix.count)
        // No character is cut: some file systems take only UTF-8.
        while let last = short.last, name[short.endIndex] & 0xC0 == 0x80, last & 0x80 != 0 {
            short.removeLast()
        }
        return path.beside(short + suffix)
    }

    /// Starts a file; folders on the way are made.
    ///
    /// - Parameters:
    ///   - url: Its place.
    ///   - permissions: As `chmod` takes them, less the process's mask; nil keeps those of a file that is there.
    ///   - bypassesCache: Whether it is written past the system's cache where the disk can do that: for large files that
    ///     are seldom read.
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
    ///   - path: Its place; folders on the way are made.
    ///   - permissions: As `chmod` takes them, less the process's mask; nil keeps those of a file that is there.
    ///   - bypassesCache: Whether it is written past the system's cache where the disk can do that.
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
            // A folder whose name is not UTF-8 is there, or opening the file says that it is not.
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

    /// Gives a new file the owner and the permissions of the one that it replaces, as far as the system allows.
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

    /// Where the file is before it gets its name; nil for what is written through.
    package var temporary: String? { places?.temporary.shown }

    /// Adds bytes.
    ///
    /// - Parameter bytes: The file's next.
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

    /// Hands bytes to the system.
    private mutating func send(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            switch writeOnce(UnsafeRawBufferPointer(rebasing: rest), to: descriptor) {
            case .success(let taken):
                count += taken
                rest = rest.dropFirst(taken)
                if bypassesCache, !PageBuffer.isAligned(taken) { useCache() }
            // Some file systems take the wish and not the bytes.
            case .failure(let failure) where failure.code == EINVAL && bypassesCache: useCache()
            case .failure(let failure): throw error(failure.code)
            }
        }
    }

    /// An error of this file; for what was written through, it says how much that was.
    private func error(_ code: Int32) -> FileError {
        FileError(
            writing: path,
            errorCode: code,
            progress: places == nil ? "\(counted(count, "byte")) written" : nil
        )
    }

    /// The rest of the file goes through the system's cache.
    private mutating func useCache() {
        _ = PageBuffer.setBypass(false, of: descriptor)
        bypassesCache = false
    }

    /// Adds bytes.
    ///
    /// - Parameter bytes: The file's next.
    /// - Throws: `.diskFull`, `.readerGone` or `.inputOutput`.
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
        // A pipe cannot be synced.
        guard fsync(descriptor) == 0 || places == nil else { throw error(errno) }
        // Some disks behind a network report a failed write only now. The descriptor is gone in either case.
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

/// Makes a symbolic link, replacing what has its name, at once or not at all; folders on the way are made.
///
/// - Parameters:
///   - target: Where it leads, as it is written into the link.
///   - url: The link's place.
/// - Throws: `.diskFull`, `.notAllowed` or `.inputOutput`.
package func linkAtomically(to target: String, at url: URL) throws(FileError) {
    try makeFolder(url.deletingLastPathComponent())
    let path = url.path(percentEncoded: false)
    let temporary = AtomicFile.temporary(for: RawPath(url))
    // A new name appears at once by itself: a process that is killed leaves nothing beside it.
    if symlink(target, path) == 0 { return }
    guard errno == EEXIST else { throw FileError(writing: path, errorCode: errno) }
    // Another process was first; replacing its link by the same would hide the name from who lists the folder just then.
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

/// Removes the files of a folder that were on their way when their process was killed.
///
/// - Parameter folder: One that nobody else is writing into.
package func removeTemporaries(in folder: URL) {
    let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false))
    for name in names ?? [] where AtomicFile.isTemporary(name) {
        try? FileManager.default.removeItem(at: folder.appending(path: name))
    }
}
