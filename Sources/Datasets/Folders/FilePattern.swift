import Foundation

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A pattern of paths as a shell has them: `*`, `?` and `[…]` within a name, `**` for any number of folders.
struct FilePattern {
    /// The pattern's beginning without wildcards.
    let base: String
    private let parts: [String]

    /// Whether a text is a pattern rather than a path.
    static func isPattern(_ text: String) -> Bool { text.contains { "*?[".contains($0) } }

    /// A pattern.
    ///
    /// - Parameters:
    ///   - text: The pattern; below `folder` unless it starts at the root.
    ///   - folder: Nil for the working folder.
    init(_ text: String, in folder: String? = nil) {
        let all = text.split(separator: "/").map(String.init).filter { $0 != "." }
        let fixed = all.prefix { !Self.isPattern($0) }
        parts = Array(all.dropFirst(fixed.count))
        let root = text.hasPrefix("/") ? "/" : folder.map { $0 + "/" } ?? ""
        base = root + fixed.joined(separator: "/")
    }

    /// The files that match, sorted; hidden ones do not, nor those in folders such as `__MACOSX` that it does not name.
    func files() -> [String] {
        guard !parts.isEmpty else { return FileManager.default.fileExists(atPath: base) ? [base] : [] }
        let namedSpecial = parts.dropLast().count(where: isSpecialFolder)
        return filesBelow(base).filter { path in
            let rest = SplitNames.parts(of: path, below: base)
            return rest.dropLast().count(where: isSpecialFolder) == namedSpecial
                && Self.matches(parts[...], rest[...])
        }
    }

    private static func matches(_ pattern: ArraySlice<String>, _ path: ArraySlice<String>) -> Bool {
        guard let first = pattern.first else { return path.isEmpty }
        if first == "**" {
            return matches(pattern.dropFirst(), path) || !path.isEmpty && matches(pattern, path.dropFirst())
        }
        guard let name = path.first, fnmatch(first, name, FNM_PERIOD) == 0 else { return false }
        return matches(pattern.dropFirst(), path.dropFirst())
    }
}

/// Whether a folder's name marks it as no data, as `__MACOSX` and `__pycache__` do.
///
/// Source: `_is_inside_unrequested_special_dir` of datasets 5.2 (data_files.py).
func isSpecialFolder(_ name: String) -> Bool { name.utf8.starts(with: "__".utf8) }

/// All files in a folder and the folders in it, sorted by their paths' bytes; hidden ones are left out.
func filesBelow(_ folder: String) -> [String] {
    let place = folder.isEmpty ? "." : folder
    guard let found = FileManager.default.enumerator(atPath: place) else { return [] }
    var files: [String] = []
    for case let path as String in found {
        guard !path.split(separator: "/").contains(where: { $0.hasPrefix(".") }) else { continue }
        let whole = folder.isEmpty ? path : folder.hasSuffix("/") ? folder + path : folder + "/" + path
        if isRegularFile(whole) || OpenableFile.isThere(whole) { files.append(whole) }
    }
    return files.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
}

/// Whether a path leads to a file with an end: reading a pipe may wait for ever, and a device never ends.
func isRegularFile(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
}
