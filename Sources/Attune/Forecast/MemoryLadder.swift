import Datasets
import Training

/// Changes of a recipe that save memory, ordered by their cost.
///
/// Settings that keep the numbers come first, then those that give up some precision.
struct MemoryLadder {
    /// One change of a recipe.
    private struct Change {
        let values: [(setting: String, value: SettingValue)]
        /// The price of the change; empty if it is free.
        let price: String
    }

    /// A recipe with changes.
    struct Rung {
        var recipe: Recipe
        /// The changed settings, in the order of the changes.
        var values: [(setting: String, value: SettingValue)] = []
        /// The prices of the changes.
        var prices: [String] = []
    }

    /// The recipe as it is given, then with more and more changes.
    let rungs: [Rung]

    /// Creates the changes that are possible for a recipe.
    ///
    /// - Parameters:
    ///   - recipe: The recipe.
    ///   - offloadFolder: A folder for a file with weights and moments.
    ///   - worldSize: The number of processes that train together.
    init(_ recipe: Recipe, offloadFolder: String, worldSize: Int = 1) {
        let checkpointing =
            recipe.memory.gradientCheckpointing
            ? nil
            : Change(values: [("gradient_checkpointing", .bool(true))], price: "about a third more time")
        let arguments = TrainingArguments(recipe)
        let eightBits =
            arguments.optimizer.isAdamW && arguments.optimizer != .adamW8
            ? Change(values: [("optim", .text("adamw_bnb_8bit"))], price: "some precision of AdamW's moments")
            : nil
        let narrow =
            recipe.weights == .bf16
            ? nil
            : Change(
                values: [("weights_dtype", .text("bf16"))],
                price: recipe.adapter == nil
                    ? "some precision of the weights, which are rounded stochastically"
                    : "some precision of the frozen weights"
            )
        let sets: [[Change?]]
        if recipe.adapter == nil {
            let within = Self.updatingWithinBackward(recipe)
            let offload =
                recipe.memory.offloadFolder == nil
                ? Change(
                    values: [("offload_to", .text(offloadFolder))],
                    price: "time, by the speed of the disk: weights and moments are in a file"
                ) : nil
            sets = [
                [within], [checkpointing], [checkpointing, within], [eightBits], [within, eightBits],
                [checkpointing, eightBits], [checkpointing, within, eightBits],
                [checkpointing, eightBits, narrow],
                [checkpointing, within, eightBits, narrow],
                [checkpointing, within, eightBits, narrow, offload],
            ]
        } else {
            let nf4 = Self.quantizing(
                recipe,
                "nf4",
                price: "some precision of the frozen weights, which take 4 bits"
            )
            let int8 = Self.quantizing(
                recipe,
                "int8",
                price: "some precision of the frozen weights, which take 8 bits"
            )
            sets = [
                [checkpointing], [narrow], [checkpointing, narrow], [int8], [checkpointing, int8], [nf4],
                [checkpointing, nf4],
            ]
        }
        var rungs = [Rung(recipe: recipe)]
        for set in sets {
            // A change that the recipe has made already is missing.
            guard let rung = Self.applying(set.compactMap(\.self), to: recipe, worldSize),
                !rungs.contains(where: { $0.recipe == rung.recipe })
            else { continue }
            rungs.append(rung)
        }
        self.rungs = rungs
    }

    private static func applying(_ changes: [Change], to recipe: Recipe, _ worldSize: Int) -> Rung? {
        var rung = Rung(recipe: recipe)
        for change in changes {
            for (name, value) in change.values {
                guard let setting = try? Recipe.setting(name),
                    (try? setting.write(&rung.recipe, value)) != nil
                else { return nil }
                rung.values.append((name, value))
            }
            if !change.price.isEmpty { rung.prices.append(change.price) }
        }
        var arguments = TrainingArguments(rung.recipe)
        arguments.worldSize = worldSize
        return (try? arguments.validate()) != nil ? rung : nil
    }

    /// The optimizer within the backward pass, which takes one pass for each step.
    private static func updatingWithinBackward(_ recipe: Recipe) -> Change? {
        let arguments = TrainingArguments(recipe)
        guard !arguments.optimizerInBackward, arguments.maxTokensPerBatch == nil else { return nil }
        var values: [(setting: String, value: SettingValue)] = [("optimizer_in_backward", .bool(true))]
        if arguments.gradientAccumulationSteps > 1 {
            let size = arguments.perDeviceTrainBatchSize * arguments.gradientAccumulationSteps
            values += [
                ("per_device_train_batch_size", .int(size)), ("gradient_accumulation_steps", .int(1)),
            ]
        }
        return Change(
            values: values,
            price: arguments.maxGradNorm > 0 ? "a second backward pass, because gradients are clipped" : ""
        )
    }

    private static func quantizing(_ recipe: Recipe, _ type: String, price: String) -> Change? {
        guard recipe.adapter?.frozenStorage == .asStored else { return nil }
        return Change(values: [("quantize", .text(type))], price: price)
    }

    /// The same recipe with an adapter, for a run that does not fit as full tuning.
    ///
    /// - Parameters:
    ///   - recipe: A recipe without an adapter.
    ///   - worldSize: The number of processes that train together.
    /// - Returns: The recipe with LoRA on every linear layer.
    static func withAdapter(_ recipe: Recipe, worldSize: Int = 1) -> Rung? {
        applying(
            [
                Change(
                    values: [("adapter", .text("lora")), ("lora_target_modules", .text("all-linear"))],
                    price: "only an adapter and the head are trained"
                )
            ],
            to: recipe,
            worldSize
        )
    }
}
