/// A device that a run may have to fit into.
public struct MemoryLimit: Sendable, Equatable {
    /// What to call it.
    public let name: String
    /// Its bytes.
    public let bytes: Int
    /// Whether the process must fit, as on a CPU; else the tensors alone, as on a GPU.
    public let holdsProcess: Bool

    /// A limit.
    ///
    /// - Parameters:
    ///   - name: What to call it.
    ///   - bytes: Its bytes.
    ///   - holdsProcess: Whether the whole process must fit, or tensors alone.
    public init(name: String, bytes: Int, holdsProcess: Bool) {
        self.name = name
        self.bytes = bytes
        self.holdsProcess = holdsProcess
    }

    /// What of a run must fit.
    ///
    /// - Parameter memory: The run's.
    /// - Returns: Bytes.
    public func needed(_ memory: MemoryForecast) -> Int { holdsProcess ? memory.peak : memory.tensors }

    /// Whether a run fits.
    ///
    /// - Parameter memory: The run's.
    /// - Returns: Whether what it needs is there.
    public func holds(_ memory: MemoryForecast) -> Bool { needed(memory) <= bytes }
}
