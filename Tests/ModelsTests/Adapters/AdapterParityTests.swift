import Checkpoints
import Foundation
import JSON
import Models
import NN
import TestSupport
import Testing
import Torch

/// An adapter that peft wrote on a tiny model, with its results (Scripts/fixtures/make_adapter_fixtures.py).
struct ReferenceAdapter {
    let base: ReferenceModel
    let expected: SafetensorsFile
    let file: SafetensorsFile
    let folder: URL
    var model: SequenceClassifier { base.model }

    /// The cases with results, without those that are only refused.
    static let cases: [String] = {
        let adapters = Fixture.folder.appending(path: "adapters").path(percentEncoded: false)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: adapters)) ?? []
        return names.filter {
            FileManager.default.fileExists(atPath: "\(adapters)/\($0)/expected.safetensors")
        }.sorted()
    }()

    init(_ name: String) throws {
        folder = Fixture.folder.appending(path: "adapters/\(name)")
        let about = try JSONValue.parse(Data(contentsOf: folder.appending(path: "case.json")))
        base = try ReferenceModel(#require(about["model"].string))
        expected = try SafetensorsFile(contentsOf: folder.appending(path: "expected.safetensors"))
        file = try SafetensorsFile(contentsOf: folder.appending(path: AdapterFile.weightsName))
        let configuration = try AdapterConfiguration.read(folder: folder).configuration
        var attachment = AdapterAttachment(configuration, compile: Self.compile)
        attachment.isNew = false
        try base.model.attach(attachment, random: RandomSource(seed: 0))
        try base.model.loadAdapter(file, source: name)
    }

    /// Compiles a regular expression with Swift's own engine.
    static func compile(_ pattern: String) throws -> (String) -> Bool {
        let regex = try Regex(pattern)
        return { $0.wholeMatch(of: regex) != nil }
    }
}

/// Compares adapters on every family with peft.
struct AdapterParityTests {
    // 1e-4 relative: float32 sums in another order, forward and backward through a few layers.
    @Test(arguments: ReferenceAdapter.cases)
    func `logits, loss and every gradient of an adapter equal those of peft`(name: String) throws {
        let reference = try ReferenceAdapter(name)
        let (model, expected) = (reference.model, reference.expected)
        try model.parameters.setFrozenAsUntrained()
        try model.parameters.setRequiresGradient(true)
        let logits = try model.logits(reference.base.batch(reference.base.texts()))
        #expect(try difference(logits, expected.tensor("logits")) < 1e-4)
        guard expected.info("loss") != nil else { return }
        let loss = try ReferenceModel.meanLoss(
            logits,
            reference.base.expected.tensor("labels"),
            model.problemType
        )
        #expect(try abs(loss.item() - expected.tensor("loss").item()) < 1e-4)
        try loss.backward()
        for (key, tensor) in model.adapterTensors() {
            let stored = try #require(reference.place(of: key), "\(key)")
            // A file may hold an embedding that is not trained.
            guard expected.info("gradient." + stored) != nil else { continue }
            let gradient = try #require(try tensor.gradient(), "\(key)")
            let error = try difference(gradient, expected.tensor("gradient." + stored))
            #expect(error < 1e-4, "\(key)")
        }
        let trained = Set(model.adapterTensors().map { ObjectIdentifier($0.tensor) })
        for parameter in model.parameters.parameters
        where !trained.contains(ObjectIdentifier(parameter.value)) {
            #expect(try parameter.value.gradient() == nil, "\(parameter.name)")
        }
    }

    // 1e-6 relative: one rounding of a float32 sum; 1e-5 in DoRA, whose rows are scaled by a computed length.
    @Test(arguments: ReferenceAdapter.cases)
    func `merged weights equal those of peft, and the merged model computes the same`(name: String) throws {
        let reference = try ReferenceAdapter(name)
        let model = reference.model
        let batch = try reference.base.batch(reference.base.texts())
        let before = try model.logits(batch)
        guard name != "lora-bias-alone" else {
            // No weight can hold a bias where the layer has none; peft cannot merge it, either.
            #expect(throws: ModelError.self) { try model.mergeAdapter() }
            return
        }
        try model.mergeAdapter()
        #expect(model.adapter == nil)
        let merged = reference.expected.tensorNames.filter { $0.hasPrefix("merged.") }
        for key in merged {
            let parameter = try #require(model.parameters[String(key.dropFirst("merged.".count))], "\(key)")
            #expect(try difference(parameter.value, reference.expected.tensor(key)) < 1e-5, "\(key)")
        }
        #expect(try difference(model.logits(batch), before) < 1e-4)
        #expect(model.parameters.parameters.allSatisfy { !$0.isFrozen })
    }

    @Test(arguments: ReferenceAdapter.cases)
    func `a saved adapter has the tensors and the fields of the one that was loaded`(name: String) throws {
        let reference = try ReferenceAdapter(name)
        try withTemporaryFolder { folder in
            try reference.model.saveAdapter(to: folder, metadata: [:])
            let saved = try SafetensorsFile(contentsOf: folder.appending(path: AdapterFile.weightsName))
            let stored = Set(
                reference.file.tensorNames.map { "\(String(describing: AdapterKey($0).content))" }
            )
            .subtracting([String(describing: AdapterKey.Content?.some(.original))])
            #expect(saved.tensorNames.count == stored.count)
            for key in saved.tensorNames {
                let original = try #require(reference.place(of: key), "\(key)")
                let values = try reference.file.tensor(original).to(dtype: .float32)
                #expect(try saved.tensor(key).array(of: Float.self) == values.array(of: Float.self), "\(key)")
            }
            let (before, _) = try AdapterConfiguration.read(folder: reference.folder)
            let (after, notes) = try AdapterConfiguration.read(folder: folder)
            #expect(notes.isEmpty)
            #expect(after.rank == before.rank && after.alpha == before.alpha && after.bias == before.bias)
            #expect(after.usesMagnitudes == before.usesMagnitudes)
            #expect(after.rankPattern == before.rankPattern && after.alphaPattern == before.alphaPattern)
        }
    }
}

extension ReferenceAdapter {
    /// The name in peft's file of a tensor that we name `key`; nil if it is not there.
    func place(of key: String) -> String? {
        let wanted = AdapterKey(key).content
        return file.tensorNames.first { AdapterKey($0).content == wanted }
    }
}

extension ParameterStore {
    /// Marks the parameters that an adapter freezes as not trained, as the trainer does.
    func setFrozenAsUntrained() throws {
        for parameter in parameters { parameter.isTrainable = !parameter.isFrozen }
    }
}
