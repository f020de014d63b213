/// The memory limit of a device.
public struct MemoryLimit: Sendable, Equatable {
    /// The name of the device.
    public let name: String
    /// The memory in bytes.
    public let bytes: Int
    /// Whether the whole process must fit, as on a CPU, or only the tensors, as on a GPU.
    public let holdsProcess: Bool

    /// Creates a limit.
    ///
    /// - Parameters:
    ///   - name: The name of the device.
    ///   - bytes: The memory in bytes.
    ///   - holdsProcess: Whether the whole process must fit, or only the tensors.
    public init(name: String, bytes: Int, holdsProcess: Bool) {
        self.name = name
        self.bytes = bytes
        self.holdsProcess = holdsProcess
    }

    /// The bytes of a run that must fit.
    ///
    /// - Parameter memory: The forecast of the run.
    /// - Returns: The needed bytes.
    public func needed(_ memory: MemoryForecast) -> Int { holdsProcess ? memory.peak : memory.tensors }

    /// Whether a run fits.
    ///
    /// - Parameter memory: The forecast of the run.
    /// - Returns: True if the needed bytes are within the limit.
    public func holds(_ memory: MemoryForecast) -> Bool { needed(memory) <= bytes }
}
