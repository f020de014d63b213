/// Decides how many threads compute while other programs use some of the cores.
///
/// At a barrier all threads wait for the one without a core, so fewer threads, each with a core, are faster. After a pause
/// all threads are tried again. If cores are still taken, the next pause is twice as long.
struct FreeCores {
    /// A core counts as taken if threads lacked it for at least this share of the time.
    ///
    /// Next to one busy program, threads that sleep at barriers lack 0.4 to 0.7 of a core; on a quiet machine at most 0.1.
    static let takenShare = 0.4
    /// Seconds until all threads are tried again: the first pause and the longest.
    static let pauses = (first: 0.5, longest: 16.0)

    /// Allowed thread counts, ascending; the last is the usual one.
    private let counts: [Int]
    /// The number computing now; nil before the first batch.
    private var inUse: Int?
    private var wanted: Int
    private var secondsInUse = 0.0
    /// The time that threads lacked a core during this batch, and its duration so far, in seconds.
    private var batch = (waited: 0.0, elapsed: 0.0)
    private var pause = pauses.first / 2
    private var lastShare: Double?

    /// Creates the state for the first batch.
    ///
    /// - Parameter counts: The numbers of threads to choose from, ascending; the last is the usual one.
    init(counts: [Int]) {
        self.counts = counts
        wanted = counts.last ?? 1
    }

    /// Records a look.
    ///
    /// - Parameters:
    ///   - share: The time that threads lacked a core since the previous look, divided by the elapsed time; 2 if two threads
    ///     lacked a core all the time.
    ///   - seconds: The elapsed time.
    mutating func look(_ share: Double, seconds: Double) {
        batch = (batch.waited + share * seconds, batch.elapsed + seconds)
        // Ignore further looks until the wanted number is in use.
        guard let inUse, inUse == wanted, let usual = counts.last else { return }
        secondsInUse += seconds
        let recent = lastShare.map { ($0 + share) / 2 } ?? share
        lastShare = share
        let taken = Int(recent + 1 - Self.takenShare)
        if taken > 0, let fewer = fewer(than: inUse, by: taken) {
            wanted = fewer
        } else if inUse < usual, secondsInUse >= pause {
            wanted = usual
        }
    }

    /// The number of threads for the next batch; nil if it does not change.
    mutating func next() -> Int? {
        defer { batch = (0, 0) }
        // A disturbance that was short compared with the batch is probably over, and a long batch with fewer threads costs more.
        if let inUse, wanted < inUse, batch.waited < Self.takenShare * batch.elapsed {
            (wanted, lastShare) = (inUse, nil)
        }
        guard inUse != wanted else { return nil }
        if inUse == counts.last {
            pause = secondsInUse < pause ? min(pause * 2, Self.pauses.longest) : Self.pauses.first
        }
        let isFirst = inUse == nil
        (inUse, secondsInUse, lastShare) = (wanted, 0, nil)
        return isFirst ? nil : wanted
    }

    /// The largest count that leaves the taken cores to other programs; nil if it would leave half of the free cores idle.
    private func fewer(than count: Int, by taken: Int) -> Int? {
        let free = max(count - taken, 1)
        return counts.last { $0 <= free && $0 < count && $0 * 2 > free }
    }
}
