import Classification
import Evaluation
import Files
public import Foundation
import JSON
import Training

/// The output folder before a run: its files, and whether the run may write there.
///
/// Files of an earlier run are replaced only on request, and then all of them, so that no result remains next to other
/// weights. Files that no run wrote are never removed or overwritten.
public struct OutputFolder: Sendable {
    private let url: URL

    /// Describes a folder, which need not exist.
    ///
    /// - Parameter url: The folder.
    public init(_ url: URL) { self.url = url }

    /// The kind of a file or folder in an output folder, by its name.
    private enum Kind {
        /// Part of the saved model.
        case model
        /// Files that other tools write next to a model: a tokenizer's vocabulary, pickled weights.
        case companion
        /// Results of a run.
        case result
        /// The state that a run shows to other processes.
        case state
        case checkpoint, replay, report, recipe, modelCard
        /// The folder of one seed.
        case seed

        init?(_ name: String) {
            switch name {
            case "adapter_config.json", "adapter_model.safetensors", "config.json", "attune.json",
                "model.safetensors", "model.safetensors.index.json",
                "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja":
                self = .model
            case "generation_config.json", "added_tokens.json", "vocab.txt", "vocab.json", "merges.txt",
                "tokenizer.model", "spiece.model", "sentencepiece.bpe.model", "pytorch_model.bin",
                "training_args.bin":
                self = .companion
            case "all_results.json", "eval_results.json", "train_results.json", "trainer_state.json",
                "seeds_results.json", "decisions.json", ScoredRows.fileName, RunReportPage.fileName,
                ParityRecord.fileName:
                self = .result
            case RunRecorder.fileName: self = .state
            case "README.md": self = .modelCard
            case "recipe.yaml": self = .recipe
            case "events.jsonl", "runs": self = .report
            default:
                if name.wholeMatch(of: /(shard-\d+-)?model-\d+-of-\d+\.safetensors/) != nil {
                    self = .model
                } else if name.wholeMatch(of: /checkpoint-\d+/) != nil {
                    self = .checkpoint
                } else if name.wholeMatch(of: /seed-\d+/) != nil {
                    self = .seed
                } else if name.wholeMatch(of: /replay-step-\d+\.safetensors/) != nil {
                    self = .replay
                } else {
                    return nil
                }
            }
        }
    }

    /// The files that make a folder a model: a whole one, or an adapter.
    private static let configurations: Set = ["config.json", "adapter_config.json"]

    // MARK: Contents

    private var path: String {
        let path = url.path(percentEncoded: false)
        return path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    }

    private func place(_ name: String) -> URL { url.appending(path: name) }

    /// The names in the folder, sorted.
    private var names: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: url.path(percentEncoded: false))) ?? [])
            .sorted()
    }

    private func names(_ kinds: Set<Kind>) -> [String] {
        names.filter { name in Kind(name).map(kinds.contains) ?? false }
    }

    /// Whether a run of Attune or of transformers' Trainer wrote to this folder.
    private var holdsRun: Bool {
        Self.isTrainerState(place("trainer_state.json")) || wasWritten("recipe.yaml")
            || !Set(names).isDisjoint(with: ["attune.json", "training_args.bin"])
            || names([.checkpoint, .seed]).contains(where: wasWritten)
    }

    /// Whether a run wrote a file or folder, according to its contents.
    private func wasWritten(_ name: String) -> Bool {
        switch Kind(name) {
        case .recipe:
            // A resumed run writes its former settings first, as comments.
            ("\n" + beginning(of: name, bytes: 16_384)).contains("\n" + Self.recipeHeading)
        case .modelCard:
            // The front matter of our model cards, which may be long for many metrics, begins with its tags.
            beginning(of: name, bytes: 4096).contains("\n- attune\n")
        case .report where name == "events.jsonl": beginning(of: name, bytes: 10).hasPrefix("{\"event\":")
        case .checkpoint: Self.isTrainerState(place(name).appending(path: "trainer_state.json"))
        case .seed: OutputFolder(place(name)).holdsRun
        default: true
        }
    }

    private func beginning(of name: String, bytes: Int) -> String {
        guard let file = try? FileHandle(forReadingFrom: place(name)) else { return "" }
        return String(decoding: (try? file.read(upToCount: bytes)) ?? Data(), as: UTF8.self)
    }

    private static func isTrainerState(_ file: URL) -> Bool {
        guard let data = try? Data(contentsOf: file), let document = try? JSONValue.parse(data) else {
            return false
        }
        return document["global_step"].int != nil
    }

    /// The first line of a recipe written by a run.
    package static let recipeHeading =
        "# Every setting of this run; `attune train` with this file repeats it.\n"

    // MARK: Permission to write

    /// Refuses a folder in which a run would overwrite files.
    ///
    /// - Parameters:
    ///   - overwrites: Whether the files of an earlier run may be replaced.
    ///   - reports: The reports that the run writes.
    /// - Throws: `.exists`, naming the files and the remedies.
    func requireFree(overwriting overwrites: Bool, reports: [RunReport]) throws(FileError) {
        var foreign = holdsRun ? [] : names([.model, .result])
        foreign += names([.checkpoint, .seed]).filter { !wasWritten($0) }
        if reports.contains(.jsonLines), names.contains("events.jsonl"), !wasWritten("events.jsonl") {
            foreign.append("events.jsonl")
        }
        guard foreign.isEmpty else {
            throw occupied(
                "\(Self.list(foreign)), which no training run wrote and which the run would overwrite or contradict"
                    + "\(foreign.count == 1 ? "it" : "them"); give another --output-dir, or move "
                    + "\(foreign.count == 1 ? "it" : "them") away"
            )
        }
        guard !overwrites else { return }
        let latest = RunFolder(url).latestCheckpoint?.lastPathComponent
        let left = names([.model, .result, .replay, .seed])
        let found: String? =
            if names.contains(where: Self.configurations.contains) {
                "a trained model" + (latest.map { " and checkpoints up to \($0)" } ?? "")
            } else if let latest {
                "checkpoints of an earlier run, up to \(latest)"
            } else {
                left.isEmpty ? nil : "\(Self.list(left)) of an earlier run"
            }
        if let found {
            let resuming =
                latest == nil && !left.contains("seeds_results.json")
                ? "" : "--resume-from-checkpoint latest to resume that run, "
            throw occupied(
                "\(found); give \(resuming)another --output-dir, or --overwrite-output-dir to remove "
                    + "the files of that run"
            )
        }
        if let name = kept.first {
            throw occupied(
                "a \(name) that no run wrote and that the run would overwrite; give another --output-dir, move it away, or "
                    + "give --overwrite-output-dir, which keeps it and does not write \(Self.purpose(of: name))"
            )
        }
    }

    private func occupied(_ what: String) -> FileError { FileError(.exists, "\(path) holds \(what)") }

    private static func list(_ names: [String]) -> String {
        names.prefix(4).joined(separator: ", ") + (names.count > 4 ? " and \(names.count - 4) more" : "")
    }

    private static func purpose(of name: String) -> String {
        name == "README.md" ? "a model card" : "the run's own recipe"
    }

    /// Whether a run may write its model card or recipe.
    ///
    /// It may not if no run wrote the existing file.
    ///
    /// - Parameter name: `README.md` or `recipe.yaml`.
    /// - Returns: True if the run may write the file.
    package func mayWrite(_ name: String) -> Bool { !names.contains(name) || wasWritten(name) }

    /// `README.md` and `recipe.yaml`, if no run wrote them.
    private var kept: [String] { names([.modelCard, .recipe]).filter { !wasWritten($0) } }

    /// Notes on files that are kept instead of the run's own.
    var notes: [String] {
        kept.map {
            "\($0) in \(path) was not written by a run; it is kept, and \(Self.purpose(of: $0)) is not saved"
        }
    }

    // MARK: Removing the files of an earlier run

    /// Removes all files of an earlier run, the model first, and keeps other files.
    ///
    /// - Parameter excluded: The name of a folder to keep, too.
    /// - Throws: `FileError` if a file cannot be removed.
    func removeFormerRun(except excluded: String? = nil) throws(FileError) {
        // Remove the configuration first: if this process is killed here, the rest is not mistaken for a model.
        let model = holdsRun ? names([.model, .companion]) : []
        let others = names([.result, .state, .replay, .checkpoint, .modelCard, .recipe]).filter(wasWritten)
        // Remove the files that identify a run last.
        let last = ["recipe.yaml", "trainer_state.json"]
        for name in model where Self.configurations.contains(name) { try remove(place(name)) }
        for name in model where !Self.configurations.contains(name) { try remove(place(name)) }
        for name in others where !last.contains(name) { try remove(place(name)) }
        for name in names([.seed]) where name != excluded && wasWritten(name) {
            try OutputFolder(place(name)).removeFormerRun()
            removeIfEmpty(place(name))
        }
        try removeReports()
        for name in others.filter(last.contains) { try remove(place(name)) }
    }

    /// Removes the results of a model that is about to be replaced.
    ///
    /// - Throws: `FileError` if a file cannot be removed.
    func removeResults() throws(FileError) {
        for name in names([.result]) where name != "trainer_state.json" { try remove(place(name)) }
    }

    private func removeReports() throws(FileError) {
        if names.contains("events.jsonl"), wasWritten("events.jsonl") { try remove(place("events.jsonl")) }
        let runs = place("runs")
        let events = OutputFolder(runs).names.filter { $0.hasPrefix("events.out.tfevents.") }
        for name in events { try remove(runs.appending(path: name)) }
        if !events.isEmpty { removeIfEmpty(runs) }
    }

    private func remove(_ place: URL) throws(FileError) {
        do { try FileManager.default.removeItem(at: place) } catch { throw FileError(changing: place, error) }
    }

    private func removeIfEmpty(_ folder: URL) {
        guard OutputFolder(folder).names.isEmpty else { return }
        try? FileManager.default.removeItem(at: folder)
    }
}

extension TrainingJob {
    /// Refuses an output folder in which the run would overwrite files, before anything is read or downloaded.
    ///
    /// A folder with the checkpoint to resume from belongs to the run.
    ///
    /// - Parameter folder: The output folder.
    /// - Throws: `FileError` with code `.exists`, naming the files and the remedies; `TrainingError` if it is the
    ///   model's folder.
    public func requireFree(_ folder: URL) throws {
        try requireApartFromModel(folder)
        guard !resumes(in: folder) else { return }
        try OutputFolder(folder).requireFree(overwriting: overwritesOutputFolder, reports: recipe.reports)
    }

    /// Whether the run resumes from a checkpoint in this folder.
    func resumes(in folder: URL) -> Bool {
        if let checkpoint { return Self.areSame(checkpoint.deletingLastPathComponent(), folder) }
        return resumesFromLatest && RunFolder(folder).latestCheckpoint != nil
    }

    private func requireApartFromModel(_ folder: URL) throws(TrainingError) {
        try requireApart(model, "--model", from: folder)
        if let teacher { try requireApart(teacher, "--teacher", from: folder) }
    }

    private func requireApart(
        _ model: String,
        _ flag: String,
        from folder: URL
    ) throws(TrainingError) {
        let place = URL(filePath: model)
        if Self.areSame(place, folder) {
            throw TrainingError(
                .badArgument,
                "--output-dir is the folder of \(flag) \(model), which the run would overwrite; give another --output-dir"
            )
        }
        // The model may be a checkpoint, or a seed's model, of the run to be removed.
        guard overwritesOutputFolder else { return }
        var parent = place.resolvingSymlinksInPath().deletingLastPathComponent()
        while parent.pathComponents.count > 1 {
            if Self.areSame(parent, folder) {
                throw TrainingError(
                    .badArgument,
                    "\(flag) \(model) is in the folder that --overwrite-output-dir would empty; give another --output-dir"
                )
            }
            parent.deleteLastPathComponent()
        }
    }

    private static func areSame(_ first: URL, _ second: URL) -> Bool {
        guard let place = FileIdentity(first.path(percentEncoded: false)) else { return false }
        return place == FileIdentity(second.path(percentEncoded: false))
    }
}
