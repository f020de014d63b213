import ArgumentParser

/// The ranks that write messages besides rank 0, the value of `--log-ranks`.
enum LogRanks: ExpressibleByArgument, Equatable {
    /// All ranks.
    case all
    /// These ranks, and rank 0.
    case only(Set<Int>)

    init?(argument: String) {
        if argument == "all" {
            self = .all
            return
        }
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
        let ranks = parts.compactMap { Int($0) }
        guard ranks.count == parts.count, ranks.allSatisfy({ $0 >= 0 }) else { return nil }
        self = .only(Set(ranks))
    }

    /// Whether a rank writes messages.
    ///
    /// - Parameter rank: The rank.
    /// - Returns: Whether it does.
    func contains(_ rank: Int) -> Bool {
        switch self {
        case .all: true
        case .only(let ranks): ranks.contains(rank)
        }
    }

    /// Refuses a rank that does not exist.
    ///
    /// - Parameter worldSize: The number of processes.
    /// - Throws: `ValidationError`.
    func requireRanks(below worldSize: Int) throws {
        guard case .only(let ranks) = self, let last = ranks.max(), last >= worldSize else { return }
        throw ValidationError(
            "--log-ranks \(last): the ranks of \(worldSize) processes are 0 to \(worldSize - 1)"
        )
    }
}

extension MessageOptions {
    /// The console of one of several processes.
    ///
    /// Rank 0 writes as a single process does; the others write only errors, unless `--log-ranks` names them.
    ///
    /// - Parameters:
    ///   - rank: The rank of the process.
    ///   - logged: The ranks that write messages; nil for rank 0 alone.
    /// - Returns: The console.
    func console(ofRank rank: Int, logging logged: LogRanks?) -> Console {
        guard rank > 0 else { return console }
        let isLogged = !quiet && logged?.contains(rank) ?? false
        // Several processes would overwrite each other's live lines.
        return Console(json ? .json : .lines, isLogged ? verbose ? .verbose : .normal : .quiet, rank: rank)
    }
}
