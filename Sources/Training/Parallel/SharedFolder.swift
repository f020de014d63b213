import Files
import Foundation
import ProcessGroups

/// A folder on a file system that all ranks of a group share.
struct SharedFolder {
    private let url: URL
    private let group: ProcessGroup
    /// The time after which a file of rank 0 must be visible on every host; network file systems keep listings for up to a minute.
    private let patience: Duration

    /// Describes a folder.
    ///
    /// - Parameters:
    ///   - url: The folder, under the path that it has on this host.
    ///   - group: The ranks.
    ///   - patience: The time after which a file of rank 0 must be visible on every host.
    init(_ url: URL, _ group: ProcessGroup, patience: Duration = .seconds(90)) {
        (self.url, self.group, self.patience) = (url, group, patience)
    }

    /// Checks that all ranks see what rank 0 writes, and may write there.
    ///
    /// Rank 0 creates the folder if necessary. All ranks call it.
    ///
    /// - Throws: ``TrainingError`` that names this rank and the folder; `FileError` on rank 0; `DistributedError`.
    func requireShared() throws {
        let activity = "checking that all processes share the output folder"
        // A name of this attempt, which is removed like other temporary files if the process is killed.
        let name =
            ".shared.\(ProcessInfo.processInfo.processIdentifier)-\(UInt32.random(in: 0 ... .max)).incomplete"
        let own = url.appending(path: name)
        defer { if group.isFirst { try? FileManager.default.removeItem(at: own) } }
        if group.isFirst { try writeAtomically(Data(name.utf8), to: own) }
        try require(String(decoding: group.shared(Array(name.utf8), activity), as: UTF8.self))
        try group.barrier(activity)
    }

    /// Makes a folder within it on rank 0, and waits until the other ranks see it; all ranks call it.
    ///
    /// - Parameters:
    ///   - name: The folder's name on rank 0, which no former attempt has used; ignored on other ranks.
    ///   - activity: What the ranks are doing, for messages while one waits.
    /// - Returns: The folder.
    /// - Throws: ``TrainingError`` that names this rank and the folder; `FileError` on rank 0; `DistributedError`.
    func makeFolder(_ name: String, _ activity: String) throws -> URL {
        if group.isFirst { try Files.makeFolder(url.appending(path: name)) }
        let shared = try String(decoding: group.shared(Array(name.utf8), activity), as: UTF8.self)
        try require(shared)
        return url.appending(path: shared, directoryHint: .isDirectory)
    }

    /// Waits until a file or folder of rank 0 is visible here.
    private func require(_ name: String) throws {
        let path = url.path(percentEncoded: false)
        let place = url.appending(path: name).path(percentEncoded: false)
        let end = ContinuousClock.now + patience
        var isAnnounced = false
        while !FileManager.default.fileExists(atPath: place) {
            // So that rank 0 waits longer than in a step, and hears the reason.
            if !isAnnounced { try group.announce("looking for the output folder") }
            isAnnounced = true
            guard ContinuousClock.now < end else {
                throw TrainingError(
                    .badArgument,
                    "--save-sharded needs an output folder that all processes share, but \(group.peers[group.rank]) does not see in "
                        + "\(path) what \(group.peers[0]) has written there: mount the same file system on every host and give "
                        + "its path as --output-dir, or leave out --save-sharded"
                )
            }
            Thread.sleep(forTimeInterval: 0.05)
        }
        if isAnnounced { try group.announce(nil) }
        guard FileManager.default.isWritableFile(atPath: path) else {
            throw TrainingError(
                .badArgument,
                "--save-sharded needs an output folder that all processes can write to, but \(group.peers[group.rank]) may only "
                    + "read \(path): run all processes as one user, change its permissions, or leave out --save-sharded"
            )
        }
    }
}
