import Files
public import Foundation
import SwiftProtobuf

/// An event file of TensorBoard, which shows its numbers as curves.
///
/// Every call's record is on disk when the call returns; a reader may follow along.
public struct TensorBoardFile {
    /// Where it is.
    public let url: URL
    private let handle: FileHandle

    /// Begins a file in a folder, beside those of earlier runs.
    ///
    /// - Parameters:
    ///   - folder: Made where it is missing.
    ///   - time: Of the first record.
    /// - Throws: `FileError`, or the file handle's error.
    public init(in folder: URL, time: Date = .now) throws {
        try makeFolder(folder)
        let process = ProcessInfo.processInfo
        // TensorBoard takes files for events by this beginning of their names, and reads them by the names' order.
        let name = "events.out.tfevents.\(Int(time.timeIntervalSince1970)).\(process.hostName)"
        var number = 0
        var place: URL
        repeat {
            place = folder.appending(path: "\(name).\(process.processIdentifier).\(number)")
            number += 1
        } while FileManager.default.fileExists(atPath: place.path(percentEncoded: false))
        url = place
        try Data().write(to: url)
        handle = try FileHandle(forWritingTo: url)
        var event = TensorBoardEvent()
        event.wallTime = time.timeIntervalSince1970
        event.fileVersion = "brain.Event:2"
        try write(event)
    }

    /// Adds the numbers of a step.
    ///
    /// - Parameters:
    ///   - scalars: Names such as `train/loss`, and numbers.
    ///   - step: Where on the horizontal axis.
    ///   - time: When.
    /// - Throws: The file handle's error.
    public func add(_ scalars: [(tag: String, value: Double)], step: Int, time: Date = .now) throws {
        var event = TensorBoardEvent()
        event.wallTime = time.timeIntervalSince1970
        event.step = Int64(step)
        var summary = TensorBoardSummary()
        summary.values = scalars.map { tag, value in
            var number = TensorBoardSummary.Value()
            number.tag = tag
            number.simpleValue = Float(value)
            return number
        }
        event.summary = summary
        try write(event)
    }

    /// A record: its length, that length's checksum, the bytes, their checksum; all little-endian.
    ///
    /// Source: TensorFlow's `lib/io/record_writer.cc`.
    private func write(_ event: TensorBoardEvent) throws {
        let bytes: [UInt8] = try event.serializedBytes()
        let length = Self.littleEndian(UInt64(bytes.count))
        let record =
            length + Self.littleEndian(CRC32C(length).masked) + bytes
            + Self.littleEndian(CRC32C(bytes).masked)
        try handle.write(contentsOf: Data(record))
    }

    private static func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
}
