import Checkpoints
import Foundation
import Models
import NN
import TestSupport
import Testing
import Torch

@testable import Export

/// A tiny random model, exported to a file.
struct ONNXFixture {
    /// The models with results of transformers, of every family.
    static let names: [String] = {
        let models = Fixture.folder.appending(path: "models").path(percentEncoded: false)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: models)) ?? []
        return names.filter {
            let folder = Fixture.folder.appending(path: "models/\($0)")
            let family = (try? ModelConfiguration(folder: folder).modelType) ?? ""
            return FileManager.default.fileExists(atPath: models + "/" + $0 + "/expected.safetensors")
                && SequenceClassifier.knownModelTypes.contains(family)
        }.sorted()
    }()

    let model: SequenceClassifier
    private let expected: SafetensorsFile

    init(_ name: String) throws {
        let folder = Fixture.folder.appending(path: "models/\(name)")
        model = try SequenceClassifier.load(
            openCheckpoint(folder: folder),
            configuration: ModelConfiguration(folder: folder),
            options: .init(),
            random: RandomSource(seed: 0)
        ).0
        expected = try SafetensorsFile(contentsOf: folder.appending(path: "expected.safetensors"))
    }

    /// Token ids and types of texts.
    func texts() throws -> [(ids: [Int32], types: [Int32])] {
        let ids = try expected.tensor("ids").array(of: Int32.self)
        let bounds = try expected.tensor("cu_seqlens").array(of: Int32.self)
        let types =
            try expected.info("type_ids") == nil
            ? ids.map { _ in 0 } : expected.tensor("type_ids").array(of: Int32.self)
        return zip(bounds, bounds.dropFirst()).map { start, end in
            (ids: Array(ids[Int(start)..<Int(end)]), types: Array(types[Int(start)..<Int(end)]))
        }
    }

    /// The logits of the packed forward pass.
    func packedLogits() throws -> [Double] {
        let texts = try texts()
        let hasTypes = expected.info("type_ids") != nil
        let batch = try PackedBatch(
            ids: texts.flatMap(\.ids),
            cuSeqlens: texts.reduce(into: [0]) { $0.append($0[$0.count - 1] + Int32($1.ids.count)) },
            typeIDs: hasTypes ? texts.flatMap(\.types) : nil,
            padTokenID: model.configuration.padTokenID
        )
        return try model.logits(batch).array()
    }

    /// The inputs of a padded batch.
    func inputs(padsLeft: Bool) throws -> [String: Numbers] {
        let texts = try texts()
        let length = texts.map(\.ids.count).max() ?? 0
        func input(_ padding: Double, _ values: ((ids: [Int32], types: [Int32])) -> [Double]) -> Numbers {
            let rows = texts.flatMap { text in
                let rest = [Double](repeating: padding, count: length - text.ids.count)
                return padsLeft ? rest + values(text) : values(text) + rest
            }
            return Numbers(rows, [texts.count, length])
        }
        return [
            "input_ids": input(3) { $0.ids.map(Double.init) },
            "attention_mask": input(0) { $0.ids.map { _ in 1 } },
            "token_type_ids": input(0) { $0.types.map(Double.init) },
        ]
    }

    /// Writes the model.
    func write(to url: URL, _ options: ONNXOptions, data: URL? = nil) throws {
        var lowering = ONNXLowering(try model.graph(), model.parameters, options)
        try lowering.run()
        let file = ONNXFile(
            model: lowering.modelMessage(version: "1", metadata: []),
            graph: lowering.graphMessage(named: "test"),
            tensors: lowering.builder.tensors
        )
        if let data { _ = try file.write(to: url, data: data) } else { _ = try file.write(to: url) }
    }

    /// Writes and opens the model.
    func exported(_ options: ONNXOptions) throws -> ONNXInterpreter {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "model.onnx")
            try write(to: url, options)
            return try ONNXInterpreter(url)
        }
    }

    /// The largest difference of two lists, relative to the largest number.
    static func difference(_ a: [Double], _ b: [Double]) throws -> Double {
        let differences = try paired(a, b).map { abs($0 - $1) }
        let largest = try #require(differences.max())
        return differences.contains(where: \.isNaN) ? .nan : largest / max(b.map(abs).max() ?? 0, 0.01)
    }
}
