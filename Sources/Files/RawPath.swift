import Foundation

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A path as the system has it: any bytes without a zero, which need not be UTF-8.
///
/// Swift's strings cannot hold such bytes: they show U+FFFD instead, and no file has that name.
public struct RawPath: Sendable, Equatable {
    /// The bytes, without a zero at the end.
    public let bytes: [UInt8]

    /// A path by its bytes.
    ///
    /// - Parameter bytes: Without a zero.
    public init(bytes: [UInt8]) { self.bytes = bytes }

    /// A path by its text.
    ///
    /// - Parameter text: As a person writes it.
    public init(_ text: String) { bytes = Array(text.utf8) }

    init(_ url: URL) { self.init(url.path(percentEncoded: false)) }

    /// The path for messages: bytes that are not UTF-8 are shown as U+FFFD.
    public var shown: String { String(decoding: bytes, as: UTF8.self) }

    /// Whether the path is UTF-8, so that its text names the same file.
    public var isText: Bool { String(validating: bytes, as: UTF8.self) != nil }

    /// The last name in the path.
    var name: ArraySlice<UInt8> { bytes[(lastSlash.map { $0 + 1 } ?? 0)...] }

    /// The folder that the path is in: `.` for a name alone.
    var parent: RawPath {
        guard let lastSlash else { return RawPath(".") }
        return RawPath(bytes: lastSlash == 0 ? [Self.slash] : Array(bytes[..<lastSlash]))
    }

    /// The path of another name in the same folder.
    ///
    /// - Parameter name: The other name; an absolute path takes the place of all.
    /// - Returns: The path.
    func beside(_ name: some Collection<UInt8>) -> RawPath {
        guard name.first != Self.slash, let lastSlash else { return RawPath(bytes: Array(name)) }
        return RawPath(bytes: Array(bytes[...lastSlash]) + Array(name))
    }

    /// Lends the path to a function of the system.
    func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        (bytes + [0]).withUnsafeBufferPointer { buffer in
            buffer.withMemoryRebound(to: CChar.self) { characters in
                // A buffer with at least the zero has an address.
                characters.baseAddress.map(body) ?? body("")
            }
        }
    }

    /// What a symbolic link holds; nil if this is none.
    var linkTarget: [UInt8]? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = withCString { path in
            buffer.withUnsafeMutableBufferPointer { room in
                room.baseAddress.map { readlink(path, $0, room.count) } ?? -1
            }
        }
        return count > 0 ? buffer.prefix(count).map { UInt8(bitPattern: $0) } : nil
    }

    /// The path with every link followed; nil if nothing is there.
    var resolved: RawPath? {
        guard let found = withCString({ realpath($0, nil) }) else { return nil }
        defer { free(found) }
        return RawPath(bytes: Array(UnsafeRawBufferPointer(start: found, count: strlen(found))))
    }

    /// The system's facts about what is there, or nil.
    ///
    /// - Parameter followingLinks: Whether they are those of a link's target.
    /// - Returns: The facts.
    func status(followingLinks: Bool) -> stat? {
        var status = stat()
        let result = withCString { followingLinks ? stat($0, &status) : lstat($0, &status) }
        return result == 0 ? status : nil
    }

    /// Takes the name away from a file; there may be none.
    func remove() { _ = withCString { unlink($0) } }

    /// Gives a file another name; below 0, with the reason in `errno`, if that does not work.
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

    /// The names of what is in this folder, `.` and `..` included; empty if it cannot be read.
    package var names: [[UInt8]] {
        guard let folder = withCString({ opendir($0) }),
            let offset = MemoryLayout<dirent>.offset(of: \.d_name)
        else { return [] }
        defer { closedir(folder) }
        var names: [[UInt8]] = []
        while let entry = readdir(folder) {
            // An entry ends with its name: the array that the type declares may reach beyond the system's buffer.
            let name = UnsafeRawPointer(entry).advanced(by: offset)
            let length = strlen(name.assumingMemoryBound(to: CChar.self))
            names.append(Array(UnsafeRawBufferPointer(start: name, count: length)))
        }
        return names
    }

    private var lastSlash: Int? { bytes.lastIndex(of: Self.slash) }
    private static let slash = UInt8(ascii: "/")
}
