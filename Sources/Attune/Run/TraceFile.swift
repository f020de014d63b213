import Files
import Foundation
import ProcessGroups
import Training

/// The trace of a running job, and the file that it is written to once.
final class TraceFile {
    /// Records the steps.
    let trace: RunTrace
    private let file: URL
    private var isWritten = false

    /// Creates the trace of a run, and the folder of its file.
    ///
    /// - Parameters:
    ///   - options: The file and the steps.
    ///   - group: The processes of the run; nil for one.
    /// - Throws: `FileError` if the folder cannot be created.
    init(_ options: TraceOptions, _ group: ProcessGroup?) throws(FileError) {
        let (rank, count) = (group?.rank ?? 0, group?.size ?? 1)
        trace = RunTrace(steps: options.steps, rank: rank, of: count)
        file = options.file(ofRank: rank, of: count)
        try makeFolder(file.deletingLastPathComponent())
    }

    /// Writes the trace if its steps are done, and it is not written yet.
    ///
    /// - Returns: A note for people, which also tells if writing failed: that does not end the run.
    func writeIfOver() -> String? { trace.isOver && !isWritten ? write() : nil }

    /// Writes the trace at the end of a run, unless it is written.
    ///
    /// - Returns: A note for people; nil if nothing was left to write.
    func finish() -> String? { isWritten ? nil : write() }

    private func write() -> String {
        isWritten = true
        guard let steps = trace.recordedSteps else {
            let (first, last) = (trace.steps.lowerBound, trace.steps.upperBound)
            return "no trace was written: the run ended before step \(first) (--trace-steps \(first)-\(last))"
        }
        do {
            try writeAtomically(Data(trace.json.utf8), to: file)
        } catch {
            return "no trace was written: \(error)"
        }
        let (first, last) = (steps.lowerBound, steps.upperBound)
        let which = first == last ? "step \(first)" : "steps \(first) to \(last)"
        let path = file.path(percentEncoded: false)
        return "the trace of \(which) is in \(path); open it at https://ui.perfetto.dev"
    }
}
