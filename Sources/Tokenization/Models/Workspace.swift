import Synchronization

/// Memory that one thread reuses from text to text: the cache of words and the model's scratch.
///
/// A workspace belongs to one call at a time; every worker of a batch has its own.
// The pool hands a workspace to one call at a time, under its lock; nothing else shares one.
final class Workspace: @unchecked Sendable {
    /// Words met before and their tokens.
    let cache = WordCache()
    /// Scratch of the byte-pair models.
    var merger = PairMerger()
    /// Scratch for a piece's tokens.
    var tokens: [PieceToken] = []
    /// Scratch for a word in another spelling.
    var spelling: [UInt8] = []
    /// Scratch of the Unigram model: the best way to each place of a word.
    var nodes: [UnigramModel.Node] = []
    /// Scratch for the two texts of a pair.
    var sequences = (TokenSink(), TokenSink())
}

/// Workspaces to be used again: what one call has met, the next one knows.
final class WorkspacePool: Sendable {
    private let free = Mutex<[Workspace]>([])

    /// Runs a body with a workspace of its own.
    func withWorkspace<Result>(_ body: (Workspace) -> Result) -> Result {
        let workspace = free.withLock { $0.popLast() } ?? Workspace()
        defer { free.withLock { $0.append(workspace) } }
        return body(workspace)
    }
}
