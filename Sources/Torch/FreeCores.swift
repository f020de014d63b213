/// Decides how many threads compute while other programs hold some of the cores.
///
/// At a barrier all threads wait for the one that has no core; fewer threads, each with a core, are faster then. After a
/// pause all are tried again: if cores are still taken, the next pause is twice as long.
struct FreeCores {
    /// Cores of which threads lacked a core for this share of the time, or more, count as taken: beside one busy program
    /// threads that sleep at barriers lack 0.4 to 0.7 of a core, and on a quiet machine at most 0.1.
    static let takenShare = 0.4
    /// Seconds until all threads are tried again, at first and at most.
    static let pauses = (first: 0.5, longest: 16.0)

    /// Ascending; the last is the usual one.
    private let counts: [Int]
    /// Computing right now; nil before the first batch, when there is nothing to learn.
    private var inUse: Int?
    private var wanted: Int
    private var secondsInUse = 0.0
    private var pause = pauses.first / 2
    private var lastShare: Double?

    /// Ready for the first batch.
    ///
    /// - Parameter counts: The numbers of threads to choose from, ascending; the last is the usual one.
    init(counts: [Int]) {
        self.counts = counts
        wanted = counts.last ?? 1
    }

    /// Takes in a look.
    ///
    /// - Parameters:
    ///   - share: How long threads lacked a core since the look before, against the time that passed; 2 for two threads that
    ///     lacked one all the time.
    ///   - seconds: The time that passed.
    mutating func look(_ share: Double, seconds: Double) {
        // Until the number that is wanted is in use, what is seen says nothing about it.
        guard let inUse, inUse == wanted, let usual = counts.last else { return }
        secondsInUse += seconds
        let recent = lastShare.map { ($0 + share) / 2 } ?? share
        lastShare = share
        let taken = Int(recent + 1 - Self.takenShare)
        if taken > 0, let fewer = fewer(than: inUse, by: taken) {
            wanted = fewer
            guard inUse == usual else { return }
            pause = secondsInUse < pause ? min(pause * 2, Self.pauses.longest) : Self.pauses.first
        } else if inUse < usual, secondsInUse >= pause {
            wanted = usual
        }
    }

    /// The number of threads for the next batch; nil if it is the one before's.
    mutating func next() -> Int? {
        guard inUse != wanted else { return nil }
        let isFirst = inUse == nil
        (inUse, secondsInUse, lastShare) = (wanted, 0, nil)
        return isFirst ? nil : wanted
    }

    /// The most threads that leave cores to others, if that does not give up half of what is free.
    private func fewer(than count: Int, by taken: Int) -> Int? {
        let free = max(count - taken, 1)
        return counts.last { $0 <= free && $0 < count && $0 * 2 > free }
    }
}
