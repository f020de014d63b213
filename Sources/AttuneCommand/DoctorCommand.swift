import ArgumentParser
import Attune
import Foundation

/// `attune doctor`.
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Tells what this machine offers: engine, devices, instruction sets, threads, matmul speed."
    )

    func run() throws {
        try reportingFailure {
            print("engine        libtorch \(Runtime.version), CPU kernels for \(Runtime.cpuCapability)")
            do throws(TorchError) {
                let hasCUDA = try Runtime.openCUDA()
                print("CUDA          \(hasCUDA ? "opened" : "not in this build of libtorch")")
            } catch {
                print("CUDA          in this build, and cannot be opened: \(error.message)")
            }
            print("devices       \(try Runtime.devices().map(\.description).joined(separator: ", "))")
            print("threads       \(try Runtime.threadCount())")
            let memory = Double(ProcessInfo.processInfo.physicalMemory) / Double(1 << 30)
            print(String(format: "memory        %.1f GiB", memory))
            for type in [DType.float32, .bfloat16] {
                let isWide = type != .float32 && Device.cpu.multipliesWide(type)
                let note =
                    isWide
                    ? ", for which this CPU has no instructions: --precision bf16 computes in float32" : ""
                print(
                    String(
                        format: "matmul        %4.0f GFLOP/s in %@%@",
                        try speed(type),
                        type.rawValue,
                        note
                    )
                )
            }
        }
    }

    /// A linear layer's speed, the best of a second's tries.
    private func speed(_ type: DType) throws -> Double {
        let size = 1024
        let random = try RandomSource(seed: 0)
        let x = try Tensor.normal([size, size], random: random).to(dtype: type)
        let w = try Tensor.normal([size, size], random: random).to(dtype: type)
        var best = Double.infinity
        let start = ContinuousClock.now
        while ContinuousClock.now - start < .seconds(1) {
            let begin = ContinuousClock.now
            _ = try x.linear(w)
            best = min(best, (ContinuousClock.now - begin) / .seconds(1))
        }
        return 2 * pow(Double(size), 3) / best / 1e9
    }
}
