import Classification
import Foundation
import JSON
import Models
import NN
import TestSupport
import Testing
import Tokenization
import Torch

@testable import Training

/// The settings that a resumed run may change: the table of `RecordedSetting`, line by line.
struct ResumeTests {
    private let texts = (0..<16).map { "text number \($0) " + ($0.isMultiple(of: 2) ? "good" : "bad") }

    /// A run in which every setting can be changed.
    private struct Setup {
        var arguments = TrainingArguments()
        var weights: [Float]?
        var loss: (any ClassificationLoss)?
        var labels = ["bad", "good"]
        var model = "tiny-base"
        var evaluatesOn = 8
        var maxLength: Int?
        var weightsDType = DType.float32
        var productRoutes = ProductRoutes.suggested
        /// Changes the model's weights, like another model of the same shapes.
        var scale = 1.0
        /// Changes a field of the model's configuration.
        var epsilon = "1e-06"

        init() {
            arguments.maxSteps = 6
            arguments.learningRate = 1e-3
            arguments.perDeviceTrainBatchSize = 4
            (arguments.evalStrategy, arguments.evalSteps) = (.steps, 2)
            arguments.saveStrategy = .no
        }
    }

    private struct Ending {
        var outcome: Trainer.Outcome
        var plan: RunSchedule?
        var rates: [Double]
        var weights: [[Float]]
    }

    private func run(
        _ setup: Setup,
        in folder: URL,
        resumes: Bool = true,
        stopAfter stop: Int = .max
    ) throws -> Ending {
        let work = folder.appending(path: "model-\(UInt64.random(in: 0 ... .max))")
        try FileManager.default.copyItem(at: Fixture.folder.appending(path: "models/tiny-base"), to: work)
        let file = work.appending(path: "config.json")
        let text = try String(contentsOf: file, encoding: .utf8)
        try Data(text.replacing("1e-06", with: setup.epsilon).utf8).write(to: file)
        var options = SequenceClassifier.LoadOptions()
        options.labels = setup.labels
        options.weightsDType = setup.weightsDType
        options.productRoutes = setup.productRoutes
        let classifier = try TextClassifier.load(
            work.path(percentEncoded: false),
            options: options,
            maxLength: setup.maxLength,
            seed: setup.arguments.seed
        ).classifier
        if setup.scale != 1 {
            let parameter = try #require(
                classifier.model.parameters["model.layers.1.self_attn.q_proj.weight"]
            )
            try parameter.value.assign(parameter.value * setup.scale)
        }
        let targets = Targets.classes(texts.indices.map { $0.isMultiple(of: 2) ? 1 : 0 })
        let trainer = try Trainer(
            classifier,
            arguments: setup.arguments,
            classWeights: setup.weights,
            loss: setup.loss,
            train: classifier.encode(texts, targets: targets),
            evaluation: classifier.encode(
                Array(texts.prefix(setup.evaluatesOn)),
                targets: targets.selecting(0..<setup.evaluatesOn)
            ),
            outputFolder: folder,
            modelName: setup.model
        )
        var (plan, rates) = (RunSchedule?.none, [Double]())
        let checkpoint = RunFolder(folder).latestCheckpoint
        if resumes { try #require(checkpoint != nil) }
        let outcome = try trainer.run(
            resumingFrom: resumes ? checkpoint : nil,
            shouldStop: { rates.count >= stop }
        ) { event in
            if case .started(let started) = event { plan = started }
            if case .step(let step) = event { rates.append(step.learningRate) }
        }
        return Ending(
            outcome: outcome,
            plan: plan,
            rates: rates,
            weights: try classifier.model.parameters.parameters.map {
                try $0.value.to(dtype: .float32).array(of: Float.self)
            }
        )
    }

    @Test func `a resumed run keeps its product routes, whatever a later measurement chooses`() throws {
        try #require(ProductRoutes.hasOneDNN)
        var (mkl, oneDNN) = (Setup(), Setup())
        mkl.productRoutes = ProductRoutes(float32: .mkl)
        oneDNN.productRoutes = ProductRoutes(float32: .oneDNN)
        let whole = try withTemporaryFolder { try run(mkl, in: $0, resumes: false) }
        // Otherwise the rest of this test would be trivially true.
        let other = try withTemporaryFolder { try run(oneDNN, in: $0, resumes: false) }
        try #require(other.weights != whole.weights)
        try withTemporaryFolder { folder in
            #expect(try run(mkl, in: folder, resumes: false, stopAfter: 3).plan?.keptRoutes == nil)
            let resumed = try run(oneDNN, in: folder)
            #expect(resumed.plan?.keptRoutes == mkl.productRoutes)
            #expect(resumed.weights == whole.weights)
        }
    }

    @Test func `every setting has exactly one rule: refused, reported or free`() {
        let properties = Mirror(reflecting: TrainingArguments()).children.compactMap(\.label)
        let covered = RecordedSetting.all.flatMap(\.properties)
        #expect(covered.sorted() == properties.sorted())
        let names = RecordedSetting.all.map(\.name)
        #expect(Set(names).count == names.count)
    }

    private static let refused: [(String, @Sendable (inout Setup) -> Void)] = [
        ("trained the weights of tiny-base, but other has others", { ($0.model, $0.scale) = ("other", 2) }),
        ("began with other weights than tiny-base now has", { $0.scale = 2 }),
        (
            "has rms_norm_eps 1e-06 in its model's config.json, but this one has 1e-05",
            { $0.epsilon = "1e-05" }
        ),
        ("has the labels bad, good, but this one has no, yes", { $0.labels = ["no", "yes"] }),
        ("has --class-weights none, but this one has 0.5, 2.0", { $0.weights = [0.5, 2] }),
        (
            "has --label-smoothing-factor 0.0, but this one has 0.1",
            { $0.arguments.labelSmoothingFactor = 0.1 }
        ),
        ("has --focal-gamma 0.0, but this one has 2.0", { $0.arguments.focalGamma = 2 }),
        (
            "has the loss cross_entropy, but this one has custom",
            {
                $0.loss = CustomLoss { (logits, _, _) throws(TorchError) in
                    try logits.map(.square).sum(along: 1)
                }
            }
        ),
        ("has --freeze-layers none, but this one has 1", { $0.arguments.frozenLayerCount = 1 }),
        (
            "has --freeze none, but this one has model.embed_tokens",
            { $0.arguments.frozenParameters = ["model.embed_tokens"] }
        ),
        ("has another data order (random, seed 42)", { $0.arguments.seed = 1 }),
        (
            "has --seed 42, but this one has 1",
            { ($0.arguments.seed, $0.arguments.dataSeed) = (1, 42) }
        ),
        ("has 4 examples per step, but this one has 8", { $0.arguments.perDeviceTrainBatchSize = 8 }),
        ("has --optim adamw_torch_fused, but this one has sgd", { $0.arguments.optimizer = .sgd }),
        (
            "has --dataloader-drop-last false, but this one has true",
            { $0.arguments.dataloaderDropLast = true }
        ),
        (
            "has --hf-compat-ga false, but this one has true, 4 at once",
            { $0.arguments.hfCompatGradientAccumulation = true }
        ),
        ("cuts texts at 64 tokens, but this one at 3 (--max-length)", { $0.maxLength = 3 }),
    ]

    @Test(arguments: refused.indices) func `a change that makes it another run is refused, with both values`(
        index: Int
    ) throws {
        let (message, change) = Self.refused[index]
        try withTemporaryFolder { folder in
            _ = try run(Setup(), in: folder, resumes: false, stopAfter: 3)
            var other = Setup()
            change(&other)
            #expect { try run(other, in: folder) } throws: {
                ($0 as? TrainingError)?.code == .badCheckpoint && "\($0)".contains(message)
            }
            // The unchanged run resumes.
            #expect(try run(Setup(), in: folder).outcome.step == 6)
        }
    }

    private static let reported: [(String, String, String, @Sendable (inout Setup) -> Void)] = [
        ("learning_rate", "0.001", "0.01", { $0.arguments.learningRate = 0.01 }),
        ("lr_scheduler_type", "linear", "cosine", { $0.arguments.scheduler = .cosine }),
        ("warmup_steps", "0", "0.5 of all", { $0.arguments.warmup = .ratio(0.5) }),
        ("weight_decay", "0.0", "0.1", { $0.arguments.weightDecay = 0.1 }),
        ("adam_beta1", "0.9", "0.8", { $0.arguments.adamBeta1 = 0.8 }),
        ("adam_beta2", "0.999", "0.99", { $0.arguments.adamBeta2 = 0.99 }),
        ("adam_epsilon", "1e-08", "1e-06", { $0.arguments.adamEpsilon = 1e-6 }),
        ("max_grad_norm", "1.0", "0.5", { $0.arguments.maxGradNorm = 0.5 }),
        ("layerwise_lr_decay", "1.0", "0.9", { $0.arguments.layerwiseLearningRateDecay = 0.9 }),
        ("precision", "fp32", "bf16", { $0.arguments.precision = .bf16 }),
        ("max_length", "64", "40", { $0.maxLength = 40 }),
        ("eval_steps", "2", "3", { $0.arguments.evalSteps = 3 }),
        ("eval_delay", "0.0", "4.0", { $0.arguments.evalDelay = 4 }),
    ]

    @Test(arguments: reported.indices) func `a change of only the next steps is accepted, with both values`(
        index: Int
    ) throws {
        let (name, before, now, change) = Self.reported[index]
        try withTemporaryFolder { folder in
            _ = try run(Setup(), in: folder, resumes: false, stopAfter: 3)
            var other = Setup()
            change(&other)
            let ending = try run(other, in: folder)
            let wanted = SettingChange(step: 3, setting: name, before: before, now: now)
            #expect(ending.plan?.changes == [wanted] && ending.plan?.unchecked == [])
            #expect(ending.outcome.changes == [wanted] && ending.outcome.step == 6)
            let document = try JSONValue.parse(ending.outcome.state.formatted.utf8)
            #expect(document["setting_changes"].array?.count == 1)
        }
    }

    @Test func `another learning rate is accepted, also with a plateau schedule`() throws {
        for scheduler in [SchedulerType.constant, .reduceOnPlateau] {
            try withTemporaryFolder { folder in
                var setup = Setup()
                setup.arguments.scheduler = scheduler
                _ = try run(setup, in: folder, resumes: false, stopAfter: 3)
                setup.arguments.learningRate = 5e-3
                #expect(try run(setup, in: folder).rates == [5e-3, 5e-3, 5e-3], "\(scheduler)")
            }
        }
    }

    @Test func `an unchanged run gives no note, and a second resumption remembers the first change`() throws {
        try withTemporaryFolder { folder in
            let whole = try run(Setup(), in: folder.appending(path: "whole"), resumes: false)
            _ = try run(Setup(), in: folder, resumes: false, stopAfter: 2)
            // Micro-batches, logging and the model's path do not matter.
            var same = Setup()
            (same.arguments.perDeviceTrainBatchSize, same.arguments.gradientAccumulationSteps) = (2, 2)
            (same.arguments.loggingSteps, same.arguments.gradientCheckpointing) = (1, true)
            (same.model, same.arguments.perDeviceEvalBatchSize) = ("moved/tiny-base", 3)
            let ending = try run(same, in: folder, stopAfter: 2)
            #expect(ending.plan?.changes == [] && ending.outcome.step == 4)
            #expect(try run(Setup(), in: folder).plan?.changes == [])
            #expect(whole.plan?.changes == [])
        }
        try withTemporaryFolder { folder in
            _ = try run(Setup(), in: folder, resumes: false, stopAfter: 2)
            var faster = Setup()
            faster.arguments.learningRate = 1e-2
            _ = try run(faster, in: folder, stopAfter: 1)
            let ending = try run(faster, in: folder)
            #expect(
                ending.outcome.changes
                    == [SettingChange(step: 2, setting: "learning_rate", before: "0.001", now: "0.01")]
            )
            let document = try JSONValue.parse(ending.outcome.state.formatted.utf8)
            #expect(document["run"]["settings"]["model"].string == "tiny-base")
            #expect(document["run"]["settings"]["learning_rate"].double == 1e-2)
        }
    }

    @Test func `another metric or other evaluation texts are refused once there is a best model`() throws {
        let changes: [(String, (inout Setup) -> Void)] = [
            (
                "has --metric-for-best-model loss, but this one has accuracy",
                { $0.arguments.metricForBestModel = "accuracy" }
            ),
            ("chose its best model on other evaluation texts (8 examples", { $0.evaluatesOn = 12 }),
        ]
        for (message, change) in changes {
            try withTemporaryFolder { folder in
                var setup = Setup()
                setup.arguments.loadBestModelAtEnd = true
                _ = try run(setup, in: folder, resumes: false, stopAfter: 3)
                change(&setup)
                #expect { try run(setup, in: folder) } throws: { "\($0)".contains(message) }
            }
            try withTemporaryFolder { folder in
                var setup = Setup()
                _ = try run(setup, in: folder, resumes: false, stopAfter: 3)
                change(&setup)
                #expect(try run(setup, in: folder).plan?.changes.count == 1, "\(message)")
            }
        }
    }

    @Test func `bfloat16 weights are recognized as the same model`() throws {
        try withTemporaryFolder { folder in
            var setup = Setup()
            setup.arguments.precision = .bf16
            _ = try run(setup, in: folder, resumes: false, stopAfter: 3)
            setup.weightsDType = .bfloat16
            #expect(
                try run(setup, in: folder).plan?.changes
                    == [SettingChange(step: 3, setting: "weights_dtype", before: "fp32", now: "bf16")]
            )
        }
    }

    /// Removes from a checkpoint the fields that the previous version did not record.
    private func makeOld(_ folder: URL) throws {
        let file = try #require(RunFolder(folder).latestCheckpoint).appending(path: "trainer_state.json")
        var document = try #require(try JSONValue.parse(Data(contentsOf: file)).object)
        let run = try #require(document["run"].object)
        document["run"] = .object(
            JSONObject(run.members.filter { $0.name != "settings" }.map { ($0.name, $0.value) })
        )
        document["setting_changes"] = .null
        try Data(JSONValue.object(document).formatted.utf8).write(to: file)
    }

    @Test func `a checkpoint of the previous version resumes, and unrecorded settings are named`() throws {
        try withTemporaryFolder { folder in
            let whole = try run(Setup(), in: folder.appending(path: "whole"), resumes: false)
            _ = try run(Setup(), in: folder, resumes: false, stopAfter: 3)
            try makeOld(folder)
            let ending = try run(Setup(), in: folder)
            #expect(ending.weights == whole.weights)
            let unchecked = try #require(ending.plan?.unchecked)
            #expect(Set(unchecked).isSuperset(of: ["model", "class_weights", "learning_rate", "max_length"]))
            #expect(!unchecked.contains("optim") && ending.plan?.changes == [])
        }
        // Fields that it has always recorded, and its config.json, are still compared with the run.
        for change in [
            { $0.arguments.optimizer = .sgd }, { $0.labels = ["no", "yes"] }, { $0.epsilon = "1e-05" },
        ]
            as [(inout Setup) -> Void]
        {
            try withTemporaryFolder { folder in
                _ = try run(Setup(), in: folder, resumes: false, stopAfter: 3)
                try makeOld(folder)
                var other = Setup()
                change(&other)
                #expect(throws: TrainingError.self) { try run(other, in: folder) }
            }
        }
    }

    @Test func `a best evaluation with the plain loss is not compared with one with the training loss`()
        throws
    {
        try withTemporaryFolder { folder in
            var setup = Setup()
            setup.arguments.loadBestModelAtEnd = true
            setup.arguments.labelSmoothingFactor = 0.4
            _ = try run(setup, in: folder, resumes: false, stopAfter: 3)
            try makeOld(folder)
            // As in the previous version: the plain loss is smaller than any smoothed loss.
            let file = try #require(RunFolder(folder).latestCheckpoint).appending(path: "trainer_state.json")
            var document = try #require(try JSONValue.parse(Data(contentsOf: file)).object)
            document["best_metric"] = .double(1e-3)
            try Data(JSONValue.object(document).formatted.utf8).write(to: file)
            let ending = try run(setup, in: folder)
            #expect(ending.plan?.forgetsBest == true)
            #expect([4, 6].contains(ending.outcome.weightsStep))
        }
    }
}
