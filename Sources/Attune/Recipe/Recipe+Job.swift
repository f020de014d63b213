import Foundation
import Training

extension FineTuning {
    /// Creates the job that a recipe describes.
    ///
    /// - Parameters:
    ///   - recipe: The settings.
    ///   - model: The model's folder or `.gguf` file on this machine.
    ///   - dataset: The dataset's file, folder or pattern on this machine.
    ///   - evaluationDataset: The same for a separate evaluation dataset; nil without one.
    package init(_ recipe: Recipe, model: String, dataset: String, evaluationDataset: String?) {
        self.init(model: model, dataset: dataset, textColumn: recipe.text, labelColumn: "")
        split = recipe.data.split
        datasetConfig = recipe.data.configuration
        textPairColumn = recipe.textPair
        labelColumns = recipe.labels
        problemType = recipe.problemType
        labelNames = recipe.labelNames
        maxLength = recipe.maxLength
        (missingLabels, emptyTexts) = (recipe.missingLabels, recipe.emptyTexts)
        if let part = recipe.sample {
            (sample, sampleSeed, sampleStratifyBy) = (part.size, part.seed, part.stratifyBy)
        }
        held =
            switch recipe.evaluation {
            case .none: .nothing
            case .holdOut(let size, let stratification, let seed):
                .held(size, stratifyBy: stratification, seed: seed)
            case .data(let source): .file(evaluationDataset ?? source.name, split: source.split)
            case .split(let name): .split(name)
            }
        classWeights = recipe.loss.classWeights
        reinitializesHead = recipe.reinitializesHead
        allowsManyClasses = recipe.allowsManyClasses
        resizesEmbeddings = recipe.resizesEmbeddings
        weightsDType = recipe.weights == .bf16 ? .bfloat16 : .float32
        reportTo = recipe.reports
        arguments = TrainingArguments(recipe)
    }
}

extension TrainingArguments {
    /// Creates the arguments of the training loop from a recipe.
    ///
    /// - Parameter recipe: The settings.
    package init(_ recipe: Recipe) {
        self.init()
        learningRate = recipe.optimizer.learningRate
        weightDecay = recipe.optimizer.weightDecay
        optimizer = recipe.optimizer.name
        (adamBeta1, adamBeta2) = (recipe.adamBeta1, recipe.adamBeta2)
        adamEpsilon = recipe.adamEpsilon
        if case .sgd(_, _, let momentum, let dampening, let nesterov) = recipe.optimizer {
            (sgdMomentum, sgdDampening, sgdNesterov) = (momentum, dampening, nesterov)
        }
        scheduler = recipe.schedule.type
        schedulerOptions = recipe.schedule.options
        warmup = recipe.schedule.warmup
        (numTrainEpochs, maxSteps) = (recipe.epochs, recipe.maxSteps)
        perDeviceTrainBatchSize = recipe.batch.size
        gradientAccumulationSteps = recipe.batch.accumulation
        maxTokensPerBatch = recipe.batch.maxTokens
        hfCompatGradientAccumulation = recipe.batch.repeatsAccumulationFault
        maxGradNorm = recipe.maxGradNorm
        layerwiseLearningRateDecay = recipe.layerwiseLearningRateDecay
        (frozenParameters, frozenLayerCount) = (recipe.frozen.parameters, recipe.frozen.blocks)
        (labelSmoothingFactor, focalGamma) = (recipe.loss.labelSmoothing, recipe.loss.focalGamma)
        precision = recipe.precision
        gradientCheckpointing = recipe.memory.gradientCheckpointing
        optimizerInBackward = recipe.memory.optimizerInBackward
        (seed, dataSeed) = (recipe.seed, recipe.dataSeed)
        trainSamplingStrategy = recipe.sampling
        dataloaderDropLast = recipe.dropsLast
        (loggingStrategy, loggingSteps) = (recipe.logging.strategy, recipe.logging.steps)
        loggingFirstStep = recipe.logging.firstStep
        (evalStrategy, evalSteps) = (recipe.evaluates.strategy, recipe.evaluates.steps)
        (evalDelay, evalOnStart) = (recipe.evaluates.delay, recipe.evaluates.atStart)
        perDeviceEvalBatchSize = recipe.evaluates.batchSize
        (saveStrategy, saveSteps) = (recipe.saving.strategy, recipe.saving.steps)
        (saveTotalLimit, saveOnlyModel) = (recipe.saving.limit, recipe.saving.modelOnly)
        writesReplayFile = recipe.saving.writesReplayFile
        loadBestModelAtEnd = recipe.selection.loadsBestModel
        (metricForBestModel, greaterIsBetter) = (recipe.selection.metric, recipe.selection.greaterIsBetter)
        (earlyStoppingPatience, earlyStoppingThreshold) = (
            recipe.selection.patience, recipe.selection.threshold
        )
    }
}
