package import Foundation

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The most bytes of a file's or folder's name on all common file systems.
let longestName = 255

/// Creates a folder and its parents.
///
/// - Parameter folder: The folder, which may exist already.
/// - Throws: `.diskFull`, `.notAllowed` or `.inputOutput` with the system's reason. The error names a file in the way, or the
///     folder without write permission.
package func makeFolder(_ folder: URL) throws(FileError) {
    let path = folder.path(percentEncoded: false)
    let slashes = path.reversed().prefix { $0 == "/" }.count
    // With a trailing slash, a file in the way could not be examined.
    let place = slashes < path.count ? String(path.dropLast(slashes)) : path
    try makeFolder(at: place.isEmpty ? "." : place)
}

private func makeFolder(at path: String) throws(FileError) {
    if mkdir(path, 0o777) == 0 { return }
    let reason = errno
    // If the folder exists, some systems report missing permissions or a read-only disk first.
    if isFolder(path) { return }
    guard reason == ENOENT, let parent = parent(of: path) else {
        throw FileError(makingFolder: path, errorCode: reason)
    }
    try makeFolder(at: parent)
    // Another process may have created it first.
    if mkdir(path, 0o777) == 0 || isFolder(path) { return }
    throw FileError(makingFolder: path, errorCode: errno)
}

private func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}

/// The parent of a path; nil for the root, and for a name without a folder.
private func parent(of path: String) -> String? {
    let parent = (path as NSString).deletingLastPathComponent
    return parent.isEmpty || parent == path ? nil : parent
}

/// The first part of a path that is not a folder although the path continues below it, or the path itself.
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

/// The first name in a path that is too long for any file system; nil if there is none.
func overlongName(in path: String) -> String? {
    path.split(separator: "/").map(String.init).first { $0.utf8.count > longestName }
}
