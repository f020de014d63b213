import Files
public import Foundation
import SwiftProtobuf

/// A TensorBoard event file with scalars, which TensorBoard shows as curves.
///
/// Each record is on disk when its call returns, so a reader can follow along.
public struct TensorBoardFile {
    /// The file's location.
    public let url: URL
    private let file: AppendingFile

    /// Starts a file in a folder, next to those of earlier runs.
    ///
    /// - Parameters:
    ///   - folder: The folder; it is created if necessary.
    ///   - time: The time of the first record.
    ///   - step: The first step of a resumed run. TensorBoard then ignores records of the folder's earlier files from this step
    ///         on. Nil ignores nothing.
    /// - Throws: `FileError`.
    ///
    /// Source: `_CheckForRestartAndMaybePurge` of TensorBoard 2.21 (plugin_event_accumulator.py and event_accumulator.py);
    /// `purge_step` of PyTorch's `SummaryWriter`.
    public init(in folder: URL, time: Date = .now, supersedingFrom step: Int? = nil) throws {
        try makeFolder(folder)
        let process = ProcessInfo.processInfo
        // TensorBoard recognises event files by this prefix and reads them in the order of their names.
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
        // Written twice, because TensorBoard takes the first start as the run's own and ignores no earlier records for it.
        for _ in 0..<2 { try write(start) }
    }

    /// Whether a folder has an event file.
    ///
    /// - Parameter folder: The folder, which need not exist.
    /// - Returns: Whether TensorBoard would find an event file there.
    public static func isThere(in folder: URL) -> Bool {
        let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false))
        return names?.contains { $0.contains("tfevents") } ?? false
    }

    /// Adds the scalars of a step.
    ///
    /// - Parameters:
    ///   - scalars: Names, `train/loss` for example, and values.
    ///   - step: The step, for the horizontal axis.
    ///   - time: The time of the record.
    /// - Throws: `FileError`. The file then has no part of the record.
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

    /// Writes a record: its length, the length's checksum, the bytes, their checksum; all little-endian.
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
