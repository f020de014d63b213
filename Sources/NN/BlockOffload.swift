import Files
package import Foundation
package import Torch

/// The weights and moments of a model's blocks in a temporary file; those of the blocks in use are in memory.
///
/// Blocks are used one after another, up in the forward pass and down in the backward pass. So the block in use and its two
/// neighbors stay in memory, the next one is read ahead, and the system may take the pages of all others.
package final class BlockOffload {
    /// The number of blocks in memory at once: the one in use and its neighbors.
    package static let blocksInMemory = 3
    /// Tensors of fewer bytes, which do not fill a page, stay in memory.
    private static let smallest = 1 << 12

    private let file: ScratchFile
    /// The parts of each block.
    private var blocks: [Int: [ScratchFile.Part]] = [:]
    /// The part of each tensor, by its name.
    private var parts: [String: ScratchFile.Part] = [:]
    /// The block in use.
    private var current: Int?
    /// The blocks that may have pages in memory.
    private var touched: Set<Int> = []
    /// The bytes in the file.
    package private(set) var byteCount = 0

    /// Creates an empty file.
    ///
    /// - Parameter folder: An existing folder on a disk with room for the weights and moments.
    /// - Throws: `FileError` with the system's reason.
    package init(in folder: URL) throws { file = try ScratchFile(in: folder) }

    /// Copies a tensor of a block into the file.
    ///
    /// - Parameters:
    ///   - tensor: A tensor on the CPU.
    ///   - block: The index of its block; nil for a tensor that several blocks may use, which stays in memory.
    ///   - name: Its name in checkpoints.
    /// - Returns: A tensor with the same values in the file, or the tensor itself.
    /// - Throws: `FileError` if the disk is full; `TorchError`.
    package func moved(_ tensor: Tensor, block: Int?, name: String) throws -> Tensor {
        let bytes = tensor.count * tensor.dtype.byteWidth
        guard let block, bytes >= Self.smallest, tensor.device == .cpu else { return tensor }
        let part = try file.addPart(bytes)
        guard let start = part.bytes.baseAddress else { return tensor }
        let copy = try Tensor(borrowing: start, shape: tensor.shape, dtype: tensor.dtype, owner: part)
        try copy.assign(tensor)
        part.release()
        blocks[block, default: []].append(part)
        parts[name] = part
        byteCount += bytes
        return copy
    }

    /// Moves the values of a parameter into the file, unless they are there, quantized or outside of the blocks.
    ///
    /// - Parameter parameter: The parameter, with values.
    /// - Throws: `FileError` if the disk is full; `TorchError`.
    package func take(_ parameter: Parameter) throws {
        guard parts[parameter.name] == nil, parameter.quantized == nil else { return }
        try parameter.set(moved(parameter.value, block: parameter.block, name: parameter.name))
    }

    /// Prepares a block for its use: reads the next one ahead, and lets the system take the others.
    ///
    /// - Parameter block: The index of the block.
    package func begin(_ block: Int) {
        guard block != current else { return }
        let next = block + (block < current ?? -1 ? -1 : 1)
        current = block
        for other in touched where abs(other - block) > 1 {
            for part in blocks[other] ?? [] { part.release() }
        }
        touched = touched.filter { abs($0 - block) <= 1 }.union([block, next])
        for part in blocks[next] ?? [] { part.prefetch() }
    }

    /// Lets the system take the pages of a tensor that was written to a checkpoint.
    ///
    /// - Parameter name: The tensor's name.
    package func release(_ name: String) { parts[name]?.release() }
}
