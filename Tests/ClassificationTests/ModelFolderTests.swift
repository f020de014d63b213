import Checkpoints
import Classification
import Foundation
import JSON
import Models
import TestSupport
import Testing
import Tokenization
import Torch

/// Folders and files that people give as a model although they are something else.
struct ModelFolderTests {
    private static let tiny = Fixture.folder.appending(path: "models/tiny-base")

    /// Creates a folder with files of the given contents; nil copies the file of this name from a complete tiny model.
    private func withModel<Result>(
        _ files: [String: String?],
        _ body: (URL) throws -> Result
    ) throws -> Result {
        try withTemporaryFolder { folder in
            for (name, contents) in files {
                let place = folder.appending(path: name)
                try FileManager.default.createDirectory(
                    at: place.deletingLastPathComponent(),
                    withIntermediateDirectories: true
                )
                if let contents {
                    try Data(contents.utf8).write(to: place)
                } else {
                    try FileManager.default.copyItem(
                        at: Self.tiny.appending(path: place.lastPathComponent),
                        to: place
                    )
                }
            }
            return try body(folder)
        }
    }

    private func path(_ url: URL) -> String { url.path(percentEncoded: false) }

    private func message(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "nothing"
        } catch { return "\(error)" }
    }

    /// The errors of loading, reading the length limit, and inspecting.
    private func messages(_ folder: URL) -> [String] {
        [
            message { _ = try TextClassifier.load(path(folder)) },
            message { _ = try TextClassifier.tokenizerAndLimit(of: path(folder)) },
            message { _ = try ModelInspection(path: path(folder)) },
        ]
    }

    private static let whole: [String: String?] = [
        "config.json": nil, "model.safetensors": nil, "tokenizer.json": nil, "tokenizer_config.json": nil,
    ]

    @Test(
        arguments: [
            (
                [
                    "0_Transformer/config.json": "{}", "modules.json": "[]",
                    "config.json": #"{"__version__": "0.3.8"}"#,
                ],
                "is a sentence-transformers model in an older layout; give that folder: "
            ),
            (["0_Transformer/config.json": "{}"], "/0_Transformer"),
            (
                [
                    "modules.json":
                        #"[{"idx": 0, "path": "inner", "type": "sentence_transformers.models.Transformer"}]"#,
                    "inner/config.json": "{}", "1_Pooling/config.json": "{}",
                ], "/inner"
            ),
            (["checkpoint-5/config.json": "{}", "checkpoint-40/config.json": "{}"], "/checkpoint-40"),
            (
                ["snapshots/abc/config.json": "{}", "blobs/x": "", "refs/main": "abc"],
                "is a model's folder in the Hub's cache; give that folder: "
            ),
            (["a.Q4_K_M.gguf": "x"], "is a folder with a GGUF file; give that file: "),
            (["a.Q4_K_M.gguf": "x", "b.gguf": "x"], "is a folder with 2 GGUF files; give that file: "),
            (["model/config.json": "{}"], "has no config.json, but a folder in it does; give that folder: "),
            (["config.json": nil, "tf_model.h5": "x", "tokenizer.json": nil], "for TensorFlow only"),
            (["config.json": nil, "onnx/model.onnx": "x"], "for inference only"),
            (
                ["config.json": nil, "model-00001-of-00002.safetensors": "x"],
                "without model.safetensors.index.json"
            ),
            (["config.json": nil, "pytorch_model.bin": "x"], "weights as a pickle"),
        ] as [([String: String?], String)]
    )
    func `each layout is named with a remedy, by every function`(
        files: [String: String?],
        part: String
    ) throws {
        try withModel(files) { folder in
            for message in messages(folder) { #expect(message.contains(part), "\(message)") }
        }
    }

    @Test(arguments: ["model_head.pkl", "config_setfit.json"])
    func `a SetFit model can be trained on, and a note says that its head is not read`(name: String) throws {
        var files = Self.whole
        files[name] = "x"
        try withModel(files) { folder in
            var options = SequenceClassifier.LoadOptions()
            options.labels = ["no", "yes"]
            let (_, report) = try TextClassifier.load(path(folder), options: options)
            #expect(report.notes.count == 1)
            #expect(
                report.notes.first?.contains("is a SetFit model: its head, a scikit-learn pickle") == true
            )
            #expect(try ModelInspection(path: path(folder)).notes == report.notes)
            #expect(try TextClassifier.tokenizerAndLimit(of: path(folder)).notes == report.notes)
        }
    }

    // MARK: Files that are something else

    private static let pointer =
        "version https://git-lfs.github.com/spec/v1\noid sha256:" + String(repeating: "0", count: 64)
        + "\nsize 90868376\n"

    @Test(arguments: ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"])
    func `a Git LFS pointer or a web page in place of any file is recognised`(name: String) throws {
        for (contents, part) in [
            (Self.pointer, "is a Git LFS pointer"), ("<!doctype html><p>", "is a web page"),
        ] {
            var files = Self.whole
            files[name] = contents
            try withModel(files) { folder in
                for message in messages(folder).prefix(2) {
                    #expect(message.contains(part) && message.contains(name), "\(message)")
                }
                let inspected = message {
                    let inspection = try ModelInspection(path: path(folder))
                    let fault = inspection.configurationFault ?? inspection.tokenizerFault ?? ""
                    throw ModelError(.unsupported, fault)
                }
                #expect(inspected.contains(part), "\(inspected)")
                if name.hasPrefix("tokenizer") {
                    let read = message { _ = try TextClassifier.tokenizer(of: path(folder)) }
                    #expect(read.contains(part), "\(read)")
                }
            }
        }
    }

    @Test func `a SentencePiece model that is a pointer is recognised`() throws {
        var files = Self.whole
        files["tokenizer.json"] = .some(nil)
        files.removeValue(forKey: "tokenizer.json")
        files["tokenizer.model"] = Self.pointer
        try withModel(files) { folder in
            for message in messages(folder).prefix(2) {
                #expect(message.contains("is a Git LFS pointer"), "\(message)")
            }
        }
    }

    @Test func `a file of a model given as the model is an error that names the folder`() {
        let file = path(Self.tiny.appending(path: "model.safetensors"))
        for message in [
            message { _ = try TextClassifier.load(file) }, message { _ = try ModelInspection(path: file) },
            message { _ = try TextClassifier.tokenizer(of: file) },
        ] {
            #expect(
                message.contains(
                    "is neither a model's folder nor a .gguf or .attune file; give the folder that it is in"
                )
            )
            #expect(message.contains("models/tiny-base"))
        }
    }

    // MARK: GGUF

    private static let gguf = Fixture.folder.appending(path: "gguf-vocabularies")

    /// A copy of the tiny GGUF with a metadata key replaced by another of the same length.
    private func withRenamedKey<Result>(_ key: String, _ body: (String) throws -> Result) throws -> Result {
        try withTemporaryFolder { folder in
            var data = try Data(contentsOf: Self.gguf.appending(path: "tiny.gguf"))
            let range = try #require(data.range(of: Data(key.utf8)))
            data.replaceSubrange(range, with: Data((key.dropLast() + "_").utf8))
            let url = folder.appending(path: "tiny.gguf")
            try data.write(to: url)
            return try body(path(url))
        }
    }

    @Test func `a GGUF without merges is rejected, and one without a pre-tokenizer is noted`() throws {
        var options = SequenceClassifier.LoadOptions()
        options.labels = ["no", "yes"]
        let whole = path(Self.gguf.appending(path: "tiny.gguf"))
        #expect(try TextClassifier.load(whole, options: options).report.notes.isEmpty)
        try withRenamedKey("tokenizer.ggml.merges") { path in
            for message in [
                message { _ = try TextClassifier.load(path, options: options) },
                message { _ = try TextClassifier.tokenizerAndLimit(of: path) },
                message { _ = try TextClassifier.tokenizer(of: path) },
                try ModelInspection(path: path).tokenizerFault ?? "",
            ] { #expect(message.contains("tokenizer.ggml.merges is missing or empty"), "\(message)") }
        }
        try withRenamedKey("tokenizer.ggml.pre") { path in
            let notes = try TextClassifier.load(path, options: options).report.notes
            #expect(notes.count == 1)
            #expect(notes.first?.contains("missing pre-tokenizer type, using: 'default'") == true)
            #expect(try TextClassifier.tokenizerAndLimit(of: path).notes == notes)
            #expect(try ModelInspection(path: path).notes == notes)
            #expect(try TextClassifier.tokenizer(of: path).notes == notes)
        }
    }

    @Test(arguments: [1, 2])
    func `a part of a split GGUF is never accepted as the whole`(number: Int) throws {
        let part = path(Self.gguf.appending(path: "tiny-split-0000\(number)-of-00002.gguf"))
        for message in messages(URL(filePath: part)) {
            #expect(message.contains("is part \(number) of 2 of a split model"), "\(message)")
        }
        // The vocabulary is in the first part.
        let read = message { _ = try TextClassifier.tokenizer(of: part) }
        #expect(number == 1 ? read == "nothing" : read.contains("is part 2 of 2"), "\(read)")
    }

    // MARK: Checkpoints that differ from their description

    @Test func `embeddings stored as the tied head are found, with a note`() throws {
        let options = {
            var options = SequenceClassifier.LoadOptions()
            options.labels = ["no", "yes"]
            return options
        }()
        let (expected, _) = try TextClassifier.load(path(Self.tiny), options: options, seed: 3)
        try withModel(["config.json": nil, "tokenizer.json": nil, "tokenizer_config.json": nil]) { folder in
            let original = try openCheckpoint(folder: Self.tiny)
            let tensors = try original.tensorNames.map { name in
                (name == "model.embed_tokens.weight" ? "lm_head.weight" : name, try original.tensor(name))
            }
            let place = folder.appending(path: "model.safetensors")
            try writeSafetensors(
                tensors,
                to: place,
                metadata: ["format": "pt", "model.embed_tokens.weight": "lm_head.weight"]
            )
            let (classifier, report) = try TextClassifier.load(path(folder), options: options, seed: 3)
            #expect(report.notes.count == 1)
            #expect(
                report.notes.first?.contains(#""model.embed_tokens.weight" was tied to "lm_head.weight""#)
                    == true
            )
            #expect(report.dropped.isEmpty && report.loaded.contains("lm_head.weight"))
            let texts = ["hello there", "something else"]
            #expect(try classifier.classify(texts) == expected.classify(texts))
            // Without the header's statement, nothing is guessed.
            try writeSafetensors(tensors, to: place)
            #expect(
                message { _ = try TextClassifier.load(path(folder), options: options) }.contains("1 missing")
            )
        }
    }
}
