import Foundation

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A path as the system stores it: any bytes except zero, not necessarily UTF-8.
///
/// Swift's strings cannot hold invalid UTF-8: they replace it by U+FFFD, and no file has that name.
public struct RawPath: Sendable, Equatable {
    /// The bytes, without a terminating zero.
    public let bytes: [UInt8]

    /// Creates a path from bytes.
    ///
    /// - Parameter bytes: The bytes, without a zero.
    public init(bytes: [UInt8]) { self.bytes = bytes }

    /// Creates a path from text.
    ///
    /// - Parameter text: The path as text.
    public init(_ text: String) { bytes = Array(text.utf8) }

    init(_ url: URL) { self.init(url.path(percentEncoded: false)) }

    /// The path for messages.
    ///
    /// Bytes that are not UTF-8 are shown as U+FFFD.
    public var shown: String { String(decoding: bytes, as: UTF8.self) }

    /// Whether the path is UTF-8, so that its text names the same file.
    public var isText: Bool { String(validating: bytes, as: UTF8.self) != nil }

    /// The last name in the path.
    var name: ArraySlice<UInt8> { bytes[(lastSlash.map { $0 + 1 } ?? 0)...] }

    /// The folder that contains the path; `.` for a name without a folder.
    var parent: RawPath {
        guard let lastSlash else { return RawPath(".") }
        return RawPath(bytes: lastSlash == 0 ? [Self.slash] : Array(bytes[..<lastSlash]))
    }

    /// The path of another name in the same folder.
    ///
    /// - Parameter name: The other name. An absolute path replaces everything.
    /// - Returns: The path.
    func beside(_ name: some Collection<UInt8>) -> RawPath {
        guard name.first != Self.slash, let lastSlash else { return RawPath(bytes: Array(name)) }
        return RawPath(bytes: Array(bytes[...lastSlash]) + Array(name))
    }

    /// Passes the path to a system function.
    func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        (bytes + [0]).withUnsafeBufferPointer { buffer in
            buffer.withMemoryRebound(to: CChar.self) { characters in
                // The buffer has at least the zero, so it has an address.
                characters.baseAddress.map(body) ?? body("")
            }
        }
    }

    /// The target of a symbolic link; nil if the path is not a link.
    var linkTarget: [UInt8]? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = withCString { path in
            buffer.withUnsafeMutableBufferPointer { room in
                room.baseAddress.map { readlink(path, $0, room.count) } ?? -1
            }
        }
        return count > 0 ? buffer.prefix(count).map { UInt8(bitPattern: $0) } : nil
    }

    /// The path with all links resolved; nil if nothing exists there.
    var resolved: RawPath? {
        guard let found = withCString({ realpath($0, nil) }) else { return nil }
        defer { free(found) }
        return RawPath(bytes: Array(UnsafeRawBufferPointer(start: found, count: strlen(found))))
    }

    /// The system's status of the file at this path, or nil.
    ///
    /// - Parameter followingLinks: Whether to return the status of a link's target.
    /// - Returns: The status.
    func status(followingLinks: Bool) -> stat? {
        var status = stat()
        let result = withCString { followingLinks ? stat($0, &status) : lstat($0, &status) }
        return result == 0 ? status : nil
    }

    /// Removes the file's name, if it exists.
    func remove() { _ = withCString { unlink($0) } }

    /// Renames a file; returns a negative value, with the reason in `errno`, if that fails.
    func rename(to other: RawPath) -> Int32 {
        withCString { from in
            other.withCString { to in
                #if canImport(Glibc)
                Glibc.rename(from, to)
                #else
                Darwin.rename(from, to)
                #endif
            }
        }
    }

    /// The names in this folder, including `.` and `..`; empty if the folder cannot be read.
    package var names: [[UInt8]] {
        guard let folder = withCString({ opendir($0) }),
            let offset = MemoryLayout<dirent>.offset(of: \.d_name)
        else { return [] }
        defer { closedir(folder) }
        var names: [[UInt8]] = []
        while let entry = readdir(folder) {
            // An entry ends with its name. The declared array type may extend past the system's buffer.
            let name = UnsafeRawPointer(entry).advanced(by: offset)
            let length = strlen(name.assumingMemoryBound(to: CChar.self))
            names.append(Array(UnsafeRawBufferPointer(start: name, count: length)))
        }
        return names
    }

    private var lastSlash: Int? { bytes.lastIndex(of: Self.slash) }
    private static let slash = UInt8(ascii: "/")
}
