public import Files
import Foundation

/// A receiver of the bytes of an output, from first to last.
public protocol ByteSink: AnyObject {
    /// Adds bytes.
    ///
    /// - Parameter bytes: Whole lines, or a part of a file.
    /// - Throws: `FileError`.
    func write(_ bytes: [UInt8]) throws(FileError)

    /// Writes all bytes that are held back.
    ///
    /// - Throws: `FileError`.
    func flush() throws(FileError)

    /// Ends the output.
    ///
    /// - Throws: `FileError`.
    func close() throws(FileError)
}

/// Standard output in large blocks.
public final class StandardOutputSink: ByteSink {
    private static let most = 1 << 16
    private let totalLines: Int?
    private let prepare: () -> Void
    private var pending: [UInt8] = []
    private var lines = 0

    /// Creates a sink.
    ///
    /// - Parameters:
    ///   - totalLines: The number of lines to come, for messages; nil if it is unknown.
    ///   - prepare: Called before each write, for example to remove a progress line from the terminal.
    public init(totalLines: Int?, prepare: @escaping () -> Void = {}) {
        (self.totalLines, self.prepare) = (totalLines, prepare)
    }

    /// Adds bytes.
    ///
    /// - Parameter bytes: Whole lines, or a part of a file.
    /// - Throws: `FileError`.
    public func write(_ bytes: [UInt8]) throws(FileError) {
        pending += bytes
        if pending.count >= Self.most { try flush() }
    }

    /// Writes all bytes that are held back.
    ///
    /// - Throws: `FileError`.
    public func flush() throws(FileError) {
        guard !pending.isEmpty else { return }
        prepare()
        try StandardStreams.write(pending, lines: (lines, totalLines))
        lines += pending.count { $0 == UInt8(ascii: "\n") }
        pending.removeAll(keepingCapacity: true)
    }

    /// Ends the output.
    ///
    /// - Throws: `FileError`.
    public func close() throws(FileError) { try flush() }

    /// Throws if the program that reads standard output has ended.
    ///
    /// - Throws: `FileError` with code `.readerGone`.
    public func requireReader() throws(FileError) { try StandardStreams.requireReader() }
}

/// A file that appears when it is complete.
///
/// The first 64 MB are held back, so that a process that is ended early usually leaves no unfinished file.
public final class FileSink: ByteSink {
    private static let most = 64 << 20
    private let path: RawPath
    private var pending: [UInt8] = []
    private var file: OpenFile?
    /// The number of bytes so far.
    private(set) var count = 0

    /// A partly written file, which gets its name when it is complete.
    private final class OpenFile {
        var file: AtomicFile

        init(_ path: RawPath) throws(FileError) { file = try AtomicFile(at: path) }
    }

    /// Creates a sink.
    ///
    /// - Parameter path: The file; an existing one is replaced.
    public init(_ path: RawPath) { self.path = path }

    /// Adds bytes.
    ///
    /// - Parameter bytes: Whole lines, or a part of a file.
    /// - Throws: `FileError`.
    public func write(_ bytes: [UInt8]) throws(FileError) {
        pending += bytes
        count += bytes.count
        if pending.count > Self.most { try send() }
    }

    /// Does nothing: the file has no readers before it is complete.
    public func flush() {}

    private func send() throws(FileError) {
        if file == nil { file = try OpenFile(path) }
        try file?.file.write(pending)
        pending.removeAll(keepingCapacity: true)
    }

    /// Ends the output.
    ///
    /// - Throws: `FileError`.
    public func close() throws(FileError) {
        try send()
        try file?.file.commit()
    }
}
