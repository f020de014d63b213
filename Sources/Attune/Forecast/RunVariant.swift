import Training

/// Settings of a run that need less memory than the given ones, with their flags.
struct RunVariant: Sendable {
    var arguments: TrainingArguments
    var flags: [String] = []
    /// Whether the trained model stays the same, except for rounding.
    var keepsNumbers = true

    /// Lighter settings: each change alone, then all changes accumulated, beginning with those that do not change results.
    ///
    /// - Parameters:
    ///   - arguments: The given settings.
    ///   - worstTokens: The number of tokens of the largest micro-batch.
    ///   - worstTexts: The number of texts of the largest micro-batch.
    ///   - longest: The number of tokens of the longest text.
    /// - Returns: The valid settings, without the given ones.
    static func lighter(
        than arguments: TrainingArguments,
        worstTokens: Int,
        worstTexts: Int,
        longest: Int
    ) -> [RunVariant] {
        let start = RunVariant(arguments: arguments)
        let budget = max(longest, worstTokens / 2)
        let changes: [(RunVariant) -> RunVariant?] = [
            { $0.checkpointing() }, { worstTexts > 1 ? $0.withBudget(budget) : nil },
            { $0.withEightBitMoments() }, { $0.inBackward() }, { $0.inBFloat16() },
        ]
        var variants = changes.compactMap { $0(start) }
        var all: RunVariant? = start
        // A token budget and the optimizer in the backward pass exclude each other.
        for index in [0, 2, 3, 4] {
            guard let next = all.flatMap(changes[index]) else { continue }
            all = next
            if next.flags.count > 1 { variants.append(next) }
        }
        if let pair = changes[0](start).flatMap(changes[1]) { variants.append(pair) }
        var seen: Set<[String]> = []
        return variants.filter { variant in
            (try? variant.arguments.validate()) != nil && seen.insert(variant.flags).inserted
        }
    }

    private func changed(
        _ flag: String,
        keepsNumbers: Bool = true,
        _ change: (inout TrainingArguments) -> Void
    ) -> RunVariant {
        var result = self
        change(&result.arguments)
        result.flags.append(flag)
        result.keepsNumbers = self.keepsNumbers && keepsNumbers
        return result
    }

    private func checkpointing() -> RunVariant? {
        arguments.gradientCheckpointing
            ? nil : changed("--gradient-checkpointing") { $0.gradientCheckpointing = true }
    }

    private func withBudget(_ tokens: Int) -> RunVariant? {
        guard tokens < arguments.maxTokensPerBatch ?? .max, !arguments.optimizerInBackward else { return nil }
        return changed("--max-tokens-per-batch \(tokens)") { $0.maxTokensPerBatch = tokens }
    }

    private func withEightBitMoments() -> RunVariant? {
        guard arguments.optimizer.isAdamW, arguments.optimizer != .adamW8 else { return nil }
        return changed("--optim adamw_bnb_8bit", keepsNumbers: false) { $0.optimizer = .adamW8 }
    }

    private func inBackward() -> RunVariant? {
        guard !arguments.optimizerInBackward, arguments.maxTokensPerBatch == nil else { return nil }
        let accumulation = arguments.gradientAccumulationSteps
        guard accumulation > 1 else {
            return changed("--optimizer-in-backward") { $0.optimizerInBackward = true }
        }
        let size = arguments.perDeviceTrainBatchSize * accumulation
        let flags = "--per-device-train-batch-size \(size) --gradient-accumulation-steps 1"
        return changed("\(flags) --optimizer-in-backward") {
            $0.perDeviceTrainBatchSize = size
            $0.gradientAccumulationSteps = 1
            $0.optimizerInBackward = true
        }
    }

    private func inBFloat16() -> RunVariant? {
        guard arguments.precision != .bf16 else { return nil }
        return changed("--precision bf16", keepsNumbers: false) { $0.precision = .bf16 }
    }
}
