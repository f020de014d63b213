extension TrainingArguments {
    /// Checks the values.
    ///
    /// - Throws: ``TrainingError`` with code `.badArgument`, naming the flag.
    public func validate() throws(TrainingError) {
        func require(_ condition: Bool, _ message: String) throws(TrainingError) {
            if !condition { throw TrainingError(.badArgument, message) }
        }
        try require(
            learningRate > 0 && learningRate.isFinite,
            "--learning-rate must be positive, not \(learningRate)"
        )
        try require(perDeviceTrainBatchSize > 0, "--per-device-train-batch-size must be at least 1")
        try require(perDeviceEvalBatchSize ?? 1 > 0, "--per-device-eval-batch-size must be at least 1")
        try require(gradientAccumulationSteps > 0, "--gradient-accumulation-steps must be at least 1")
        try require(
            numTrainEpochs > 0 || maxSteps != nil,
            "--num-train-epochs must be positive, not \(numTrainEpochs)"
        )
        try require(maxSteps ?? 1 > 0, "--max-steps must be at least 1; leave it out to train by epochs")
        try require(weightDecay >= 0, "--weight-decay must not be negative")
        try require(maxGradNorm >= 0, "--max-grad-norm must not be negative; 0 turns clipping off")
        try require(
            (0..<1).contains(adamBeta1) && (0..<1).contains(adamBeta2),
            "--adam-beta1 and --adam-beta2 must be at least 0 and below 1"
        )
        try require(loggingStrategy != .best, "--logging-strategy must be no, steps or epoch")
        try require(evalDelay >= 0, "--eval-delay must not be negative")
        try require(
            !evalOnStart || evalStrategy != .no,
            "--eval-on-start needs --eval-strategy steps or epoch"
        )
        try require(
            !saveOnlyModel || saveStrategy != .no,
            "--save-only-model needs --save-strategy steps, epoch or best"
        )
        try require(loggingSteps > 0, "--logging-steps must be at least 1")
        try require(evalSteps ?? 1 > 0, "--eval-steps must be at least 1")
        try require(saveSteps > 0, "--save-steps must be at least 1; --save-strategy no turns saving off")
        try require(saveTotalLimit ?? 1 > 0, "--save-total-limit must be at least 1")
        try require(
            layerwiseLearningRateDecay > 0 && layerwiseLearningRateDecay <= 1,
            "--layerwise-lr-decay must be above 0 and at most 1"
        )
        try require((frozenLayerCount ?? 0) >= 0, "--freeze-layers must not be negative")
        try require(
            (0..<1).contains(labelSmoothingFactor),
            "--label-smoothing-factor must be at least 0 and below 1"
        )
        try require(focalGamma >= 0 && focalGamma.isFinite, "--focal-gamma must be finite and not negative")
        try require(
            distillation.map { $0.temperature > 0 && $0.temperature.isFinite } ?? true,
            "--distillation-temperature must be finite and above 0"
        )
        try require(
            (0...1).contains(distillation?.alpha ?? 0),
            "--distillation-alpha must be from 0 to 1"
        )
        try require(
            !sgdNesterov || (sgdMomentum > 0 && sgdDampening == 0),
            "--optim-args nesterov=true needs a momentum above 0 and no dampening"
        )
        try requireBatches(require)
        try requireProcesses(require)
        try requireSelection(require)
        try schedulerOptions.validate(for: scheduler, peak: learningRate)
    }

    /// Checks the settings of micro-batches, and those that need a step with one micro-batch.
    private func requireBatches(
        _ require: (Bool, String) throws(TrainingError) -> Void
    ) throws(TrainingError) {
        try require(maxTokensPerBatch ?? 1 > 0, "--max-tokens-per-batch must be at least 1")
        try require(
            !hfCompatGradientAccumulation || maxTokensPerBatch == nil,
            "--hf-compat-ga depends on transformers' micro-batches, but --max-tokens-per-batch changes them; "
                + "give only one of the two"
        )
        try require(
            !optimizerInBackward || gradientAccumulationSteps == 1,
            "--optimizer-in-backward needs one backward pass per step, but "
                + "--gradient-accumulation-steps \(gradientAccumulationSteps) takes several; give "
                + "--per-device-train-batch-size \(perDeviceTrainBatchSize * gradientAccumulationSteps) without "
                + "accumulation, which is the same step, and --gradient-checkpointing if it does not fit"
        )
        try require(
            !optimizerInBackward || maxTokensPerBatch == nil,
            "--optimizer-in-backward needs one backward pass per step, but --max-tokens-per-batch may split "
                + "a step into several; give only one of the two"
        )
        try require(
            offloadFolder == nil || optimizerInBackward,
            "--offload-to needs --optimizer-in-backward, because otherwise all gradients are in memory at once"
        )
    }

    /// Checks only the settings of several processes, and those that need one process: before the others are known.
    ///
    /// - Throws: ``TrainingError`` with code `.badArgument`, naming the flag.
    package func validateProcesses() throws(TrainingError) {
        try requireProcesses { (condition, message) throws(TrainingError) in
            if !condition { throw TrainingError(.badArgument, message) }
        }
    }

    /// Checks the settings of several processes, and those that need one process.
    private func requireProcesses(
        _ require: (Bool, String) throws(TrainingError) -> Void
    ) throws(TrainingError) {
        try require(worldSize > 0, "the number of processes must be at least 1, not \(worldSize)")
        try require(ddpTimeout > 0, "--ddp-timeout must be at least 1 second")
        try require(ddpBucketCapMB > 0, "--ddp-bucket-cap-mb must be at least 1")
        let needs: [(isGiven: Bool, flag: String, reason: String)] = [
            (
                optimizerInBackward, "--optimizer-in-backward",
                "frees gradients within the backward pass, before those of the other processes are added"
            ),
            (
                offloadFolder != nil, "--offload-to",
                "needs --optimizer-in-backward, which several processes cannot use"
            ),
            (
                keepsFrozenStates, "--cache-frozen-states",
                "keeps the states of examples that another process may compute in the next epoch"
            ),
        ]
        for (isGiven, flag, reason) in needs {
            try require(
                !isGiven || worldSize == 1,
                "\(flag) \(reason); leave it out, or train with one process instead of \(worldSize)"
            )
        }
    }

    /// Checks the settings of evaluation, the best model and early stopping.
    private func requireSelection(
        _ require: (Bool, String) throws(TrainingError) -> Void
    ) throws(TrainingError) {
        try require(
            evalStrategy != .best,
            "--eval-strategy must be no, steps or epoch; best is only for --save-strategy"
        )
        let needs: [(Bool, String)] = [
            (loadBestModelAtEnd, "--load-best-model-at-end"), (saveStrategy == .best, "--save-strategy best"),
            (earlyStoppingPatience != nil, "--early-stopping-patience"),
            (scheduler == .reduceOnPlateau, "--lr-scheduler-type reduce_lr_on_plateau"),
            (metricForBestModel != nil, "--metric-for-best-model"),
        ]
        for (isAsked, flag) in needs {
            try require(!isAsked || evalStrategy != .no, "\(flag) needs --eval-strategy steps or epoch")
        }
        try require((earlyStoppingPatience ?? 1) > 0, "--early-stopping-patience must be at least 1")
        try require(
            earlyStoppingThreshold >= 0,
            "--early-stopping-threshold must not be negative"
        )
    }
}
