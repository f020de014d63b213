import Training

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
        if case .sgd(let momentum, let dampening, let nesterov) = recipe.optimizer.rule {
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
        distillation = recipe.teacher.map { Distillation(temperature: $0.temperature, alpha: $0.alpha) }
        precision = recipe.precision
        gradientCheckpointing = recipe.memory.gradientCheckpointing
        optimizerInBackward = recipe.memory.optimizerInBackward
        keepsFrozenStates = recipe.memory.keepsFrozenStates
        offloadFolder = recipe.memory.offloadFolder
        (ddpTimeout, ddpBucketCapMB) = (recipe.processes.timeout, recipe.processes.bucketMegabytes)
        (ddpCommHook, zeroStage) = (recipe.processes.compression, recipe.processes.zeroStage)
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
        saveSharded = recipe.saving.isSharded
        writesReplayFile = recipe.saving.writesReplayFile
        loadBestModelAtEnd = recipe.selection.loadsBestModel
        (metricForBestModel, greaterIsBetter) = (recipe.selection.metric, recipe.selection.greaterIsBetter)
        (earlyStoppingPatience, earlyStoppingThreshold) = (
            recipe.selection.patience, recipe.selection.threshold
        )
    }
}
