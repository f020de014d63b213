import Attune
import Foundation
import FuzzSupport

// FuzzCheckpoints SEEDS WORK FIRST COUNT: opens the inputs FIRST ..< FIRST + COUNT, each made from the files in SEEDS:
// `*.safetensors`, `*.gguf`, folders with a config.json (`model-*`) and adapters with the name of their model in `base`
// (`adapter-*`); shards are made from the first kind.
//
// Inputs depend only on their number. The current input is in WORK and its number in `WORK/at`, so that both are available after
// a crash. WORK should be a memory file system. After a failure Scripts/fuzz-checkpoints restarts this with the next input.

/// The files of a folder with the prefix and suffix, sorted.
func names(in folder: URL, prefix: String = "", suffix: String = "") throws -> [URL] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false)).sorted()
        .filter { $0.hasPrefix(prefix) && $0.hasSuffix(suffix) }.map { folder.appending(path: $0) }
}

func bytes(_ url: URL) throws -> [UInt8] { Array(try Data(contentsOf: url)) }

/// Returns a safetensors file with a damaged header and a corrected header length, or with damage anywhere.
func damagedSafetensors(_ file: [UInt8], other: [UInt8], _ mutator: inout Mutator) -> [UInt8] {
    let length = file.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    guard mutator.int(0..<4) > 0, file.count >= 8 + length else {
        return mutator.damaged(file, other: other, isText: false)
    }
    let header = JSONDamage.damaged(Array(file[8..<8 + length]), &mutator)
    var data = Array(file[(8 + length)...])
    // The original data, or less, more or damaged data.
    switch mutator.int(0..<8) {
    case 0: data.removeLast(mutator.int(0..<data.count + 1))
    case 1: data += [UInt8](repeating: 0xFF, count: mutator.int(0..<64))
    case 2 where !data.isEmpty:
        for _ in 0..<8 { data[mutator.int(0..<data.count)] = UInt8(mutator.int(0..<256)) }
    default: break
    }
    return (0..<8).map { UInt8(truncatingIfNeeded: header.count >> ($0 * 8)) } + header + data
}

/// Returns a GGUF with damage mostly in its numbers and names, before the tensors' data.
func damagedGGUF(_ file: [UInt8], other: [UInt8], headerSize: Int, _ mutator: inout Mutator) -> [UInt8] {
    guard mutator.int(0..<4) > 0 else { return mutator.damaged(file, other: other, isText: false) }
    var file = file
    for _ in 0..<[1, 1, 1, 2, 4][mutator.int(0..<5)] {
        let place = mutator.int(0..<headerSize)
        let width = [1, 1, 4, 8][mutator.int(0..<4)]
        let numbers: [UInt64] =
            Mutator.numbers + [2, 3, 4, 5, 6, 8, 9, 12, 16, 24, 31, 32, 33, 64, 1 << 20, 1 << 31]
        let number = numbers[mutator.int(0..<numbers.count)]
        for index in 0..<min(width, file.count - place) {
            file[place + index] = UInt8(truncatingIfNeeded: number >> (8 * UInt64(index)))
        }
    }
    return file
}

/// All inputs.
struct Inputs {
    let check = Check()
    let work: URL
    let weights: [(name: String, bytes: [UInt8])]
    let ggufs: [(name: String, bytes: [UInt8], headerSize: Int)]
    let shards: [[(name: String, bytes: [UInt8])]]
    let models: [(name: String, config: [UInt8], checkpoint: any Checkpoint)]
    let adapters: [(name: String, config: [UInt8], weights: [UInt8], base: URL)]

    init(seeds: URL, work: URL) throws {
        self.work = work
        weights = try names(in: seeds, suffix: ".safetensors").map { ($0.lastPathComponent, try bytes($0)) }
        ggufs = try names(in: seeds, suffix: ".gguf").map { url in
            let file = try GGUFFile(contentsOf: url)
            let (all, data) = (try bytes(url), file.byteCount)
            return (url.lastPathComponent, all, max(1, all.count - data))
        }
        shards = try names(in: seeds, suffix: ".safetensors").map { url in
            let file = try SafetensorsFile(contentsOf: url)
            let folder = work.appending(path: "shards")
            let tensors = try file.tensorNames.map { ($0, try file.tensor($0)) }
            try saveSafetensors(tensors, toFolder: folder, maxShardSize: max(1, file.byteCount / 3))
            return try names(in: folder).map { ($0.lastPathComponent, try bytes($0)) }
        }
        models = try names(in: seeds, prefix: "model-").map { folder in
            (
                folder.lastPathComponent, try bytes(folder.appending(path: "config.json")),
                try openCheckpoint(folder: folder)
            )
        }
        adapters = try names(in: seeds, prefix: "adapter-").map { folder in
            let base = String(decoding: try bytes(folder.appending(path: "base")), as: UTF8.self)
            return (
                folder.lastPathComponent, try bytes(folder.appending(path: "adapter_config.json")),
                try bytes(folder.appending(path: "adapter_model.safetensors")),
                seeds.appending(path: base.trimmingCharacters(in: .newlines))
            )
        }
    }

    /// Makes an input and opens it; returns its kind and whether it could be read.
    func run(_ mutator: inout Mutator) throws -> (kind: String, wasRead: Bool) {
        switch mutator.int(0..<25) {
        case 0..<9:
            let other = weights[mutator.int(0..<weights.count)].bytes
            let seed = weights[mutator.int(0..<weights.count)].bytes
            let url = work.appending(path: "input.safetensors")
            try Data(damagedSafetensors(seed, other: other, &mutator)).write(to: url)
            return (
                "safetensors", try check.passes { try check.readAll(try SafetensorsFile(contentsOf: url)) }
            )
        case 9..<13: return ("shards", try runShards(&mutator))
        case 13..<17:
            let other = ggufs[mutator.int(0..<ggufs.count)].bytes
            let seed = ggufs[mutator.int(0..<ggufs.count)]
            let url = work.appending(path: "input.gguf")
            try Data(damagedGGUF(seed.bytes, other: other, headerSize: seed.headerSize, &mutator)).write(
                to: url
            )
            return ("gguf", try runGGUF(url))
        case 20:
            let text = JSONDamage.damaged(Array(Self.settings.utf8), &mutator)
            try Data(text).write(to: work.appending(path: ClassifierSettings.fileName))
            return (ClassifierSettings.fileName, try check.passes { try check.reads(settings: text) })
        case 21...24: return ("adapter", try runAdapter(&mutator))
        default:
            let model = models[mutator.int(0..<models.count)]
            let text = JSONDamage.damaged(model.config, &mutator)
            try Data(text).write(to: work.appending(path: "config.json"))
            try Data("\(model.name)\n".utf8).write(to: work.appending(path: "config-of"))
            return (
                "config.json",
                try check.passes {
                    try check.load(model.checkpoint, ModelConfiguration(parsing: text, source: "config.json"))
                }
            )
        }
    }

    /// An `attune.json` with every field.
    private static let settings = """
        {"version": 1, "max_length": 24, "text_column": "body", "text_pair_column": "answer", "label_columns": ["J-P"],
        "label_names": ["J", "P"], "problem_type": "single_label_classification", "empty_texts": "drop",
        "missing_labels": "refuse"}
        """

    private func runShards(_ mutator: inout Mutator) throws -> Bool {
        let files = shards[mutator.int(0..<shards.count)]
        let chosen = mutator.int(0..<3) > 0 ? files.count - 1 : mutator.int(0..<files.count)
        let folder = work.appending(path: "shards", directoryHint: .isDirectory)
        try? FileManager.default.removeItem(at: folder)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for (index, file) in files.enumerated() {
            var content = file.bytes
            if index == chosen {
                content =
                    file.name.hasSuffix(".json")
                    ? JSONDamage.damaged(content, &mutator)
                    : damagedSafetensors(content, other: files[mutator.int(0..<files.count)].bytes, &mutator)
            }
            try Data(content).write(to: folder.appending(path: file.name))
        }
        return try check.passes { try check.readAll(try openCheckpoint(folder: folder)) }
    }

    private func runAdapter(_ mutator: inout Mutator) throws -> Bool {
        let adapter = adapters[mutator.int(0..<adapters.count)]
        let other = adapters[mutator.int(0..<adapters.count)]
        let damagesSettings = mutator.int(0..<2) == 0
        let folder = work.appending(path: "adapter", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let config = damagesSettings ? JSONDamage.damaged(adapter.config, &mutator) : adapter.config
        let weights =
            damagesSettings
            ? adapter.weights : damagedSafetensors(adapter.weights, other: other.weights, &mutator)
        try Data(config).write(to: folder.appending(path: "adapter_config.json"))
        try Data(weights).write(to: folder.appending(path: "adapter_model.safetensors"))
        try Data("\(adapter.name)\n".utf8).write(to: work.appending(path: "adapter-of"))
        return try check.passes { try check.load(adapter: folder, base: adapter.base) }
    }

    private func runGGUF(_ url: URL) throws -> Bool {
        try check.passes {
            let file = try GGUFFile(contentsOf: url)
            try check.readAll(file)
            // Each may refuse a file that the other accepts.
            let named = try? HubNamedGGUF(file)
            let configuration = try ModelConfiguration(gguf: file, source: "input.gguf")
            guard let named else { return }
            try check.readAll(named)
            _ = try check.passes { try check.load(named, configuration) }
        }
    }
}

let fuzzing = FuzzRun()
let inputs = try Inputs(seeds: fuzzing.seeds, work: fuzzing.work)
try fuzzing.eachInput { _, mutator in try inputs.run(&mutator) }
