import Checkpoints
import Classification
import Files
import Foundation
import Models
import Torch

// A checkpoint's files if every rank of a group writes its own tensors.
extension TrainerState {
    /// Writes the part of one rank; rank 0 also writes the files that exist once, except the index.
    ///
    /// - Parameters:
    ///   - shard: The rank's part of the model.
    ///   - classifier: The classifier with this step's weights.
    ///   - moments: The moments that the rank writes; nil to save only the model.
    ///   - dropout: The state of the dropout stream.
    ///   - folder: The folder that all ranks write to.
    /// - Throws: `CheckpointError` or `FileError` if a file cannot be written; `TorchError`.
    func saveShard(
        _ shard: ModelShard,
        of classifier: TextClassifier,
        moments: [(name: String, tensor: Tensor)]?,
        dropout: [UInt8],
        to folder: URL
    ) throws {
        try classifier.model.save(shard, to: folder, for: .resumption)
        let isFirst = shard.rank == 0
        // A rule without moments has one empty file, by which the checkpoint can be resumed.
        if let moments, isFirst || !moments.isEmpty {
            try RankShard.write(
                moments,
                to: folder.appending(path: RankShard.name(.optimizer, rank: shard.rank)),
                bypassesCache: true
            )
        }
        guard isFirst else { return }
        try classifier.saveSharedFiles(to: folder)
        if moments != nil { try Self.saveRandomStates(dropout, to: folder) }
        try writeAtomically(Data(formatted.utf8), to: folder.appending(path: Self.trainerState))
    }

    /// Opens the moments of a checkpoint: those of one file, or of one file for each rank.
    ///
    /// - Parameter folder: The checkpoint's folder.
    /// - Returns: The moments; nil if the checkpoint has only the model.
    /// - Throws: `CheckpointError` if a file is damaged.
    static func moments(in folder: URL) throws(CheckpointError) -> (any Checkpoint)? {
        let file = folder.appending(path: optimizerState)
        if FileManager.default.fileExists(atPath: file.path(percentEncoded: false)) {
            return try SafetensorsFile(contentsOf: file)
        }
        guard !DistributedCheckpoint.names(in: folder, .optimizer).isEmpty else { return nil }
        return try DistributedCheckpoint(folder: folder, .optimizer)
    }
}
