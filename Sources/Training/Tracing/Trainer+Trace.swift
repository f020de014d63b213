import ProcessGroups

// Records the parts of a run, if a trace is wanted.
extension Trainer {
    /// Runs a part of the run, and records its time if a trace is wanted.
    ///
    /// - Parameters:
    ///   - part: The part.
    ///   - body: The work.
    /// - Returns: The result of `body`.
    /// - Throws: The error of `body`.
    func traced<Result, Failure: Error>(
        _ part: RunTrace.Part,
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        guard let trace else { return try body() }
        return try trace.record(part, body)
    }

    /// Begins or ends the recording before a step.
    ///
    /// - Parameters:
    ///   - step: The number of the step, from 1.
    ///   - taken: The number of steps of this process with this one.
    func enterTrace(step: Int, taken: Int) {
        guard let trace else { return }
        let isRecorded = trace.enter(step: step, taken: taken)
        // Without it nothing is measured.
        parallel?.group.collectiveFinished = isRecorded ? { trace.add($0) } : nil
    }

    /// Ends the recording with the run.
    func endTrace() {
        guard let trace else { return }
        trace.end()
        parallel?.group.collectiveFinished = nil
    }
}
