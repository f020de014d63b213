import Files
import Foundation

/// Describes a model folder without readable weights: which other weights it contains, and how to convert them.
///
/// Recognizes files by name; opens none.
struct ForeignWeights {
    private let path: String
    private let names: [String]

    /// - Parameters:
    ///   - path: Path of the folder.
    ///   - names: All names in it.
    init(path: String, names: [String]) {
        self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        self.names = names.sorted()
    }

    /// The error for opening such a folder.
    var error: CheckpointError {
        loneShards ?? otherSafetensors ?? pickles ?? otherFrameworks ?? otherFiles
            ?? CheckpointError(
                .missing,
                "\(path) contains no weights: neither model.safetensors nor \(ShardedCheckpoint.indexName)"
            )
    }

    private func first(_ endings: String...) -> String? {
        names.first { name in endings.contains { name.lowercased().hasSuffix($0) } }
    }

    // MARK: Safetensors under other names

    /// The error for shards without an index.
    private var loneShards: CheckpointError? {
        let shards = names.compactMap { name in
            name.wholeMatch(of: /model-(\d+)-of-(\d+)\.safetensors/).map { match in
                (name: name, number: Int(match.1) ?? 0, count: Int(match.2) ?? 0)
            }
        }
        guard let first = shards.first else { return nil }
        let there = Set(shards.map(\.number))
        let absent = (1...max(1, min(first.count, 100_000))).filter { !there.contains($0) }
        let missing =
            absent.isEmpty
            ? ""
            : " and \(absent.count == 1 ? "shard" : "shards") \(listed(absent.map(String.init))) of \(first.count)"
        return CheckpointError(
            .missing,
            "\(path) contains shards of a model (\(first.name)) without \(ShardedCheckpoint.indexName)\(missing); "
                + "download \(absent.isEmpty ? "it" : "them") into the same folder"
        )
    }

    private var otherSafetensors: CheckpointError? {
        let files = names.filter { $0.hasSuffix(".safetensors") }
        guard !files.isEmpty else { return nil }
        let adapters = files.filter { $0.hasPrefix("adapter") }
        if adapters.count == files.count {
            return CheckpointError(
                .unsupported,
                "\(path) contains the weights of an adapter (\(adapters[0])), not of a whole model; "
                    + "pass the model that it was merged into"
            )
        }
        return CheckpointError(
            .missing,
            "\(path) contains no model.safetensors, only \(listed(files)); "
                + "if that is the whole model, rename it to model.safetensors"
        )
    }

    // MARK: Pickles

    private static let pickleIndex = "pytorch_model.bin.index.json"

    /// Files of a run's training state, which are pickles as well.
    private static let runState: Set = [
        "training_args.bin", "optimizer.bin", "optimizer.pt", "scheduler.pt", "scheduler.bin", "scaler.pt",
        "rng_state.pth",
    ]

    private var pickles: CheckpointError? {
        if names.contains(Self.pickleIndex) { return pickled(Self.pickleIndex, conversion: shardConversion) }
        let shards = names.filter { $0.wholeMatch(of: /pytorch_model-\d+-of-\d+\.bin/) != nil }
        if let shard = shards.first {
            return CheckpointError(
                .missing,
                "\(path) contains shards of a model as pickles (\(shard)) without \(Self.pickleIndex); "
                    + "download it into the same folder"
            )
        }
        if names.contains("params.json"), let part = names.first(where: { $0.hasPrefix("consolidated.") }) {
            return CheckpointError(
                .unsupported,
                "\(path) contains a model in Meta's own format (\(part)); use the same model in the Hub's layout, "
                    + "with config.json and model.safetensors"
            )
        }
        let files = names.filter { name in
            [".bin", ".pt", ".pth", ".ckpt"].contains { name.hasSuffix($0) } && !Self.runState.contains(name)
                && !name.hasPrefix("rng_state") && !name.hasPrefix("adapter")
        }
        let preferred = files.first { $0 == "pytorch_model.bin" } ?? files.first
        return preferred.map { pickled($0, conversion: conversion(of: $0)) }
    }

    private func pickled(_ name: String, conversion: String) -> CheckpointError {
        CheckpointError(
            .unsupported,
            "\(path) contains its weights as a pickle (\(name)), which can run code when it is opened; convert it once "
                + "(needs Python with torch and safetensors; config.json and the pickle are not changed): \(conversion)"
        )
    }

    /// Copies every tensor contiguously, because safetensors refuses views and tied weights, which share memory.
    private static let copies = "{k: v.contiguous().clone() for k, v in "
    private static let loaded = "map_location='cpu', weights_only=True).items() if torch.is_tensor(v)}"

    private func conversion(of name: String) -> String {
        "python3 -c \"import sys, torch; from safetensors.torch import save_file; "
            + "save_file(\(Self.copies)torch.load(sys.argv[1] + '/' + sys.argv[2], \(Self.loaded), "
            + "sys.argv[1] + '/model.safetensors', {'format': 'pt'})\" \(shellQuoted(path)) \(shellQuoted(name))"
    }

    /// Converts one shard at a time, so that a large model needs no more memory than its largest shard.
    ///
    /// Writes the index last.
    private var shardConversion: String {
        "python3 -c \"import json, sys, torch; from safetensors.torch import save_file; d = sys.argv[1]; "
            + "i = json.load(open(d + '/\(Self.pickleIndex)')); m = i['weight_map']; "
            + "n = lambda f: f.replace('pytorch_model', 'model').replace('.bin', '.safetensors'); "
            + "[save_file(\(Self.copies)torch.load(d + '/' + f, \(Self.loaded), d + '/' + n(f), {'format': 'pt'}) "
            + "for f in sorted(set(m.values()))]; i['weight_map'] = {k: n(f) for k, f in m.items()}; "
            + "json.dump(i, open(d + '/\(ShardedCheckpoint.indexName)', 'w'))\" \(shellQuoted(path))"
    }

    // MARK: Other formats

    private var otherFrameworks: CheckpointError? {
        let found: (file: String, framework: String)? =
            first(".msgpack").map { ($0, "Flax") }
            ?? first(".h5", ".keras", ".ckpt.index", "saved_model.pb").map { ($0, "TensorFlow") }
        guard let found else { return nil }
        return CheckpointError(
            .unsupported,
            "\(path) contains weights for \(found.framework) only (\(found.file)), which cannot be read; "
                + "find the model as safetensors, or convert it once with transformers before version 5: "
                + "load it with from_tf=True or from_flax=True as the class that config.json names, "
                + "and save it into another folder with save_pretrained"
        )
    }

    private var otherFiles: CheckpointError? {
        if let part = names.first(where: { $0.hasSuffix(".gguf") }) {
            let count = names.count { $0.hasSuffix(".gguf") }
            return CheckpointError(
                .unsupported,
                "\(path) is a folder with \(count == 1 ? "a GGUF file" : "\(count) GGUF files"); "
                    + "pass the file itself: \(shellQuoted(path + "/" + part))"
            )
        }
        if let onnx = first(".onnx") ?? names.first(where: { $0 == "onnx" || $0 == "openvino" })
            ?? first("openvino_model.xml")
        {
            return CheckpointError(
                .unsupported,
                "\(path) contains the model for inference only (\(onnx)), which cannot be read or trained; "
                    + "use the folder with model.safetensors that it was exported from"
            )
        }
        if let part = first(".incomplete", ".part", ".crdownload", ".aria2") {
            return CheckpointError(
                .missing,
                "\(path) contains no weights yet: the download of \(part) is not complete; start it again"
            )
        }
        return nil
    }

    private func listed(_ items: [String]) -> String {
        items.prefix(4).joined(separator: ", ") + (items.count > 4 ? " and \(items.count - 4) more" : "")
    }
}
