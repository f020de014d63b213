import Files
import Foundation

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A file that can be opened even if its name is not UTF-8.
///
/// Swift strings contain U+FFFD in place of invalid bytes, and no file has that name. The file is then found by comparing the
/// names in its folder, and opened through its descriptor.
final class OpenableFile {
    /// The path that opens the file.
    let path: String
    /// The path as given, for messages.
    let name: String
    private let descriptor: Int32?

    /// Finds a file by its name; the path of a missing file is its name.
    init(_ name: String) {
        self.name = name
        guard let bytes = Self.bytes(of: name) else {
            path = name
            descriptor = nil
            return
        }
        let opened = open(bytes, O_RDONLY | O_CLOEXEC)
        descriptor = opened >= 0 ? opened : nil
        path = opened >= 0 ? "/dev/fd/\(opened)" : name
    }

    deinit { if let descriptor { close(descriptor) } }

    /// Whether exactly one file has such a name that is not UTF-8.
    static func isThere(_ name: String) -> Bool { bytes(of: name) != nil }

    /// Replaces the opened path in a message by the file's name.
    func named(_ message: String) -> String {
        path == name ? message : message.replacing(path, with: name)
    }

    /// The zero-terminated bytes of a path with names that are not UTF-8; nil for other paths, and if the match is not
    /// unique.
    private static func bytes(of path: String) -> [CChar]? {
        guard path.contains("\u{FFFD}"), !FileManager.default.fileExists(atPath: path) else { return nil }
        var found: [CChar] = path.hasPrefix("/") ? [] : [CChar(UInt8(ascii: "."))]
        for name in path.split(separator: "/") {
            let names = name.contains("\u{FFFD}") ? Self.names(in: found + [0], shownAs: name) : nil
            if let names, names.count != 1 { return nil }
            found += [CChar(UInt8(ascii: "/"))]
            found += names?[0] ?? name.utf8.map { CChar(bitPattern: $0) }
        }
        return found + [0]
    }

    /// The names in a folder that decode to this string.
    private static func names(in folder: [CChar], shownAs shown: Substring) -> [[CChar]] {
        let path = RawPath(bytes: folder.dropLast().map { UInt8(bitPattern: $0) })
        return (path.bytes.isEmpty ? RawPath("/") : path).names
            .filter { String(decoding: $0, as: UTF8.self).utf8.elementsEqual(shown.utf8) }
            .map { $0.map { CChar(bitPattern: $0) } }
    }
}
