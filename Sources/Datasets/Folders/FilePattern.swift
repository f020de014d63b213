import Foundation

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A pattern of paths as in a shell: `*`, `?` and `[…]` within a name, `**` for any number of folders.
struct FilePattern {
    /// The pattern's beginning without wildcards.
    let base: String
    private let parts: [String]

    /// Whether a text is a pattern rather than a path.
    static func isPattern(_ text: String) -> Bool { text.contains { "*?[".contains($0) } }

    /// Creates a pattern.
    ///
    /// - Parameters:
    ///   - text: The pattern, relative to `folder` unless it starts at the root.
    ///   - folder: The folder; nil for the working directory.
    init(_ text: String, in folder: String? = nil) {
        let all = text.split(separator: "/").map(String.init).filter { $0 != "." }
        let fixed = all.prefix { !Self.isPattern($0) }
        parts = Array(all.dropFirst(fixed.count))
        let root = text.hasPrefix("/") ? "/" : folder.map { $0 + "/" } ?? ""
        base = root + fixed.joined(separator: "/")
    }

    /// The matching files, sorted, without hidden ones and those in folders such as `__MACOSX` that the pattern does not name.
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

/// Whether a folder's name shows that it is not data, as in `__MACOSX` and `__pycache__`.
///
/// Source: `_is_inside_unrequested_special_dir` of datasets 5.2 (data_files.py).
func isSpecialFolder(_ name: String) -> Bool { name.utf8.starts(with: "__".utf8) }

/// Returns all files in a folder and its subfolders, sorted by the bytes of their paths, without hidden ones.
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

/// Whether a path is a regular file: reading a pipe may block forever, and a device never ends.
func isRegularFile(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
}
