import Foundation
import JSON
import TestSupport
import Testing

@testable import ProcessGroups
@testable import Training

/// The trace of a run: valid JSON, whose spans are in order and within each other.
struct RunTraceTests {
    /// A span of a trace, in microseconds.
    private struct Span: Equatable {
        let name: String
        let category: String
        let row: Int
        let step: Int
        let start: Double
        let end: Double
        let details: JSONValue

        init(_ event: JSONValue) throws {
            name = try #require(event["name"].string)
            category = try #require(event["cat"].string)
            row = try #require(event["tid"].int)
            details = event["args"]
            step = try #require(details["step"].int)
            start = try #require(event["ts"].double)
            let duration = try #require(event["dur"].double)
            end = start + duration
        }

        /// Whether another span is within this one, up to the rounding of microseconds in Double.
        func contains(_ other: Span) -> Bool {
            start - 0.01 <= other.start && other.end <= end + 0.01
        }
    }

    /// The spans of a trace in their order, and the names of its rows.
    private func spans(_ json: String) throws -> (spans: [Span], names: [String]) {
        let events = try #require(try JSONValue.parse(Array(json.utf8)).array)
        let names = events.filter { $0["ph"].string == "M" }.compactMap { $0["args"]["name"].string }
        let spans = try events.filter { $0["ph"].string == "X" }.map(Span.init)
        #expect(names.count + spans.count == events.count)
        return (spans, names)
    }

    /// Demands that spans are in the order of their starts, and that those of a row are within each other or apart.
    private func expectBalanced(_ spans: [Span]) throws {
        for (first, second) in zip(spans, spans.dropFirst()) { #expect(first.start <= second.start) }
        for (row, members) in Dictionary(grouping: spans, by: \.row) {
            var open: [Span] = []
            for span in members {
                #expect(span.start >= 0 && span.end >= span.start)
                while let last = open.last, last.end <= span.start + 0.01 { open.removeLast() }
                if let last = open.last {
                    #expect(last.contains(span), "row \(row): \(span.name) within \(last.name)")
                }
                open.append(span)
            }
        }
    }

    /// The names of the passes of all micro-batches, of which there is at least one.
    private func passes(_ spans: [Span]) -> [String] {
        let count = max(1, spans.count { $0.name == "forward" })
        return Array(repeating: ["read batch", "forward", "backward"], count: count).flatMap(\.self)
    }

    private func run(among ranks: Int, accumulation: Int = 1) -> DataParallelRun {
        var run = DataParallelRun()
        run.divide(among: ranks, accumulation: accumulation)
        run.arguments.maxSteps = 5
        // All steps have 8 examples, so that every rank has some.
        run.texts = Array(run.texts.prefix(16))
        run.labels = Array(run.labels.prefix(16))
        run.tracedSteps = 2...3
        return run
    }

    @Test func `one process records the parts of its steps in order`() throws {
        let ending = try run(among: 1, accumulation: 2)()
        let (spans, names) = try spans(ending.trace)
        try expectBalanced(spans)
        #expect(names == ["attune", "training", "checkpoints"])
        for step in 2...3 {
            let parts = spans.filter { $0.step == step }
            #expect(parts.map(\.name) == ["step"] + passes(parts) + ["clip gradients", "optimizer"])
            #expect(parts.allSatisfy { $0.row == 1 && $0.category == "step" && parts[0].contains($0) })
        }
        #expect(Set(spans.map(\.step)) == [2, 3])
    }

    @Test(.hangGuard, arguments: [GradientCompression.no, .bf16])
    func `sums of gradients lie within their step, and are the same operations on both ranks`(
        _ compression: GradientCompression
    ) throws {
        var run = run(among: 2)
        run.arguments.ddpCommHook = compression
        let traces = try run.by(2).map { try spans($0.trace) }
        var operations: [[Int?]] = []
        for (rank, (spans, names)) in traces.enumerated() {
            try expectBalanced(spans)
            #expect(names.contains("rank \(rank) of 2") && names.contains("exchange"), "\(names)")
            let sums = spans.filter { $0.category == "exchange" }
            operations.append(sums.map { $0.details["operation"].int }.sorted { $0 ?? 0 < $1 ?? 0 })
            for step in 2...3 {
                let whole = try #require(spans.first { $0.step == step && $0.name == "step" })
                let ofStep = sums.filter { $0.step == step }
                #expect(ofStep.contains { $0.name == "summing gradients" })
                #expect(ofStep.allSatisfy { whole.contains($0) && $0.row > 2 })
                #expect(ofStep.allSatisfy { $0.details["bytes"].int ?? 0 > 0 })
                // Gloo's thread notes the completion.
                #expect(ofStep.allSatisfy { $0.details["exact"].bool == true })
                let waits = spans.filter { $0.step == step && $0.category == "wait" }
                #expect(waits.count == ofStep.count && waits.allSatisfy { whole.contains($0) && $0.row == 1 })
                let parts = spans.filter { $0.step == step && $0.category == "step" }
                let rest = ["wait for gradients", "exchange loss", "clip gradients", "optimizer"]
                #expect(parts.map(\.name) == ["step"] + passes(parts) + rest)
            }
        }
        #expect(operations[0] == operations[1] && !operations[0].isEmpty)
    }

    @Test(.hangGuard) func `a divided model shows the exchange of its weights`() throws {
        var run = run(among: 2)
        run.arguments.zeroStage = .three
        for ending in try run.by(2) {
            let (spans, _) = try spans(ending.trace)
            try expectBalanced(spans)
            let names = Set(spans.map(\.name))
            #expect(names.contains("gathering weights") && names.contains("wait: gathering weights"))
            #expect(names.contains("summing gradients"))
        }
    }

    @Test(.hangGuard) func `a trace changes no number`() throws {
        var run = run(among: 2)
        let traced = try run.by(2)
        run.tracedSteps = nil
        let plain = try run.by(2)
        for (a, b) in zip(traced, plain) { #expect(a.steps == b.steps && a.weights == b.weights) }
        #expect(plain.allSatisfy { $0.trace.isEmpty })
    }

    @Test func `a checkpoint is recorded with its step, on the row of the thread that writes it`() throws {
        var run = run(among: 1)
        (run.arguments.saveStrategy, run.arguments.saveSteps) = (.steps, 2)
        try withTemporaryFolder { folder in
            let (spans, _) = try spans(run(in: folder).trace)
            try expectBalanced(spans)
            let save = try #require(spans.first { $0.name == "save checkpoint" })
            let write = try #require(spans.first { $0.name == "write checkpoint" })
            #expect([save.step, save.row] == [2, 1] && [write.step, write.row] == [2, 2])
            // Step 3 must not change weights before they are written.
            #expect(spans.contains { $0.name == "wait for checkpoint" && $0.step == 3 })
        }
    }

    @Test func `a run that ends before the steps of its trace has an empty one`() throws {
        var run = run(among: 1)
        run.tracedSteps = 50...60
        #expect(try spans(run().trace).spans.isEmpty)
    }

    @Test func `operations at the same time are on different rows`() throws {
        let trace = RunTrace(steps: 1...1, rank: 3, of: 4)
        trace.begin()
        #expect(trace.enter(step: 101, taken: 1))
        let zero = ContinuousClock.now
        func moment(_ milliseconds: Int) -> ContinuousClock.Instant { zero + .milliseconds(milliseconds) }
        for (number, (start, end)) in [(0, 10), (5, 20), (10, 15)].enumerated() {
            trace.add(
                CollectiveSpan(
                    activity: "summing",
                    number: number,
                    tensorBytes: 8,
                    bytesSent: 4,
                    began: moment(start),
                    ended: moment(end),
                    isExact: number != 1,
                    wait: moment(30)..<moment(30)
                )
            )
        }
        #expect(!trace.enter(step: 102, taken: 2) && trace.isOver && trace.recordedSteps == 101...101)
        let (spans, names) = try spans(trace.json)
        try expectBalanced(spans)
        let sums = spans.filter { $0.category == "exchange" }
        #expect(sums.map(\.row) == [3, 4, 3])
        #expect(sums.map { $0.details["exact"].bool } == [true, false, true])
        #expect(names == ["rank 3 of 4", "training", "checkpoints", "exchange", "exchange 2"])
    }
}
