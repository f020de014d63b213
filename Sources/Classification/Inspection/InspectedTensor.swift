import Models

/// A tensor of a checkpoint, known from its header.
public struct InspectedTensor: Sendable, Equatable {
    /// The checkpoint's name for it; of a GGUF the Hub's, where the family is known.
    public var name: String
    /// Sizes, outermost first.
    public var shape: [Int]
    /// How it is stored: `F32`, `BF16`, `Q4_1`.
    public var storage: String

    /// The number of its elements.
    public var parameters: Int { shape.reduce(1, *) }

    /// Whether it is computed from the configuration and learns nothing: masks, position numbers, rotary frequencies.
    var isBuffer: Bool { ComputedTensors.contain(name) }
}
