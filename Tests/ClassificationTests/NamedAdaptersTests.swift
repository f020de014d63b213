import Checkpoints
import Classification
import Foundation
import Models
import NN
import TestSupport
import Testing
import Torch

/// Several adapters over one base model.
struct NamedAdaptersTests {
    private let texts = ["good text 3", "bad number", "quite a good text 17"]

    /// A folder with a base model, `base`, and adapters of peft for it by their names.
    private func withAdapters(_ names: [String], _ body: (URL) throws -> Void) throws {
        try withTemporaryFolder { folder in
            let (base, models) = (folder.appending(path: "base"), Fixture.folder.appending(path: "models"))
            try FileManager.default.createDirectory(at: base, withIntermediateDirectories: true)
            for file in ["config.json", "model.safetensors"] {
                try FileManager.default.copyItem(
                    at: models.appending(path: "llama-gqa/\(file)"),
                    to: base.appending(path: file)
                )
            }
            try SmallTokenizer.write(to: base)
            for name in names {
                try FileManager.default.copyItem(
                    at: Fixture.folder.appending(path: "adapters/\(name)"),
                    to: folder.appending(path: name)
                )
            }
            try body(folder)
        }
    }

    private func path(_ url: URL) -> String { url.path(percentEncoded: false) }

    /// A matrix that several classifiers may refer to.
    private func matrix(_ classifier: TextClassifier) throws -> Parameter {
        try #require(classifier.model.parameters["model.layers.0.mlp.down_proj.weight"])
    }

    @Test(arguments: [true, false])
    func `each adapter has the logits that it has alone, and the base is in memory once`(
        isMapped: Bool
    ) throws {
        let names = ["llama-lora", "pissa", "llama-dora", "modules-to-save"]
        try withAdapters(names) { folder in
            let base = path(folder.appending(path: "base"))
            var options = SequenceClassifier.LoadOptions()
            options.mapsWeights = isMapped
            var adapters = NamedAdapters(base: base, options: options)
            for name in names { try adapters.load(path(folder.appending(path: name)), as: name) }
            #expect(adapters.names == names)
            for name in names {
                let (alone, _) = try TextClassifier.load(
                    path(folder.appending(path: name)),
                    base: base,
                    options: options
                )
                let classifier = try adapters.classifier(name)
                #expect(
                    try classifier.logits(classifier.encode(texts)) == alone.logits(alone.encode(texts)),
                    "\(name)"
                )
            }
            guard !isMapped else { return }
            // A change of one is a change of the other.
            let first = try matrix(adapters.classifier("llama-lora"))
            try first.value.assign(.zeros(first.shape))
            let others = try ["llama-dora", "pissa"].map {
                try matrix(adapters.classifier($0)).value.array(of: Float.self).allSatisfy { $0 == 0 }
            }
            // PiSSA changes the weights, so it has its own.
            #expect(others == [true, false])
        }
    }

    @Test func `adapters on a base that is quantized while loading share its matrices`() throws {
        try withAdapters([]) { folder in
            let base = path(folder.appending(path: "base"))
            var options = SequenceClassifier.LoadOptions()
            options.frozenStorage = .quantized(.nf4, isDouble: false)
            var adapters = NamedAdapters(base: base)
            for (name, rank) in [("tone", 2), ("topic", 3)] {
                let (classifier, report) = try TextClassifier.load(base, options: options)
                try classifier.attach(AdapterConfiguration(rank: rank), report: report)
                let saved = folder.appending(path: name)
                try classifier.save(to: saved)
                try adapters.load(path(saved), as: name)
                let classifierAgain = try adapters.classifier(name)
                #expect(
                    try classifierAgain.logits(classifierAgain.encode(texts))
                        == classifier.logits(classifier.encode(texts))
                )
                #expect(try matrix(classifierAgain).quantized != nil)
            }
        }
    }

    @Test func `names that clash or are unknown, other bases and whole models are refused by name`() throws {
        try withAdapters(["llama-lora", "gpt2-lora"]) { folder in
            let base = path(folder.appending(path: "base"))
            var adapters = NamedAdapters(base: base)
            try adapters.load(path(folder.appending(path: "llama-lora")), as: "tone")
            func message(_ body: (inout NamedAdapters) throws -> Void) -> String {
                do {
                    try body(&adapters)
                    return "nothing"
                } catch { return "\(error)" }
            }
            let clash = message { try $0.load(path(folder.appending(path: "llama-lora")), as: "tone") }
            #expect(clash.contains("there is an adapter named \"tone\" already"), "\(clash)")
            let unknown = message { _ = try $0.classifier("tome") }
            #expect(
                unknown.contains("no adapter named \"tome\"; the loaded adapters are \"tone\""),
                "\(unknown)"
            )
            let whole = message { try $0.load(base, as: "base") }
            #expect(whole.contains("is a whole model, not an adapter"), "\(whole)")
            let other = message { try $0.load(path(folder.appending(path: "gpt2-lora")), as: "other") }
            #expect(other != "nothing" && adapters.names == ["tone"], "\(other)")
            try adapters.remove("tone")
            #expect(adapters.names.isEmpty)
            #expect(message { _ = try $0.classifier("tone") }.contains("the loaded adapters are none"))
        }
    }

    @Test func `adapters in subfolders are found by name, as peft saves several`() throws {
        try withAdapters(["llama-lora", "llama-dora"]) { folder in
            #expect(AdapterPlace.all(in: path(folder)).map(\.name) == ["llama-dora", "llama-lora"])
            #expect(try AdapterPlace("llama-dora", in: path(folder)).path.hasSuffix("/llama-dora"))
            for (name, place) in [("dora", path(folder)), ("dora", path(folder.appending(path: "base")))] {
                #expect(throws: ModelError.self) { try AdapterPlace(name, in: place) }
            }
            let error = #expect(throws: ModelError.self) { try TextClassifier.load(path(folder)) }
            #expect(error?.message.contains("--adapter-name llama-dora") == true)
            try FileManager.default.copyItem(
                at: folder.appending(path: "llama-lora/adapter_config.json"),
                to: folder.appending(path: "adapter_config.json")
            )
            #expect(AdapterPlace.all(in: path(folder)).first?.name == "default")
        }
    }
}
