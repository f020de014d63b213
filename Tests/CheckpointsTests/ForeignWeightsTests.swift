import Checkpoints
import Foundation
import TestSupport
import Testing
import Torch

/// Folders without readable weights: each is recognized by its file names.
struct ForeignWeightsTests {
    /// The message of opening a folder with files of these names, one byte each.
    private func message(_ names: [String]) throws -> String {
        try withTemporaryFolder { folder in
            for name in names {
                let place = folder.appending(path: name)
                try FileManager.default.createDirectory(
                    at: place.deletingLastPathComponent(),
                    withIntermediateDirectories: true
                )
                try Data([1]).write(to: place)
            }
            do {
                _ = try openCheckpoint(folder: folder)
                return "nothing"
            } catch { return "\(error)" }
        }
    }

    @Test(arguments: [
        (
            ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"],
            "without model.safetensors.index.json; download it into"
        ),
        (
            ["model-00001-of-00003.safetensors"],
            "without model.safetensors.index.json and shards 2, 3 of 3; download them into"
        ),
        (["tf_model.h5"], "for TensorFlow only (tf_model.h5)"),
        (["flax_model.msgpack"], "for Flax only (flax_model.msgpack)"),
        (["bert_model.ckpt.index", "bert_model.ckpt.meta"], "for TensorFlow only"),
        (["onnx/model.onnx"], "for inference only (onnx)"),
        (["model.onnx", "model_quantized.onnx"], "for inference only (model.onnx)"),
        (["openvino_model.xml", "openvino_model.bin.zip"], "for inference only"),
        (["SmolLM2.Q8_0.gguf"], "pass the file itself"),
        (["params.json", "consolidated.00.pth", "tokenizer.model"], "in Meta's own format"),
        (["pytorch_model-00001-of-00002.bin"], "without pytorch_model.bin.index.json"),
        (["adapter_model.safetensors"], "the weights of an adapter"),
        (["weights.safetensors"], "rename it to model.safetensors"),
        (["model.safetensors.incomplete"], "is not complete"),
        // Training state is a pickle too, but it is not weights.
        (["optimizer.pt", "scheduler.pt", "training_args.bin", "rng_state.pth"], "contains no weights"),
        (["optimizer.pt", "pytorch_model.bin", "training_args.bin"], "(pytorch_model.bin)"),
    ])
    func `the error names the weights that are there instead`(names: [String], part: String) throws {
        let message = try message(names)
        #expect(message.contains(part), "\(message)")
    }

    // MARK: The command that converts pickles

    /// The command that an error message suggests.
    private func command(in message: String) throws -> String {
        try String(message[#require(message.range(of: "python3 -c")).lowerBound...])
    }

    @Test func `the command for one file keeps its name out of the code`() throws {
        let message = try message(["pytorch_model.bin"])
        #expect(message.contains("which can run code when it is opened; convert it once"))
        let command = try command(in: message)
        #expect(
            command.hasPrefix(
                #"python3 -c "import sys, torch; from safetensors.torch import save_file; "#
                    + #"save_file({k: v.contiguous().clone() for k, v in torch.load(sys.argv[1] + '/' + sys.argv[2], "#
                    + #"map_location='cpu', weights_only=True).items() if torch.is_tensor(v)}, "#
                    + #"sys.argv[1] + '/model.safetensors', {'format': 'pt'})" "#
            )
        )
        #expect(command.hasSuffix(" pytorch_model.bin"))
        #expect(!command.contains("AutoModel"))
    }

    /// A Python with torch and safetensors, in `PYTHON` or on the path; nil if there is none.
    private static let python: URL? = {
        let environment = ProcessInfo.processInfo.environment
        let folders = (environment["PATH"] ?? "").split(separator: ":").map { "\($0)/python3" }
        for path in [environment["PYTHON"]].compactMap({ $0 }) + folders
        where FileManager.default.isExecutableFile(atPath: path) {
            if (try? run("import torch, safetensors", URL(filePath: path))) == 0 {
                return URL(filePath: path)
            }
        }
        return nil
    }()

    private static func run(_ code: String, _ python: URL, _ arguments: [String] = []) throws -> Int32 {
        let process = Process()
        process.executableURL = python
        process.arguments = ["-c", code] + arguments
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// Runs a command line as a shell does, with that Python as `python3`.
    private func runInShell(_ command: String, _ python: URL) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", command]
        var environment = ProcessInfo.processInfo.environment
        let folder = python.deletingLastPathComponent().path(percentEncoded: false)
        environment["PATH"] = folder + ":" + (environment["PATH"] ?? "")
        process.environment = environment
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    private static let makeOne = """
        import sys, torch
        w = torch.arange(6.0).reshape(2, 3)
        torch.save({'a.weight': w, 'tied.weight': w, 'view.weight': w.t(), 'head.bias': torch.ones(2, dtype=torch.bfloat16)},
                   sys.argv[1] + '/pytorch_model.bin')
        """

    private static let makeShards = """
        import json, sys, torch
        d, w = sys.argv[1], torch.arange(6.0).reshape(2, 3)
        torch.save({'a.weight': w, 'tied.weight': w}, d + '/pytorch_model-00001-of-00002.bin')
        torch.save({'view.weight': w.t(), 'head.bias': torch.ones(2, dtype=torch.bfloat16)}, d + '/pytorch_model-00002-of-00002.bin')
        m = {'a.weight': 1, 'tied.weight': 1, 'view.weight': 2, 'head.bias': 2}
        json.dump({'metadata': {'total_size': 76}, 'weight_map': {k: f'pytorch_model-0000{n}-of-00002.bin' for k, n in m.items()}},
                  open(d + '/pytorch_model.bin.index.json', 'w'))
        """

    @Test(
        .enabled(if: python != nil, "needs Python with torch and safetensors"),
        arguments: [makeOne, makeShards]
    )
    func `the command converts all weights, including tied ones, and keeps the pickle`(script: String) throws
    {
        let python = try #require(Self.python)
        try withTemporaryFolder { parent in
            // A path that a shell must not split or expand.
            let folder = parent.appending(path: "my model's $HOME", directoryHint: .isDirectory)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try Data("{}".utf8).write(to: folder.appending(path: "config.json"))
            let path = folder.path(percentEncoded: false)
            #expect(try Self.run(script, python, [path]) == 0)
            let before = try FileManager.default.contentsOfDirectory(atPath: path)
            let error = #expect(throws: CheckpointError.self) { try openCheckpoint(folder: folder) }
            #expect(try runInShell(command(in: #require(error).message), python) == 0)
            let checkpoint = try openCheckpoint(folder: folder)
            #expect(checkpoint.tensorNames == ["a.weight", "head.bias", "tied.weight", "view.weight"])
            for name in ["a.weight", "tied.weight"] {
                #expect(try checkpoint.tensor(name).array(of: Float.self) == [0, 1, 2, 3, 4, 5])
            }
            #expect(try checkpoint.tensor("view.weight").array(of: Float.self) == [0, 3, 1, 4, 2, 5])
            #expect(checkpoint.info("head.bias") == TensorInfo(shape: [2], storage: "BF16"))
            let after = try FileManager.default.contentsOfDirectory(atPath: path)
            #expect(Set(after).isSuperset(of: before))
            #expect(try Data(contentsOf: folder.appending(path: "config.json")) == Data("{}".utf8))
        }
    }
}

/// Files with other content than their names suggest.
struct StandInTests {
    static let standIns = [
        (
            "version https://git-lfs.github.com/spec/v1\noid sha256:"
                + String(repeating: "ab", count: 32) + "\nsize 4400000000\n",
            "is a Git LFS pointer, not the file of 4.4 GB itself; fetch it with `git lfs pull`"
        ),
        ("<!DOCTYPE html>\n<html><body>Log in</body></html>", "is a web page (HTML)"),
        ("\n  <html>", "is a web page (HTML)"), ("Entry not found", "a message from the Hub"),
        ("", "is empty"),
    ]

    @Test(arguments: standIns)
    func `errors for every weight format say what the file really is`(contents: String, part: String) throws {
        try withTemporaryFolder { folder in
            for name in ["model.safetensors", "model.gguf", "model.safetensors.index.json"] {
                let url = folder.appending(path: name)
                try Data(contents.utf8).write(to: url)
                let error = #expect(throws: CheckpointError.self) {
                    if name.hasSuffix(".gguf") {
                        _ = try GGUFFile(contentsOf: url)
                    } else {
                        _ = try openCheckpoint(folder: folder)
                    }
                }
                #expect(error?.message.contains(part) == true, "\(name): \(error?.message ?? "")")
                #expect(error?.message.contains(name) == true)
                #expect(error?.code == .corrupt)
                try FileManager.default.removeItem(at: url)
            }
        }
    }

    @Test func `files of other formats under these names are recognized`() throws {
        try withTemporaryFolder { folder in
            let weights = folder.appending(path: "model.safetensors")
            try Data("PK\u{3}\u{4}archive".utf8).write(to: weights)
            #expect { try openCheckpoint(folder: folder) } throws: { "\($0)".contains("a pickle of PyTorch") }
            try Data("GGUF\u{3}\u{0}\u{0}\u{0}".utf8).write(to: weights)
            #expect { try openCheckpoint(folder: folder) } throws: { "\($0)".contains("but a GGUF file") }
            let old = folder.appending(path: "old.gguf")
            try Data("tjgg\u{3}\u{0}".utf8).write(to: old)
            #expect { try GGUFFile(contentsOf: old) } throws: { "\($0)".contains("from before GGUF") }
        }
    }
}

/// Tied weights that a checkpoint stores under only one name.
struct AliasTests {
    @Test func `aliases are the names in the header with stored values`() throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "model.safetensors")
            try writeSafetensors(
                [("head", try Tensor.full(1, [2])), ("own", try Tensor.full(2, [2]))],
                to: url,
                metadata: ["format": "pt", "embed": "head", "own": "head", "lost": "nowhere"]
            )
            #expect(try openCheckpoint(folder: folder).aliases == ["embed": "head"])
        }
    }
}
