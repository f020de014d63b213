import ArgumentParser
import Attune
import Foundation

/// The steps of a trace, the value of `--trace-steps`: `2-6`, or `3` for one step.
struct TraceSteps: ExpressibleByArgument, Equatable {
    /// The steps, from 1.
    let range: ClosedRange<Int>

    init?(argument: String) {
        let parts = argument.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard (1...2).contains(parts.count), let first = parts[0], let last = parts[parts.count - 1],
            first > 0, first <= last
        else { return nil }
        range = first...last
    }
}

extension TrainCommand {
    /// The trace that the flags ask for; nil if there is none.
    ///
    /// - Returns: The file and the steps.
    /// - Throws: `ValidationError` for flags that contradict each other.
    func traceOptions() throws -> TraceOptions? {
        guard let trace else {
            guard traceSteps == nil else {
                throw ValidationError("--trace-steps has no effect without --trace; add --trace trace.json")
            }
            return nil
        }
        guard seeds.count == nil else {
            throw ValidationError(
                "--trace writes the trace of one run, but --seeds trains several; leave one of them out"
            )
        }
        return TraceOptions(
            to: URL(filePath: trace, directoryHint: .notDirectory),
            steps: traceSteps?.range ?? TraceOptions.usualSteps
        )
    }
}
