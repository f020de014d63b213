package import Files
package import Foundation
import JSON
import Training

/// A run that another process may be carrying out, seen from its folder.
package struct WatchedRun: Sendable {
    private let folder: URL

    /// The life of a run's process.
    package enum Life: Sendable, Equatable {
        /// It is alive.
        case running
        /// It has ended.
        case ended
        /// It cannot be tested: the process is on another machine, and the file system has no locks.
        case unknown
    }

    /// The state of a run at a moment.
    package struct Reading: Sendable, Equatable {
        /// The folder that the state was read from: that of the last seed, if the run is repeated.
        package var folder: URL
        /// The state that the run recorded.
        package var snapshot: RunSnapshot
        /// The life of its process.
        package var life: Life

        /// Whether the run ended without recording it, because it was killed.
        package var wasKilled: Bool { snapshot.state == .running && life == .ended }

        /// Whether nothing more will happen.
        package var isOver: Bool {
            switch snapshot.state {
            case .running: return life == .ended
            case .interrupted, .failed: return true
            case .finished:
                guard let repetition = snapshot.repetition else { return true }
                return repetition.index + 1 >= repetition.count || life == .ended
            }
        }

        /// Whether the run, with all its seeds, has finished.
        package var hasFinished: Bool {
            snapshot.state == .finished
                && snapshot.repetition.map { $0.index + 1 >= $0.count } ?? true
        }
    }

    /// Describes a run's folder.
    ///
    /// - Parameter folder: The output folder of the run, or the common folder of several seeds.
    package init(_ folder: URL) { self.folder = folder }

    /// Reads the run's state.
    ///
    /// - Returns: The state; of a run with several seeds, that of the last one which has begun.
    /// - Throws: `.missing` if the folder holds no run.
    package func read() throws(FileError) -> Reading {
        if let snapshot = Self.snapshot(in: folder) {
            return Reading(folder: folder, snapshot: snapshot, life: Self.life(of: snapshot, in: [folder]))
        }
        let seeds = seeds
        let latest = seeds.max {
            ($0.snapshot.repetition?.index ?? 0, $0.snapshot.startTime)
                < ($1.snapshot.repetition?.index ?? 0, $1.snapshot.startTime)
        }
        // A resumed run repeats only the seeds that were not finished.
        if let running = seeds.first(where: { $0.snapshot.state == .running }) ?? latest {
            let life = Self.life(of: running.snapshot, in: [folder, running.folder])
            return Reading(folder: running.folder, snapshot: running.snapshot, life: life)
        }
        if let snapshot = SavedLog(folder)?.snapshot {
            let life: Life = FolderClaim.isHeld(folder) == true ? .running : .ended
            return Reading(folder: folder, snapshot: snapshot, life: life)
        }
        let path = folder.path(percentEncoded: false)
        throw FileError(
            .missing,
            FileManager.default.fileExists(atPath: path)
                ? "\(path) holds no run; give the --output-dir of a run"
                : "there is no folder \(path); a run creates it when it has read its data"
        )
    }

    private var seeds: [(folder: URL, snapshot: RunSnapshot)] {
        let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false))
        return (names ?? []).filter { $0.wholeMatch(of: /seed-\d+/) != nil }.sorted().compactMap { name in
            let place = folder.appending(path: name, directoryHint: .isDirectory)
            return Self.snapshot(in: place).map { (place, $0) }
        }
    }

    private static func snapshot(in folder: URL) -> RunSnapshot? {
        guard let data = try? Data(contentsOf: folder.appending(path: RunRecorder.fileName)) else {
            return nil
        }
        return (try? JSONValue.parse(data)).flatMap(RunSnapshot.init)
    }

    /// Tests whether the process of a run is alive.
    private static func life(of snapshot: RunSnapshot, in folders: [URL]) -> Life {
        guard let origin = snapshot.origin else { return .unknown }
        let isLockHeld = folders.contains { FolderClaim.isHeld($0) == true }
        if isLockHeld { return .running }
        if origin.isLocked { return .ended }
        guard origin.host == machineName() else { return .unknown }
        return processExists(origin.process) ? .running : .ended
    }
}

/// The log in `trainer_state.json`, of a finished run or of its latest checkpoint.
///
/// Runs of transformers' Trainer and of earlier versions leave nothing else.
private struct SavedLog {
    let snapshot: RunSnapshot

    init?(_ folder: URL) {
        let checkpoint = RunFolder(folder).latestCheckpoint
        let places = [folder] + (checkpoint.map { [$0] } ?? [])
        for (index, place) in places.enumerated() {
            let file = place.appending(path: "trainer_state.json")
            guard let data = try? Data(contentsOf: file), let document = try? JSONValue.parse(data),
                let rows = document["log_history"].array
            else { continue }
            let values = try? file.resourceValues(forKeys: [.contentModificationDateKey])
            let time = values?.contentModificationDate?.timeIntervalSince1970 ?? 0
            var snapshot = RunSnapshot(startTime: time)
            snapshot.state = index == 0 ? .finished : .interrupted
            for row in rows {
                if let record = EvaluationRow(json: row) {
                    snapshot.add(.evaluation(record), at: time)
                } else if let record = LogRecord(json: row) {
                    snapshot.add(.log(record), at: time)
                }
            }
            self.snapshot = snapshot
            return
        }
        return nil
    }
}
