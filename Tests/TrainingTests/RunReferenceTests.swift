import Checkpoints
import Classification
import Foundation
import JSON
import Models
import NN
import TestSupport
import Testing
import Tokenization
import Torch
import Training

/// Short runs of transformers' Trainer: Scripts/fixtures/training/runs.py.
///
/// They combine class weights, accumulation with micro-batches of unequal size, clipping, weight decay and a cosine with
/// warmup.
struct RunReferenceTests {
    @Test func `every step and the final weights match transformers'`() throws {
        let ends = try SafetensorsFile(
            contentsOf: Fixture.folder.appending(path: "training/runs.safetensors")
        )
        let cases = try Fixture.cases("training/runs.json")
        #expect(cases.count == 8)
        for fixture in cases {
            try withTemporaryFolder { folder in
                let name = try #require(fixture["model"].string)
                let kind = try #require(fixture["kind"].string)
                let classifier = try ReferenceRun.classifier(name, in: folder)
                var arguments = TrainingArguments()
                (arguments.maxSteps, arguments.learningRate, arguments.seed) = (14, 1e-3, 3)
                (arguments.perDeviceTrainBatchSize, arguments.gradientAccumulationSteps) = (2, 2)
                (arguments.maxGradNorm, arguments.weightDecay) = (0.5, 0.1)
                (arguments.scheduler, arguments.warmup) = (.cosine, .steps(4))
                arguments.saveStrategy = .no
                arguments.hfCompatGradientAccumulation = kind == "faulty"
                var steps: [StepRecord] = []
                _ = try Trainer(
                    classifier,
                    arguments: arguments,
                    classWeights: [0.5, 0.3, 0.2],
                    train: ReferenceRun.examples(of: fixture),
                    outputFolder: folder
                ).run { if case .step(let record) = $0 { steps.append(record) } }
                ReferenceRun.expect(steps, equal: fixture, count: 14, "\(name) \(kind)")
                guard kind == "exact" else { return }
                // A key's bias shifts all scores of a query equally, so its gradient is 0 except for rounding. AdamW turns
                // that into full-length steps, in some places with another sign.
                for parameter in classifier.model.parameters.parameters
                where !parameter.name.hasSuffix("key.bias") {
                    let wanted = try ends.tensor("\(name).\(parameter.name)").array(of: Float.self)
                    try #require(wanted.count == parameter.value.count)
                    let furthest = zip(try parameter.value.array(of: Float.self), wanted).map { abs($0 - $1) }
                        .max()
                    #expect(try #require(furthest) <= 1e-4, "\(name): \(parameter.name)")
                }
            }
        }
    }
}
