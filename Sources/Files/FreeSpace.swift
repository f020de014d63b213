public import Foundation

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Finds out whether a disk has room, before hours of work end in "disk full".
///
/// - Parameters:
///   - bytes: What will be written.
///   - folder: Where; the nearest folder above it that is there is asked.
/// - Throws: `.diskFull` with both numbers; nothing where the system does not tell.
public func requireFreeSpace(_ bytes: Int, at folder: URL) throws(FileError) {
    var place = folder.standardizedFileURL
    while !FileManager.default.fileExists(atPath: place.path(percentEncoded: false)),
        place.pathComponents.count > 1
    {
        place.deleteLastPathComponent()
    }
    var status = statvfs()
    guard statvfs(place.path(percentEncoded: false), &status) == 0 else { return }
    let free = Int(
        clamping: UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
            .partialValue
    )
    guard free < bytes else { return }
    throw FileError(
        .diskFull,
        "\(folder.path(percentEncoded: false)) has room for \(formattedSize(free)), and \(formattedSize(bytes)) will be written; "
            + "free some room, or write elsewhere"
    )
}
