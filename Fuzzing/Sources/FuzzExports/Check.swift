import Attune
import Foundation

/// A violated invariant.
struct Fault: Error, CustomStringConvertible {
    var description: String
}

/// Opens an exported file and classifies with it, as the command does.
struct Check {
    /// Returns whether the file could be opened and used.
    ///
    /// - Throws: `Fault` if an invariant is violated.
    func passes(_ file: URL) throws -> Bool {
        do {
            let path = file.path(percentEncoded: false)
            if file.pathExtension == AttuneFile.fileExtension {
                try readAll(try AttuneFile(contentsOf: file), size: try Data(contentsOf: file).count)
            }
            // Each of these opens the file itself, and may refuse what the others accept.
            for body in [
                { _ = try ModelInspection(path: path) }, { _ = try ParityRecord(model: path) },
                { _ = try TextClassifier.tokenizer(of: path) }, { _ = try ClassifierHead(model: path) },
            ] as [() throws -> Void] { try passes(body) }
            try classify(path)
            return true
        } catch let fault as Fault {
            throw fault
        } catch {
            try requireKnown(error)
            return false
        }
    }

    private func passes(_ body: () throws -> Void) throws {
        do { try body() } catch { try requireKnown(error) }
    }

    private func requireKnown(_ error: any Error) throws {
        guard
            error is CheckpointError || error is ModelError || error is TorchError || error is TokenizerError
        else {
            throw Fault(description: "an error of an unexpected type: \(type(of: error)) \(error)")
        }
        guard "\(error)".utf8.count < 1 << 14 else {
            throw Fault(description: "the error is too long: \(error)")
        }
    }

    private func readAll(_ file: AttuneFile, size: Int) throws {
        let bytes = file.members.reduce(0) { $0 + $1.byteCount }
        guard bytes <= size else {
            throw Fault(description: "members of \(bytes) bytes in a file of \(size)")
        }
        for member in file.members {
            guard file.contents(of: member.name)?.count == member.byteCount else {
                throw Fault(description: "the member \(member.name) has another size")
            }
        }
        let checkpoint = try file.weights()
        for name in checkpoint.tensorNames {
            let tensor = try checkpoint.tensor(name)
            guard tensor.shape == checkpoint.info(name)?.shape else {
                throw Fault(description: "\(name) has shape \(tensor.shape)")
            }
        }
    }

    private func classify(_ path: String) throws {
        let (classifier, report) = try TextClassifier.load(path)
        guard report.summary.utf8.count < 1 << 14 else { throw Fault(description: "the report is too long") }
        let logits = try classifier.logits(classifier.encode(["a b a", ""]), batchSize: 2)
        guard logits.count == 2, logits.allSatisfy({ $0.count == classifier.labels.count }) else {
            throw Fault(description: "\(logits.count) rows of logits for \(classifier.labels.count) labels")
        }
        _ = classifier.predictions(of: logits)
    }
}
