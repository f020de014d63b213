public import Foundation

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The bytes of a disk that this user can still write.
///
/// - Parameter folder: Where something is to be written; the nearest folder above it that exists is asked.
/// - Returns: Bytes; nil if the system does not say.
public func freeSpace(at folder: URL) -> Int? {
    var place = folder.standardizedFileURL
    while !FileManager.default.fileExists(atPath: place.path(percentEncoded: false)),
        place.pathComponents.count > 1
    {
        place.deleteLastPathComponent()
    }
    var status = statvfs()
    guard statvfs(place.path(percentEncoded: false), &status) == 0 else { return nil }
    let (bytes, isTooMuch) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
    return isTooMuch ? .max : Int(clamping: bytes)
}

/// Finds out whether a disk has room, before hours of work end in "disk full".
///
/// - Parameters:
///   - bytes: What will be written.
///   - folder: Where.
/// - Throws: `.diskFull` with both numbers; nothing if the system does not say.
public func requireFreeSpace(_ bytes: Int, at folder: URL) throws(FileError) {
    guard let free = freeSpace(at: folder), free < bytes else { return }
    throw FileError(
        .diskFull,
        "\(folder.path(percentEncoded: false)) has room for \(formattedSize(free)), and \(formattedSize(bytes)) will be written; "
            + "free some room, or write elsewhere"
    )
}
