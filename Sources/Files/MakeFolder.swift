package import Foundation

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Bytes of a file's or folder's name at the most, on every common file system.
let longestName = 255

/// Makes a folder and those above it.
///
/// - Parameter folder: It may exist already.
/// - Throws: `.diskFull`, `.notAllowed` or `.inputOutput` with the system's own reason: a file in the way is named, and so is
///   the folder that may not be written into.
package func makeFolder(_ folder: URL) throws(FileError) {
    let path = folder.path(percentEncoded: false)
    let slashes = path.reversed().prefix { $0 == "/" }.count
    // With a slash at its end, a file in the way could not be looked at.
    let place = slashes < path.count ? String(path.dropLast(slashes)) : path
    try makeFolder(at: place.isEmpty ? "." : place)
}

private func makeFolder(at path: String) throws(FileError) {
    if mkdir(path, 0o777) == 0 { return }
    let reason = errno
    // Where the folder exists, some systems report a lack of rights or a read-only disk first.
    if isFolder(path) { return }
    guard reason == ENOENT, let parent = parent(of: path) else {
        throw FileError(makingFolder: path, errorCode: reason)
    }
    try makeFolder(at: parent)
    // Another process may have been faster.
    if mkdir(path, 0o777) == 0 || isFolder(path) { return }
    throw FileError(makingFolder: path, errorCode: errno)
}

private func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}

/// The path above another; nil for the root, and for a name without a folder.
private func parent(of path: String) -> String? {
    let parent = (path as NSString).deletingLastPathComponent
    return parent.isEmpty || parent == path ? nil : parent
}

/// The first part of a path that is not a folder although something is below it, or the path itself.
func obstacle(in path: String) -> String? {
    var place = path
    var found: String?
    while true {
        var status = stat()
        if lstat(place, &status) == 0, !isFolder(place) { found = place }
        guard let above = parent(of: place) else { return found }
        place = above
    }
}

/// The longest name in a path that no file system takes; nil if all are short enough.
func overlongName(in path: String) -> String? {
    path.split(separator: "/").map(String.init).first { $0.utf8.count > longestName }
}
