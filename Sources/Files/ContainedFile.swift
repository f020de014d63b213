public import Foundation

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Returns a file in a model's folder, and throws if a link leads out of the folder.
///
/// Models come from other people, so a link in one must not read files elsewhere on this machine. Two kinds of
/// links are allowed: those within the folder, and those of the Hub's cache, where
/// `models--*/snapshots/<commit>/<file>` leads to `models--*/blobs/<etag>`. The folder itself may be a link.
///
/// - Parameters:
///   - name: The file's name in the folder.
///   - folder: The model's folder.
/// - Returns: The file's place. The file need not exist.
/// - Throws: `.notAllowed` if a link leads out of the folder; `.missing` if its target does not exist.
///
/// Source: the Hub's cache, https://huggingface.co/docs/huggingface_hub/guides/manage-cache.
public func containedFile(_ name: String, in folder: URL) throws(FileError) -> URL {
    let file = folder.appending(path: name)
    let path = file.path(percentEncoded: false)
    guard let place = realPath(path), let root = realPath(folder.path(percentEncoded: false)) else {
        if let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path) {
            throw FileError(
                .missing,
                "\(path) is a link to \(target), which does not exist; download the model again"
            )
        }
        return file
    }
    let allowed = [root, blobs(ofSnapshot: root)].compactMap { $0 }
    guard allowed.contains(where: { place.hasPrefix($0.hasSuffix("/") ? $0 : $0 + "/") }) else {
        throw FileError(
            .notAllowed,
            "\(path) is a link to \(place), outside the model's folder; if you trust it, put the file itself into the folder"
        )
    }
    return file
}

/// The folder with the contents of a snapshot in the Hub's cache; nil if the folder is not a snapshot.
private func blobs(ofSnapshot folder: String) -> String? {
    let parts = folder.split(separator: "/")
    guard let index = parts.lastIndex(of: "snapshots"), index > 0, index + 1 < parts.count,
        parts[index - 1].hasPrefix("models--")
    else { return nil }
    return "/" + parts[..<index].joined(separator: "/") + "/blobs"
}

/// A path with all links resolved; nil if nothing exists there.
private func realPath(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
}
