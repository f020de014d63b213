public import Foundation

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Returns the free bytes of a disk that this user can write.
///
/// - Parameter folder: A folder on the disk. If it does not exist, its nearest existing parent is used.
/// - Returns: The bytes; nil if the system does not report them.
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

/// Checks that a disk has enough space, before hours of work end in "disk full".
///
/// - Parameters:
///   - bytes: The number of bytes to be written.
///   - folder: A folder on the disk.
/// - Throws: `.diskFull` with both numbers. Does not throw if the system reports no free space.
public func requireFreeSpace(_ bytes: Int, at folder: URL) throws(FileError) {
    guard let free = freeSpace(at: folder), free < bytes else { return }
    throw FileError(
        .diskFull,
        "\(folder.path(percentEncoded: false)) has room for \(formattedSize(free)), but \(formattedSize(bytes)) will be written; "
            + "free some space, or write elsewhere"
    )
}
