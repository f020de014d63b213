import Models

/// A tensor of a checkpoint, as described in its header.
public struct InspectedTensor: Sendable, Equatable {
    /// The tensor's name in the checkpoint.
    ///
    /// For a GGUF of a known family, its name on the Hub.
    public var name: String
    /// The shape, outermost dimension first.
    public var shape: [Int]
    /// The storage type: `F32`, `BF16`, `Q4_1`.
    public var storage: String

    /// The number of elements.
    public var parameters: Int { shape.reduce(1, *) }

    /// Whether it is computed from the configuration and not trained: masks, position ids, rotary frequencies.
    var isBuffer: Bool { ComputedTensors.contain(name) }
}
