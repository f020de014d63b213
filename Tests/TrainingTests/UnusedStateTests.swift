import Classification
import Foundation
import Models
import NN
import TestSupport
import Testing
import Tokenization
import Torch

@testable import Training

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Moments of the token embedding that a forecast leaves out, because the run never writes to their pages.
struct UnusedStateTests {
    @Test(arguments: [(3, 8), (8, 8), (12, 8), (16, 8), (20, 8), (5, 64)])
    func `pages without a marked row are counted`(rowBytes: Int, pageBytes: Int) {
        for marked in [[], [0], [9], [2, 3, 7], Array(0..<10)] {
            let marks = (0..<10).map { marked.contains($0) }
            let pages = 10 * rowBytes / pageBytes
            let used = Set(
                marked.flatMap { row in
                    (row * rowBytes..<(row + 1) * rowBytes).map { $0 / pageBytes }
                }
            )
            let expected = (0..<pages).count { !used.contains($0) } * pageBytes
            #expect(unmarkedPageBytes(marks, rowBytes: rowBytes, pageBytes: pageBytes) == expected)
        }
    }

    /// The bytes that a trainer of a small model leaves out, and those of its table's pages without a row of some texts.
    private func unused(
        of texts: (Trainer) throws -> [Int],
        _ change: (inout TrainingArguments) -> Void
    ) throws -> (bytes: Int, pages: Int) {
        var options = SequenceClassifier.LoadOptions()
        options.labels = ["no", "yes"]
        options.reinitializesHead = true
        let path = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
        let classifier = try TextClassifier.load(path, options: options).classifier
        var arguments = TrainingArguments()
        (arguments.numTrainEpochs, arguments.saveStrategy) = (1, .no)
        change(&arguments)
        let train = classifier.encode(
            ["yes", "no", "yes yes", "no no", "x", "!", "?", "yes", "no", "0"],
            targets: .classes([1, 0, 1, 0, 1, 0, 1, 0, 1, 0])
        )
        let trainer = try Trainer(
            classifier,
            arguments: arguments,
            train: train,
            outputFolder: .temporaryDirectory
        )
        let table = classifier.model.tokenTable
        let ids = try texts(trainer).flatMap { train.encodings.ids[train.encodings.range(ofText: $0)] }
        let pages = unmarkedPageBytes(
            (0..<table.shape[0]).map { ids.contains(Int32($0)) },
            rowBytes: 4 * table.shape[1],
            pageBytes: Int(getpagesize())
        )
        return (try trainer.unusedStateBytes(trainer.stepState().optimizer), pages)
    }

    @Test func `both moments of tokens that no text of the run has are left out`() throws {
        let all = try unused(of: { Array(0..<$0.train.count) }, { _ in })
        #expect(all.bytes == (Tensor.hasZerosOnDemand(on: .cpu) ? 2 * all.pages : 0))
        // One step of four texts.
        let short = try unused(
            of: { try Array(dataOrder($0.arguments, examples: $0.train.count, epoch: 0).prefix(4)) },
            { ($0.maxSteps, $0.perDeviceTrainBatchSize) = (1, 4) }
        )
        #expect(short.bytes == (Tensor.hasZerosOnDemand(on: .cpu) ? 2 * short.pages : 0))
        #expect(short.bytes >= all.bytes)
    }

    @Test func `a frozen embedding has no moments, and other optimizers keep them in memory`() throws {
        #expect(try unused(of: { _ in [] }, { $0.optimizer = .lion }).bytes == 0)
        let frozen = try unused(of: { _ in [] }, { $0.frozenParameters = ["model.embed_tokens.weight"] })
        #expect(frozen.bytes == 0)
    }
}
