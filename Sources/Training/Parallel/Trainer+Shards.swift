import Checkpoints
import Classification
import Files
package import Foundation
import Models
import NN
import ProcessGroups
import Torch

// Checkpoints and models to which every rank of a group writes its own tensors. No values cross the network for them.
extension Trainer {
    /// Whether every rank writes its own part of checkpoints and of the trained model.
    ///
    /// An adapter is small, and its files are peft's, so rank 0 writes them alone.
    package var savesShards: Bool {
        arguments.saveSharded && parallel != nil && classifier.model.adapter == nil
    }

    /// Checks before the first step that all ranks share the output folder, if every rank writes there.
    ///
    /// - Throws: ``TrainingError``; `DistributedError`.
    func requireSharedFolder() throws {
        guard savesShards, let parallel else { return }
        try SharedFolder(outputFolder, parallel.group).requireShared()
    }

    /// This rank's part of the model's files.
    ///
    /// Parameters that belong to one rank, by ZeRO-1 or ZeRO-3, are written by it.
    private func ownShard(
        for purpose: SequenceClassifier.SavingPurpose,
        _ parallel: DataParallel
    ) throws -> ModelShard {
        try classifier.model.shard(
            parallel.group.rank,
            of: parallel.group.size,
            owners: parallel.owners.merging(parallel.sharded?.owners ?? [:]) { $1 },
            for: purpose
        )
    }

    // MARK: Checkpoints

    /// Begins to save a checkpoint on every rank; each writes its own weights and moments in the background.
    ///
    /// The checkpoint appears when all have written (``complete(_:_:of:_:)``), which ``finishSaving(_:_:)`` waits for.
    ///
    /// - Parameters:
    ///   - state: The state after a step.
    ///   - stepState: The optimizer and the other state of the run.
    ///   - isWhole: Whether the checkpoint gets all that is needed to resume.
    ///   - emit: Receives the events.
    /// - Throws: ``TrainingError`` if the ranks do not share the folder; `CheckpointError`; `DistributedError`; `TorchError`.
    func beginSavingShards(
        _ state: TrainerState,
        _ stepState: StepState,
        isWhole: Bool,
        _ emit: (RunEvent) throws -> Void
    ) throws {
        guard let parallel else { return }
        let (group, activity) = (parallel.group, "saving checkpoint-\(state.step)")
        let draft = try SharedFolder(outputFolder, group).makeFolder(
            RunFolder.draftName(state.step, attempt: .random(in: 0 ... .max)),
            activity
        )
        try group.announce(activity)
        stepState.checkpoints.isAnnounced = true
        let shard = try ownShard(for: .resumption, parallel)
        // Without ZeRO every rank has all moments, and writes those of the parameters that it writes.
        let moments = stepState.optimizer.state.filter {
            stepState.zero != nil || shard.contains(Self.parameter(ofMoment: $0.name))
        }
        let dropout = try stepState.dropout.state()
        stepState.checkpoints.completion = { try complete($0, state, of: shard, group) }
        stepState.checkpoints.begin { [classifier] in
            try state.saveShard(
                shard,
                of: classifier,
                moments: isWhole ? moments : nil,
                dropout: dropout,
                to: draft
            )
            return draft
        }
        // As for checkpoints of one process.
        if classifier.model.device != .cpu { try finishSaving(stepState, emit) }
    }

    /// The parameter of a moment, such as `score.weight` of `score.weight.exp_avg`.
    private static func parameter(ofMoment name: String) -> String {
        name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name
    }

    /// Waits until all ranks have written a checkpoint; rank 0 then writes its index and gives it its name.
    ///
    /// - Returns: The checkpoint on rank 0, which reports it; nil on other ranks.
    private func complete(
        _ draft: URL,
        _ state: TrainerState,
        of shard: ModelShard,
        _ group: ProcessGroup
    ) throws -> URL? {
        let activity = "saving checkpoint-\(state.step)"
        do {
            try group.barrier(activity)
            guard group.isFirst else { return nil }
            // Removing an older checkpoint may take long.
            try group.announce(activity)
            try shard.plan.writeIndex(to: draft)
            let folder = RunFolder(outputFolder)
            let place = try folder.publish(draft, as: state.step)
            try folder.prune(
                keeping: arguments.saveTotalLimit,
                newest: state.step,
                best: state.bestCheckpoint
            )
            try group.announce(nil)
            return place
        } catch {
            if group.isFirst { try? FileManager.default.removeItem(at: draft) }
            throw error
        }
    }

    // MARK: The trained model

    /// Writes the trained model into a folder, every rank its own weights; all ranks call it.
    ///
    /// Weights of an earlier save are removed first, and the index is written last, when all files are complete.
    ///
    /// - Parameter folder: The folder, which all ranks share.
    /// - Throws: ``TrainingError`` if they do not; `CheckpointError` or `FileError` if a file cannot be written;
    ///   `DistributedError`; `TorchError`.
    package func saveShards(to folder: URL) throws {
        guard let parallel else { return }
        let (group, activity) = (parallel.group, "saving the model")
        if group.isFirst { removeWeights(in: folder) }
        // The others begin after that.
        try SharedFolder(folder, group).requireShared()
        try group.announce(activity)
        let shard = try ownShard(for: .use, parallel)
        try classifier.model.save(shard, to: folder, for: .use)
        try group.announce(nil)
        try group.barrier(activity)
        guard group.isFirst else { return }
        try classifier.saveSharedFiles(to: folder)
        try shard.plan.writeIndex(to: folder)
    }
}
