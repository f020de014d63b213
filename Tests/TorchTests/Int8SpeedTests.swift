import Foundation
import Testing

@testable import Torch

/// A table of speeds for developers of the kernel: `ATTUNE_MEASURE_INT8=1 swift test -c release --filter Int8SpeedTests`.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["ATTUNE_MEASURE_INT8"] != nil))
struct Int8SpeedTests {
    /// GFLOP/s of the fastest of some calls.
    private func speed(_ products: Int, _ body: (Int) throws -> Void) rethrows -> Double {
        var best = Duration.seconds(1000)
        let end = ContinuousClock.now + .milliseconds(300)
        var count = 0
        while ContinuousClock.now < end || count < 4 {
            let start = ContinuousClock.now
            try body(count)
            best = min(best, ContinuousClock.now - start)
            count += 1
        }
        return 2 * Double(products) / (best / .seconds(1)) / 1e9
    }

    @Test func `speeds of float32 and of each version in 8-bit integers`() throws {
        let random = try RandomSource(seed: 0)
        let kernels = Int8Kernel.allCases.filter { $0 != .automatic && $0.isSupported }
        var lines = [
            "rows x inputs x outputs: fp32, \(kernels), the last with outliers set apart, quantization of rows"
        ]
        for (inputs, outputs) in [
            (384, 384), (384, 1536), (1536, 384), (576, 192), (576, 576), (576, 1536), (1536, 576),
            (768, 3072),
        ] {
            for rows in [1, 16, 64, 256, 1024, 4096] {
                let inputsOfCalls = try (0..<2).map { _ in try Tensor.normal([rows, inputs], random: random) }
                let weight = try Tensor.normal([outputs, inputs], random: random)
                let products = rows * inputs * outputs
                var speeds = [
                    try speed(products) { call in _ = try inputsOfCalls[call % 2].linear(weight) }
                ]
                for factor in [Float(0), 3] {
                    guard
                        case .packed(let panels) = try QuantizedMatrix.packing(weight, outlierFactor: factor)
                            .contents
                    else { continue }
                    for kernel in factor == 0 ? kernels : [.automatic] {
                        speeds.append(
                            try speed(products) { call in
                                _ = try inputsOfCalls[call % 2].linear(panels, kernel: kernel)
                            }
                        )
                    }
                }
                // One output: nothing but the quantization of the rows.
                let row = try QuantizedMatrix.packing(weight.narrowed(0, to: 0..<1))
                let quantizing = try speed(rows * inputs) { call in
                    _ = try inputsOfCalls[call % 2].linear(row)
                }
                let numbers = speeds.map { String(format: "%6.0f", $0) }.joined(separator: " ")
                lines.append(
                    "\(rows) x \(inputs) x \(outputs): \(numbers), \(String(format: "%.1f", quantizing / 2)) billion numbers/s"
                )
            }
        }
        print(lines.joined(separator: "\n"))
    }
}
