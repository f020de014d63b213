import Files
package import JSON
import Training

/// The state of a run as its folder shows it to other processes.
///
/// It is small, however long the run is: it keeps only the last rows.
package struct RunSnapshot: Sendable, Equatable {
    /// The state that the run itself recorded.
    ///
    /// A killed run leaves `running`.
    package enum State: String, Sendable {
        case running, finished, interrupted, failed
    }

    /// The process of the run.
    package struct Origin: Sendable, Equatable {
        /// The process's number.
        package var process: Int
        /// The machine's name.
        package var host: String
        /// Whether the process holds a lock on the folder that others can test.
        package var isLocked: Bool

        /// Creates an origin.
        ///
        /// - Parameters:
        ///   - process: The process's number.
        ///   - host: The machine's name.
        ///   - isLocked: Whether the process holds a lock on the folder.
        package init(process: Int, host: String, isLocked: Bool) {
            (self.process, self.host, self.isLocked) = (process, host, isLocked)
        }
    }

    /// The place of a run among the repetitions with other seeds.
    package struct Repetition: Sendable, Equatable {
        /// The seed.
        package var seed: UInt64
        /// The zero-based index.
        package var index: Int
        /// The number of repetitions.
        package var count: Int

        /// Creates a repetition.
        ///
        /// - Parameters:
        ///   - seed: The seed.
        ///   - index: The zero-based index.
        ///   - count: The number of repetitions.
        package init(seed: UInt64, index: Int, count: Int) {
            (self.seed, self.index, self.count) = (seed, index, count)
        }
    }

    /// An event with its number, from 0, and its time in seconds since 1970.
    package struct Entry: Sendable, Equatable {
        /// The number.
        package var number: Int
        /// The time.
        package var time: Double
        /// The event.
        package var event: ProgressEvent
    }

    /// The most entries that are kept.
    static let mostEntries = 200

    /// The state.
    package var state = State.running
    /// The time of the first event.
    package var startTime: Double
    /// The time of the last event.
    package var updateTime: Double
    /// The process; nil before the run has a folder.
    package var origin: Origin?
    /// The place of the run among repetitions; nil for a single run.
    package var repetition: Repetition?
    /// The current phase and its beginning.
    package var phase: Entry?
    /// The last progress in that phase.
    package var progress: Entry?
    /// The last rows, evaluations, checkpoints and notes.
    package private(set) var entries: [Entry] = []
    private var nextNumber = 0
    /// The largest resident memory of the process so far, in bytes.
    package var peakMemory: Int?
    /// The losses of all steps so far.
    package var curve = StepCurve()

    /// Creates the state of a run that begins.
    ///
    /// - Parameter time: The time in seconds since 1970.
    package init(startTime time: Double) { (startTime, updateTime) = (time, time) }

    /// Adds an event.
    ///
    /// - Parameters:
    ///   - event: The event.
    ///   - time: The time in seconds since 1970.
    package mutating func add(_ event: ProgressEvent, at time: Double) {
        updateTime = time
        switch event {
        case .phase: (phase, progress) = (Entry(number: 0, time: time, event: event), nil)
        case .progress, .step: progress = Entry(number: 0, time: time, event: event)
        case .note, .started, .log, .evaluation, .saved, .loadedBest, .error, .verdict, .result:
            entries.append(Entry(number: nextNumber, time: time, event: event))
            nextNumber += 1
            if entries.count > Self.mostEntries { entries.removeFirst() }
        }
    }

    /// The snapshot as a JSON object.
    package var json: JSONObject {
        var object: JSONObject = [
            "version": .int(1), "attune_version": .string(attuneVersion), "state": .string(state.rawValue),
            "start_time": .double(startTime),
            "update_time": .double(updateTime),
        ]
        if let origin {
            object["process"] = .int(origin.process)
            object["host"] = .string(origin.host)
            object["locked"] = .bool(origin.isLocked)
        }
        if let repetition {
            object["seed"] = .string("\(repetition.seed)")
            object["seed_index"] = .int(repetition.index)
            object["seeds"] = .int(repetition.count)
        }
        if let phase { object["phase"] = .object(phase.event.json(at: phase.time)) }
        if let progress { object["progress"] = .object(progress.event.json(at: progress.time)) }
        if let peakMemory { object["peak_memory_bytes"] = .int(peakMemory) }
        if !curve.points.isEmpty { object["steps"] = curve.json }
        object["first_number"] = .int(entries.first?.number ?? nextNumber)
        object["events"] = .array(entries.map { .object($0.event.json(at: $0.time)) })
        return object
    }

    /// Reads a snapshot.
    ///
    /// Unknown events are left out, so that a later version's file can be read. Nil if it is no snapshot.
    ///
    /// - Parameter json: The output of ``json``.
    package init?(json: JSONValue) {
        guard let state = json["state"].string.flatMap(State.init), let start = json["start_time"].double
        else { return nil }
        (self.state, startTime) = (state, start)
        updateTime = json["update_time"].double ?? start
        if let process = json["process"].int, let host = json["host"].string {
            origin = Origin(process: process, host: host, isLocked: json["locked"].bool ?? false)
        }
        if let seed = json["seed"].string.flatMap({ UInt64($0) }), let index = json["seed_index"].int,
            let count = json["seeds"].int
        {
            repetition = Repetition(seed: seed, index: index, count: count)
        }
        phase = Self.entry(json["phase"], number: 0)
        progress = Self.entry(json["progress"], number: 0)
        peakMemory = json["peak_memory_bytes"].int
        curve = StepCurve(json: json["steps"])
        let events = json["events"].array ?? []
        let first = json["first_number"].int ?? 0
        entries = events.enumerated().compactMap { Self.entry($1, number: first + $0) }
        nextNumber = first + events.count
    }

    private static func entry(_ json: JSONValue, number: Int) -> Entry? {
        guard let event = ProgressEvent(json: json), let time = json["time"].double else { return nil }
        return Entry(number: number, time: time, event: event)
    }
}
