import Classification
import Foundation
import Models
import NN
import Torch

// Weights and moments in a temporary file, if asked.
extension Trainer {
    /// Moves the weights of the blocks into a temporary file.
    ///
    /// - Returns: The file, which the moments must be moved to, too; nil unless the arguments name a folder.
    /// - Throws: `FileError` if the folder cannot be written or its disk is full; ``TrainingError`` on a GPU.
    func offloaded() throws -> BlockOffload? {
        guard let folder = arguments.offloadFolder else { return nil }
        let model = classifier.model
        guard model.device == .cpu else {
            throw TrainingError(.badArgument, "--offload-to works on a CPU, not on \(model.device)")
        }
        // Loading may have moved the weights.
        let offload =
            try model.offload ?? BlockOffload(in: URL(filePath: folder, directoryHint: .isDirectory))
        for parameter in model.parameters.parameters { try offload.take(parameter) }
        model.blockWeights = offload
        return offload
    }
}
