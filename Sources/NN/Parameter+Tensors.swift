package import Torch

// The tensors of a parameter in any form, for code that only moves values.
extension Parameter {
    /// The tensors that hold the values: one, several for a quantized matrix, none for a matrix in the blocks of a file.
    package var tensors: [Tensor] { quantized?.tensors ?? [value] }

    /// Makes other tensors hold the values, which they may get later.
    ///
    /// - Parameter others: Tensors of the same shapes and types as ``tensors``, in the same order.
    /// - Throws: `.failed` if shapes or types differ.
    func hold(in others: [Tensor]) throws(TorchError) {
        if let quantized { return try set(quantized.held(by: others), device: value.device) }
        guard others.count == 1 else {
            throw TorchError(operation: name, message: "has one tensor of values, but got \(others.count)")
        }
        try set(others[0])
    }
}
