import Foundation
import Testing

@testable import Attune

/// The forecast of the exchange between several processes.
struct ExchangeForecastTests {
    private func arguments(
        _ worldSize: Int,
        _ change: (inout TrainingArguments) -> Void = { _ in }
    ) -> TrainingArguments {
        var arguments = TrainingArguments()
        arguments.worldSize = worldSize
        change(&arguments)
        return arguments
    }

    private func exchange(
        _ worldSize: Int,
        weights: Int = 100_000_000,
        seconds: Double = 3,
        table: ExchangedTable? = nil,
        _ change: (inout TrainingArguments) -> Void = { _ in }
    ) throws -> ExchangeForecast {
        try #require(
            ExchangeForecast(
                arguments(worldSize, change),
                trainedWeights: weights,
                weightWidth: 4,
                secondsPerStep: seconds,
                table: table
            )
        )
    }

    @Test func `one process exchanges nothing`() {
        let alone = ExchangeForecast(arguments(1), trainedWeights: 10, weightWidth: 4, secondsPerStep: 1)
        #expect(alone == nil)
        let memory = ExchangeMemory(arguments(1) { $0.zeroStage = .one }, trainedWeights: 10, gradients: 40)
        #expect(memory.buckets == 0 && memory.added(holdingGradients: true) == 0)
        #expect(memory.optimizerState(80) == 80)
    }

    @Test func `a ring sends every gradient twice, except for the own part`() throws {
        #expect(try exchange(2).gradientBytes == 400_000_000)
        #expect(try exchange(4).gradientBytes == 600_000_000)
        #expect(try exchange(4) { $0.ddpCommHook = .bf16 }.gradientBytes == 300_000_000)
        #expect(try exchange(4).weightBytes == 0)
        #expect(try exchange(4) { $0.zeroStage = .one }.weightBytes == 300_000_000)
    }

    @Test func `of a token embedding only the used rows are sent, after the backward pass`() throws {
        // 50 of 100 million weights, of which a step uses 2 %.
        let table = ExchangedTable(rows: 50_000, width: 1000, usedRows: 1000)
        let exchange = try exchange(2, table: table)
        #expect(exchange.gradientBytes == 4 * 51_000_000)
        #expect(exchange.embeddingRows == 50_000 && exchange.usedEmbeddingRows == 1000)
        #expect(try self.exchange(4, table: table) { $0.ddpCommHook = .bf16 }.gradientBytes == 153_000_000)
        // Owners send whole tables, because moments change more rows than a step uses.
        #expect(try self.exchange(4, table: table) { $0.zeroStage = .one }.weightBytes == 300_000_000)
        // The last 25 MiB of 200 MB, and 4 MB of rows, at 1 GB/s.
        let last = 0.025 * 1.048576 + 0.004
        #expect(abs(exchange.wholeSeconds(bitsPerSecond: 1e12, overlapping: true) - 3 - last) < 1e-6)
        let whole = ExchangedTable(rows: 50_000, width: 1000, usedRows: 50_000)
        #expect(try self.exchange(2, table: whole).gradientBytes == 400_000_000)
    }

    @Test func `buffers hold only the used rows, except for a table with dense gradients`() {
        func buckets(_ isGradientOfRows: Bool) -> Int {
            ExchangeMemory(
                arguments(2),
                trainedWeights: 1000,
                gradients: 400,
                table: ExchangedTable(
                    rows: 60,
                    width: 10,
                    usedRows: 6,
                    isGradientOfRows: isGradientOfRows
                )
            ).buckets
        }
        #expect(buckets(true) == 4 * (1000 - 54 * 10) && buckets(false) == 4000)
    }

    @Test func `the exchange hides behind the backward pass, except for the last buffer`() throws {
        let exchange = try exchange(2)
        // 400 MB over 1 Gbit/s.
        #expect(abs(exchange.seconds(bitsPerSecond: 1e9) - 3.2) < 1e-9)
        #expect(abs(exchange.efficiency(bitsPerSecond: 1e9, overlapping: false) - 3 / 6.2) < 1e-9)
        // The backward pass takes two of three seconds.
        #expect(abs(exchange.efficiency(bitsPerSecond: 1e9, overlapping: true) - 3 / 4.2) < 1e-9)
        // A process sends at most 1 GB/s, and the last 25 MiB of 400 MB remain.
        let last = 0.4 * 25 * 1_048_576 / 4e8
        #expect(abs(exchange.wholeSeconds(bitsPerSecond: 1e12, overlapping: true) - 3 - last) < 1e-6)
        let accumulated = try self.exchange(2) { $0.gradientAccumulationSteps = 4 }
        #expect(abs(accumulated.overlappedSeconds - 0.5) < 1e-9)
    }

    @Test func `buffers need memory, and ZeRO divides the optimizer state`() {
        let one = ExchangeMemory(arguments(4) { $0.zeroStage = .one }, trainedWeights: 100, gradients: 300)
        #expect(one.buckets == 400 && one.optimizerState(801) == 201)
        // With one micro-batch gradients are moved into the buffers.
        #expect(one.added(holdingGradients: true) == 100 && one.added(holdingGradients: false) == 400)
        let several = ExchangeMemory(
            arguments(4) { $0.gradientAccumulationSteps = 2 },
            trainedWeights: 100,
            gradients: 300
        )
        #expect(several.added(holdingGradients: true) == 400 && several.optimizerState(801) == 801)
    }

    @Test func `settings that several processes cannot use are no way to fit into memory`() {
        let rungs = MemoryLadder(.defaults, offloadFolder: "out", worldSize: 2).rungs
        let names = Set(rungs.flatMap { $0.values.map(\.setting) })
        #expect(names.contains("gradient_checkpointing"))
        #expect(!names.contains("optimizer_in_backward") && !names.contains("offload_to"))
    }
}
