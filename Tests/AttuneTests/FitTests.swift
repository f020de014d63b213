import Datasets
import Foundation
import TestSupport
import Testing

@testable import Attune

/// The cheapest settings that fit into memory.
struct FitTests {
    private func names(_ rung: MemoryLadder.Rung) -> [String] { rung.values.map(\.setting) }

    @Test func `full tuning gives up time before precision, and the given settings come first`() throws {
        let rungs = MemoryLadder(.defaults, offloadFolder: "out").rungs
        #expect(
            rungs.map(names) == [
                [], ["optimizer_in_backward"], ["gradient_checkpointing"],
                ["gradient_checkpointing", "optimizer_in_backward"], ["optim"],
                ["optimizer_in_backward", "optim"],
                ["gradient_checkpointing", "optim"],
                ["gradient_checkpointing", "optimizer_in_backward", "optim"],
                ["gradient_checkpointing", "optim", "weights_dtype"],
                ["gradient_checkpointing", "optimizer_in_backward", "optim", "weights_dtype"],
                ["gradient_checkpointing", "optimizer_in_backward", "optim", "weights_dtype", "offload_to"],
            ]
        )
        #expect(rungs[3].prices.count == 2)
        let last = try #require(rungs.last).recipe
        #expect(last.memory.gradientCheckpointing && last.memory.optimizerInBackward && last.weights == .bf16)
        #expect(last.memory.offloadFolder == "out")
    }

    @Test func `changes that are made already are not offered, and accumulation becomes a larger batch`()
        throws
    {
        var recipe = Recipe.defaults
        recipe.memory.gradientCheckpointing = true
        recipe.weights = .bf16
        (recipe.batch.size, recipe.batch.accumulation, recipe.maxGradNorm) = (4, 2, 0)
        let rungs = MemoryLadder(recipe, offloadFolder: "out").rungs
        let sizes = ["optimizer_in_backward", "per_device_train_batch_size", "gradient_accumulation_steps"]
        #expect(
            rungs.map(names) == [[], sizes, ["optim"], sizes + ["optim"], sizes + ["optim", "offload_to"]]
        )
        // Without clipping it is free.
        #expect(rungs[1].prices.isEmpty)
        #expect(rungs[1].recipe.batch.size == 8 && rungs[1].recipe.batch.accumulation == 1)
    }

    @Test func `an adapter's frozen weights are narrowed, then quantized`() throws {
        var recipe = Recipe.defaults
        recipe.adapter = .lora(rank: 4)
        #expect(
            MemoryLadder(recipe, offloadFolder: "out").rungs.map(names) == [
                [], ["gradient_checkpointing"], ["weights_dtype"],
                ["gradient_checkpointing", "weights_dtype"],
                ["quantize"], ["gradient_checkpointing", "quantize"], ["quantize"],
                ["gradient_checkpointing", "quantize"],
            ]
        )
        let start = try #require(MemoryLadder.withAdapter(.defaults))
        #expect(
            start.recipe.adapter != nil && start.values.map(\.setting) == ["adapter", "lora_target_modules"]
        )
    }

    @Test func `the first settings that fit are chosen, and an impossible limit is said`() throws {
        try withTemporaryFolder { folder in
            let job = try ForecastTests().job(in: folder)
            func fit(_ bytes: Int) throws -> MemoryFit {
                try job.fit(
                    MemoryLimit(name: "limit", bytes: bytes, holdsProcess: false),
                    offloadingTo: "out"
                )
            }
            let given = try fit(.max)
            #expect(given.attempts.count == 1 && given.chosen?.values.isEmpty == true)
            let bytes = try #require(given.chosen).bytes
            let smaller = try fit(bytes - 1)
            let chosen = try #require(smaller.chosen)
            #expect(chosen.bytes < bytes && chosen.flags.hasPrefix("--") && smaller.attempts.count > 1)
            #expect(smaller.attempts.dropLast().allSatisfy { $0.bytes >= bytes })
            let none = try fit(1)
            #expect(none.chosen == nil && none.adapter == nil)
            #expect(none.attempts.allSatisfy { $0.bytes > 1 })
            // Weights and moments alone are too many, except in a file.
            #expect(
                none.attempts.filter(\.isMeasured).map(\.flags).allSatisfy { $0.contains("--offload-to out") }
            )
        }
    }
}
