import Attune

/// Finds the news in each reading of a run.
struct RunFollower {
    /// A piece of news.
    enum Item: Equatable {
        /// A message of the follower.
        case note(String)
        /// An event of the run, at its time in seconds since 1970.
        case event(ProgressEvent, Double)
    }

    /// The most rows shown of the time before watching began.
    private static let mostEarlierRows = 20
    /// The seconds without a sign of life after which to mention it.
    private static let patience = 300.0

    /// The run that was read last: its start and its seed.
    private var current: (start: Double, seed: UInt64?)?
    private var nextNumber = 0
    private var phase: RunSnapshot.Entry?
    private var progress: RunSnapshot.Entry?
    private var isSilent = false

    /// Takes in a reading.
    ///
    /// - Parameters:
    ///   - reading: The state of the run.
    ///   - now: The time in seconds since 1970.
    /// - Returns: Everything that is new since the last reading, in order.
    mutating func items(of reading: WatchedRun.Reading, at now: Double) -> [Item] {
        let snapshot = reading.snapshot
        var items: [Item] = []
        let isNew =
            current.map { $0.start != snapshot.startTime || $0.seed != snapshot.repetition?.seed } ?? true
        if isNew {
            current = (snapshot.startTime, snapshot.repetition?.seed)
            (nextNumber, phase, progress) = (0, nil, nil)
            if let repetition = snapshot.repetition {
                items.append(
                    .note("seed \(repetition.seed), \(repetition.index + 1) of \(repetition.count)")
                )
            }
        }
        var fresh = snapshot.entries.filter { $0.number >= nextNumber }
        let first = nextNumber
        nextNumber = (snapshot.entries.last?.number ?? nextNumber - 1) + 1
        if isNew, fresh.count > Self.mostEarlierRows { fresh.removeFirst(fresh.count - Self.mostEarlierRows) }
        // The schedule gives the rows their number of steps.
        if isNew, let schedule = snapshot.entries.last(where: { $0.event.isSchedule }),
            !fresh.contains(where: { $0.event.isSchedule })
        {
            items.append(.event(schedule.event, schedule.time))
        }
        let skipped = (fresh.first?.number ?? first) - first
        if skipped > 0 { items.append(.note("… \(skipped) earlier rows")) }
        items += fresh.map { .event($0.event, $0.time) }
        guard snapshot.state == .running else { return items }
        if let phase = snapshot.phase, phase != self.phase {
            self.phase = phase
            items.append(.event(phase.event, phase.time))
        }
        if let progress = snapshot.progress, progress != self.progress {
            self.progress = progress
            items.append(.event(progress.event, progress.time))
        }
        let silence = now - snapshot.updateTime
        if reading.life == .unknown, silence > Self.patience, !isSilent {
            items.append(
                .note("warning: no sign of life for \(clockTime(silence)); the run may have been killed")
            )
        }
        isSilent = silence > Self.patience
        return items
    }
}

extension ProgressEvent {
    fileprivate var isSchedule: Bool { if case .started = self { true } else { false } }
}
