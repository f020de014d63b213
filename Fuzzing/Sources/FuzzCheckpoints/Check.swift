import Attune
import Foundation
import NN

/// What must hold of any input.
struct Fault: Error, CustomStringConvertible {
    var description: String
}

/// Opens an input and reads it to the end, as loading a model would.
struct Check {
    /// Returns whether the input could be opened and read.
    ///
    /// - Throws: `Fault` where something that must hold does not.
    func passes(_ body: () throws -> Void) throws -> Bool {
        do {
            try body()
            return true
        } catch let fault as Fault {
            throw fault
        } catch {
            guard error is CheckpointError || error is ModelError || error is TorchError else {
                throw Fault(description: "an error of another kind: \(type(of: error)) \(error)")
            }
            guard "\(error)".utf8.count < 1 << 14 else {
                throw Fault(description: "an endless error: \(error)")
            }
            return false
        }
    }

    /// Every tensor, and whether it is what was said of it.
    func readAll(_ checkpoint: any Checkpoint) throws {
        guard checkpoint.tensorNames == checkpoint.tensorNames.sorted() else {
            throw Fault(description: "the names are not sorted")
        }
        var bytes = 0
        for name in checkpoint.tensorNames {
            guard let info = checkpoint.info(name) else {
                throw Fault(description: "nothing is known of \(name)")
            }
            bytes += info.byteCount
            let tensor = try checkpoint.tensor(name)
            guard tensor.shape == info.shape else {
                throw Fault(description: "\(name) is \(tensor.shape), and was said to be \(info.shape)")
            }
            _ = try nonFinite(in: tensor)
        }
        let size = checkpoint.files.reduce(0) { $0 + $1.byteCount }
        guard bytes == checkpoint.byteCount, bytes <= size else {
            throw Fault(description: "tensors of \(bytes) bytes in files of \(size)")
        }
    }

    /// Settings, which say the same after they were written.
    func reads(settings text: [UInt8]) throws {
        let settings = try ClassifierSettings(parsing: text, source: ClassifierSettings.fileName)
        let again = try ClassifierSettings(parsing: settings.formatted.utf8, source: "again")
        guard again.formatted == settings.formatted else {
            throw Fault(description: "settings that change when they are written: \(settings.formatted)")
        }
    }

    /// A model of a configuration over weights; where it can be made, texts are run through it.
    func load(_ checkpoint: any Checkpoint, _ configuration: ModelConfiguration) throws {
        var options = SequenceClassifier.LoadOptions()
        options.padTokenID = 0
        let (classifier, report) = try SequenceClassifier.load(
            checkpoint,
            configuration: configuration,
            options: options,
            random: RandomSource(seed: 0)
        )
        guard report.summary.utf8.count < 1 << 14 else { throw Fault(description: "an endless report") }
        let batch = try PackedBatch(ids: [1, 2, 3, 0, 2], cuSeqlens: [0, 3, 5], padTokenID: 0)
        let logits = try classifier.logits(batch)
        guard logits.shape == [2, classifier.labels.count] else {
            throw Fault(description: "logits of shape \(logits.shape) for \(classifier.labels.count) labels")
        }
    }
}
