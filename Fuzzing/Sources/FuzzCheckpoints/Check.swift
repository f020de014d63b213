import Attune
import Foundation
import NN

/// A violated invariant.
struct Fault: Error, CustomStringConvertible {
    var description: String
}

/// Opens an input and reads it completely, as loading a model does.
struct Check {
    /// Returns whether the input could be opened and read.
    ///
    /// - Throws: `Fault` if an invariant is violated.
    func passes(_ body: () throws -> Void) throws -> Bool {
        do {
            try body()
            return true
        } catch let fault as Fault {
            throw fault
        } catch {
            guard error is CheckpointError || error is ModelError || error is TorchError else {
                throw Fault(description: "an error of an unexpected type: \(type(of: error)) \(error)")
            }
            guard "\(error)".utf8.count < 1 << 14 else {
                throw Fault(description: "the error is too long: \(error)")
            }
            return false
        }
    }

    /// Reads every tensor and compares it with its description.
    func readAll(_ checkpoint: any Checkpoint) throws {
        guard checkpoint.tensorNames == checkpoint.tensorNames.sorted() else {
            throw Fault(description: "the names are not sorted")
        }
        var bytes = 0
        for name in checkpoint.tensorNames {
            guard let info = checkpoint.info(name) else {
                throw Fault(description: "no description of \(name)")
            }
            bytes += info.byteCount
            let tensor = try checkpoint.tensor(name)
            guard tensor.shape == info.shape else {
                throw Fault(
                    description: "\(name) has shape \(tensor.shape), but its description \(info.shape)"
                )
            }
            _ = try nonFinite(in: tensor)
            if let matrix = try checkpoint.quantized(name), matrix.shape[0] > 0 {
                let last = matrix.shape[0] - 1
                guard try matrix.dequantized(rows: last..<last + 1).shape == [1, matrix.shape[1]] else {
                    throw Fault(description: "the last row of \(name) has another shape")
                }
            }
        }
        let size = checkpoint.files.reduce(0) { $0 + $1.byteCount }
        guard bytes == checkpoint.byteCount, bytes <= size else {
            throw Fault(description: "tensors of \(bytes) bytes in files of \(size)")
        }
        if BitsAndBytesCheckpoint.isQuantized(checkpoint) { try readAll(BitsAndBytesCheckpoint(checkpoint)) }
    }

    /// Reads settings and checks that writing and reading them again gives the same.
    func reads(settings text: [UInt8]) throws {
        let settings = try ClassifierSettings(parsing: text, source: ClassifierSettings.fileName)
        let again = try ClassifierSettings(parsing: settings.formatted.utf8, source: "again")
        guard again.formatted == settings.formatted else {
            throw Fault(description: "settings change when written: \(settings.formatted)")
        }
    }

    /// Loads a model and runs texts through it.
    func load(_ checkpoint: any Checkpoint, _ configuration: ModelConfiguration) throws {
        var options = SequenceClassifier.LoadOptions()
        options.padTokenID = 0
        let (classifier, report) = try SequenceClassifier.load(
            checkpoint,
            configuration: configuration,
            options: options,
            random: RandomSource(seed: 0)
        )
        guard report.summary.utf8.count < 1 << 14 else { throw Fault(description: "the report is too long") }
        let batch = try PackedBatch(ids: [1, 2, 3, 0, 2], cuSeqlens: [0, 3, 5], padTokenID: 0)
        let logits = try classifier.logits(batch)
        guard logits.shape == [2, classifier.labels.count] else {
            throw Fault(description: "logits of shape \(logits.shape) for \(classifier.labels.count) labels")
        }
    }

    /// Loads an adapter on its base model and runs a text through it.
    func load(adapter folder: URL, base: URL) throws {
        func path(_ place: URL) -> String { place.path(percentEncoded: false) }
        let (classifier, report) = try TextClassifier.load(path(folder), base: path(base))
        guard report.summary.utf8.count < 1 << 14 else { throw Fault(description: "the report is too long") }
        let logits = try classifier.logits(classifier.encode(["a b a"]), batchSize: 1)
        guard logits.count == 1, logits[0].count == classifier.labels.count else {
            throw Fault(description: "\(logits.count) rows of logits for \(classifier.labels.count) labels")
        }
    }
}
