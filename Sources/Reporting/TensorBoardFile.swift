import Files
public import Foundation
import SwiftProtobuf

/// An event file of TensorBoard, which shows its numbers as curves.
///
/// Every call's record is on disk when the call returns; a reader may follow along.
public struct TensorBoardFile {
    /// Where it is.
    public let url: URL
    private let file: AppendingFile

    /// Begins a file in a folder, beside those of earlier runs.
    ///
    /// - Parameters:
    ///   - folder: Made if need be.
    ///   - time: Of the first record.
    ///   - step: The first step of a resumed run: TensorBoard forgets what the folder's earlier files have from this step
    ///     on. Nil forgets nothing.
    /// - Throws: `FileError`.
    ///
    /// Source: `_CheckForRestartAndMaybePurge` of TensorBoard 2.21 (plugin_event_accumulator.py and event_accumulator.py);
    /// `purge_step` of PyTorch's `SummaryWriter`.
    public init(in folder: URL, time: Date = .now, supersedingFrom step: Int? = nil) throws {
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
        file = try AppendingFile(at: url)
        var event = TensorBoardEvent()
        event.wallTime = time.timeIntervalSince1970
        event.fileVersion = "brain.Event:2"
        try write(event)
        guard let step else { return }
        var start = TensorBoardEvent()
        start.wallTime = time.timeIntervalSince1970
        start.step = Int64(step)
        start.sessionLog = TensorBoardSessionLog(status: .start)
        // Twice, as TensorBoard takes the first start that it meets for the run's own, and forgets nothing for it.
        for _ in 0..<2 { try write(start) }
    }

    /// Whether a folder has a file of events.
    ///
    /// - Parameter folder: There or not.
    /// - Returns: Whether TensorBoard would read one there.
    public static func isThere(in folder: URL) -> Bool {
        let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false))
        return names?.contains { $0.contains("tfevents") } ?? false
    }

    /// Adds the numbers of a step.
    ///
    /// - Parameters:
    ///   - scalars: Names such as `train/loss`, and numbers.
    ///   - step: Where on the horizontal axis.
    ///   - time: When.
    /// - Throws: `FileError`; nothing of the record is in the file then.
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
        try file.add(record)
    }

    private static func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
}
