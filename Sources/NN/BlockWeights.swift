package import Torch

/// The place of a model's weights if those of its blocks are not all in memory.
///
/// A model tells it which block is used next, in the forward pass and, if blocks are recomputed, in the backward pass.
package protocol BlockWeights: AnyObject {
    /// Prepares a block for its use; the weights of other blocks may then leave memory.
    ///
    /// - Parameter block: The index of the block.
    /// - Throws: `TorchError` if the weights cannot be read.
    func begin(_ block: Int) throws(TorchError)

    /// Moves the values of a parameter to their place, unless they are there or stay in memory.
    ///
    /// - Parameter parameter: The parameter, with values.
    /// - Throws: `FileError` or `TorchError` if there is no room.
    func take(_ parameter: Parameter) throws

    /// Replaces the values of a parameter.
    ///
    /// - Parameters:
    ///   - values: The values, in the parameter's shape.
    ///   - parameter: The parameter.
    /// - Throws: `TorchError` if the shapes differ or the place cannot be written.
    func assign(_ values: Tensor, to parameter: Parameter) throws(TorchError)

    /// Prepares a parameter's values for being written to a checkpoint.
    ///
    /// - Parameter name: The parameter's name.
    /// - Throws: `TorchError` if the values cannot be read.
    func prepare(_ name: String) throws(TorchError)

    /// Notes that a tensor was written to a checkpoint.
    ///
    /// - Parameter name: The tensor's name.
    func release(_ name: String)
}

extension BlockWeights {
    package func assign(_ values: Tensor, to parameter: Parameter) throws(TorchError) {
        try parameter.value.assign(values)
    }

    package func prepare(_ name: String) throws(TorchError) {}

    package func release(_ name: String) {}
}

extension BlockOffload: BlockWeights {}
