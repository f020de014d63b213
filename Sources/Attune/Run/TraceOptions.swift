public import Foundation
import Training

/// The trace of a run: when each part of some steps began and ended, for ui.perfetto.dev or chrome://tracing.
///
/// The steps after the first one show the run as it continues; the first one also chooses kernels and connects processes.
public struct TraceOptions: Sendable, Equatable {
    /// The JSON file to write once the steps are done; an existing one is replaced.
    public var file: URL
    /// The steps to record, counted from the first step of this process, from 1.
    public var steps: ClosedRange<Int>

    /// The steps that are recorded by default.
    public static let usualSteps = 2...6

    /// Creates the options.
    ///
    /// - Parameters:
    ///   - file: The JSON file to write.
    ///   - steps: The steps to record, from 1; a run that resumes counts from its resumption.
    public init(to file: URL, steps: ClosedRange<Int> = TraceOptions.usualSteps) {
        (self.file, self.steps) = (file, steps)
    }

    /// The file of one of several processes.
    ///
    /// - Parameters:
    ///   - rank: The rank of the process.
    ///   - count: The number of processes.
    /// - Returns: `trace.rank1.json` for `trace.json`; for one process the file itself.
    package func file(ofRank rank: Int, of count: Int) -> URL {
        guard count > 1 else { return file }
        let ending = file.pathExtension
        let plain = file.deletingPathExtension().lastPathComponent
        let name = ending.isEmpty ? "\(plain).rank\(rank)" : "\(plain).rank\(rank).\(ending)"
        return file.deletingLastPathComponent().appending(path: name)
    }

    /// Checks the options before a run.
    ///
    /// - Throws: `TrainingError` with code `.badArgument`, naming the flag.
    func validate() throws(TrainingError) {
        guard steps.lowerBound > 0 else {
            throw TrainingError(
                .badArgument,
                "--trace-steps \(steps.lowerBound)-\(steps.upperBound): steps are counted from 1"
            )
        }
        var isFolder: ObjCBool = false
        let path = file.path(percentEncoded: false)
        let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        if exists, isFolder.boolValue {
            let inside = file.appending(path: "trace.json").path(percentEncoded: false)
            throw TrainingError(
                .badArgument,
                "--trace \(path) is a folder; name a file, for example \(inside)"
            )
        }
    }
}
