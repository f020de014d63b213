import Synchronization

/// Memory that one thread reuses from text to text: the word cache and the model's scratch memory.
///
/// A workspace belongs to one call at a time. Every worker of a batch has its own.
// Under its lock, the pool gives a workspace to one call at a time. Nothing else shares one.
final class Workspace: @unchecked Sendable {
    /// The cache of words and their tokens.
    let cache = WordCache()
    /// Scratch of the BPE models.
    var merger = PairMerger()
    /// Scratch for a piece's tokens.
    var tokens: [PieceToken] = []
    /// Scratch for a word in another spelling.
    var spelling: [UInt8] = []
    /// Scratch of the Unigram model: the best segmentation up to each position in a word.
    var nodes: [UnigramModel.Node] = []
    /// Scratch for the two texts of a pair.
    var sequences = (TokenSink(), TokenSink())
}

/// A pool of workspaces, so that calls share the words that earlier calls have cached.
final class WorkspacePool: Sendable {
    private let free = Mutex<[Workspace]>([])

    /// Runs a body with exclusive use of a workspace.
    func withWorkspace<Result>(_ body: (Workspace) -> Result) -> Result {
        let workspace = free.withLock { $0.popLast() } ?? Workspace()
        defer { free.withLock { $0.append(workspace) } }
        return body(workspace)
    }
}
