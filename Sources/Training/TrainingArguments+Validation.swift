extension TrainingArguments {
    /// What is wrong with the values, if anything, naming the flag.
    ///
    /// - Throws: ``TrainingError`` with code `.badArgument`.
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
            "--adam-beta1 and --adam-beta2 lie in 0 ..< 1"
        )
        try require(loggingStrategy != .best, "--logging-strategy is no, steps or epoch")
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
            "--layerwise-lr-decay lies above 0 and at 1 at the most"
        )
        try require((frozenLayerCount ?? 0) >= 0, "--freeze-layers must not be negative")
        try require((0..<1).contains(labelSmoothingFactor), "--label-smoothing-factor lies in 0 ..< 1")
        try require(focalGamma >= 0 && focalGamma.isFinite, "--focal-gamma must not be negative")
        try require(
            !sgdNesterov || (sgdMomentum > 0 && sgdDampening == 0),
            "--optim-args nesterov=true needs a momentum and no dampening"
        )
        try requireBatches(require)
        try requireSelection(require)
        try schedulerOptions.validate(for: scheduler, peak: learningRate)
    }

    /// How a step is cut, and what asks for a step in one piece.
    private func requireBatches(
        _ require: (Bool, String) throws(TrainingError) -> Void
    ) throws(TrainingError) {
        try require(maxTokensPerBatch ?? 1 > 0, "--max-tokens-per-batch must be at least 1")
        try require(
            !hfCompatGradientAccumulation || maxTokensPerBatch == nil,
            "--hf-compat-ga weighs the reference's micro-batches, and --max-tokens-per-batch cuts others; "
                + "give one of the two"
        )
        try require(
            !optimizerInBackward || gradientAccumulationSteps == 1,
            "--optimizer-in-backward moves the weights in a step's one backward pass, and "
                + "--gradient-accumulation-steps \(gradientAccumulationSteps) asks for several; give "
                + "--per-device-train-batch-size \(perDeviceTrainBatchSize * gradientAccumulationSteps) without "
                + "accumulation, which is the same step, and --gradient-checkpointing where it does not fit"
        )
        try require(
            !optimizerInBackward || maxTokensPerBatch == nil,
            "--optimizer-in-backward moves the weights in a step's one backward pass, and --max-tokens-per-batch may cut "
                + "a step into several; give one of the two"
        )
    }

    /// Evaluation, the best model and early stopping go together.
    private func requireSelection(
        _ require: (Bool, String) throws(TrainingError) -> Void
    ) throws(TrainingError) {
        try require(
            evalStrategy != .best,
            "--eval-strategy is no, steps or epoch; best is for --save-strategy"
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
