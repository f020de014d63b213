// swift-format-ignore-file
// Written by Scripts/doc-snippets from docs/swift-api.md.
import Attune
import Foundation

/// Compiles the snippets of docs/swift-api.md.
func swiftapi() async throws {
    do {
        var recipe = Recipe(
            model: .hub("answerdotai/ModernBERT-base"),
            data: .file("tweets.csv"),
            text: "text",
            label: "author"
        )
        recipe.evaluation = .holdOut(0.2, stratified: true, seed: 1)
        recipe.optimizer = .adamW(learningRate: 5e-5, weightDecay: 0.01)
        recipe.schedule = .linear(warmup: .ratio(0.1))
        recipe.length = .epochs(1)
        recipe.batch = Recipe.Batch(size: 16)
        recipe.evaluates = .every(steps: 100)
        recipe.selection.loadsBestModel = true
        recipe.loss.classWeights = .balanced
        do {
            let draft = try await RecipeDraft.make(for: .file("reviews.csv"), given: ["max_steps": .int(100)])
            for choice in draft.choices { print(choice.setting, choice.value.text, choice.reason) }
            recipe = draft.recipe
            do {
                let folder = URL(filePath: "runs/tweets")
                let run = try await recipe.start(in: folder)
                for try await event in run.events {
                    switch event {
                    case .note(let text): print(text)
                    case .started(let schedule): print("\(schedule.totalSteps) steps")
                    case .step(let step): print("\(step.step)/\(step.totalSteps) \(step.loss)")
                    case .evaluated(let evaluation): print(evaluation.metrics["f1_macro"] ?? .nan)
                    case .saved(let checkpoint): print("saved \(checkpoint.lastPathComponent)")
                    case .resolved, .logged, .evaluating, .loadedBest, .progress: break
                    }
                }
                let result = try await run.result
                if let evaluation = result.evaluation { print(evaluation.metrics.table(labels: result.classifier.labels)) }
                if let verdict = result.verdict { print(verdict.text) }
                do {
                    let plan = try await recipe.plan()
                    print(plan.labels, plan.training.tokens, plan.totalSteps)
                    let forecast = try await recipe.forecast(limits: [MemoryLimit(name: "16 GB", bytes: 16_000_000_000, holdsProcess: true)])
                    print(forecast.memory.peak, forecast.secondsPerStep)
                    do {
                        let task = Task { [recipe] in
                            let run = try await recipe.start(in: folder, resuming: .latest)
                            return try await run.result.classifier
                        }
                        // Later: finish the step, save a checkpoint, end.
                        task.cancel()
                        do { _ = try await task.value } catch let error as TrainingInterrupted {
                            print("stopped after step \(error.step)")
                        }
                        do {
                            let classifier = try await Classifier.load(.folder("runs/tweets"))
                            let predictions = try await classifier.classify(["Thank you, Ohio!", "Health care is a right."])
                            for prediction in predictions { print(prediction.label, prediction.score, prediction.scoresByLabel) }
                            for pair in try await classifier.classify(.pairs([("a premise", "a hypothesis")])) { print(pair.label) }
                            do {
                                let json = try JSONEncoder().encode(predictions)
                                print(String(decoding: json, as: UTF8.self))
                                do {
                                    var options = RunOptions()
                                    options.device = .cpu
                                    options.loss = { classWeights in
                                        CustomLoss(classWeights: classWeights) { (logits, targets, _) throws(TorchError) in
                                            let ids = if case .classes(let ids) = targets { ids.map(Int64.init) } else { [Int64]() }
                                            let classes = try Tensor(ids, shape: [ids.count, 1])
                                            return try logits.logSoftmax(along: 1).gather(along: 1, classes).sum(along: 1) * -1
                                        }
                                    }
                                    options.metrics = [
                                        CustomMetric("confident") { answers in
                                            Double(answers.scores.count { ($0.max() ?? 0) > 0.9 }) / Double(answers.scores.count)
                                        }
                                    ]
                                    recipe.selection.metric = "confident"
                                    let run = try await recipe.start(in: folder, options: options)
                                    print(try await run.result.evaluation?.loss ?? .nan)
                                    do {
                                        let json = try JSONEncoder().encode(recipe)
                                        let same = try JSONDecoder().decode(Recipe.self, from: json)
                                        let yaml = try recipe.yaml()
                                        let again = try Recipe(yaml: yaml)
                                        print(same == recipe, again == recipe)
                                        try recipe.set("learning_rate", to: .double(2e-5))
                                        print(try recipe.value(of: "learning_rate")?.text ?? "")
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
