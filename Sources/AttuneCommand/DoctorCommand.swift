import ArgumentParser
import Attune
import Files
import Foundation
import Hub

/// `attune doctor`.
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract:
            "Shows this machine's engine, speed, memory and disk, checks the Hub, and gives advice for training.",
        discussion: """
            Engine, devices, instruction sets, threads, memory, disk, measured matmul speed, the Hub and the token for it, \
            which is never shown. With HF_HUB_OFFLINE the Hub is not asked.
            """
    )

    func run() throws {
        try reportingFailure {
            try print("engine        libtorch \(Runtime.version), CPU kernels for \(Runtime.cpuCapability)")
            let cuda: String
            do throws(TorchError) {
                cuda = try Runtime.openCUDA() ? "opened" : "not in this build of libtorch"
            } catch {
                cuda = "in this build, but it cannot be opened: \(error.message)"
            }
            try print("CUDA          \(cuda)")
            let devices = try Runtime.devices()
            try print("devices       \(devices.map(\.description).joined(separator: ", "))")
            let (threads, cores) = (try Runtime.threadCount(), ProcessInfo.processInfo.activeProcessorCount)
            try print("threads       \(threads) on \(cores) cores")
            let freeMemory = ProcessMemory.available()
            let memory = ByteSize(Int(clamping: ProcessInfo.processInfo.physicalMemory))
            try print("memory        \(memory)\(freeMemory.map { ", \(ByteSize($0)) free" } ?? "")")
            let freeDisk = try showDisk()
            var speeds: [DType: Double] = [:]
            for type in [DType.float32, .bfloat16] {
                let isWide = type != .float32 && Device.cpu.multipliesWide(type)
                let note = isWide ? ", for which this CPU has no instructions: it is computed in float32" : ""
                let speed = try speed(type)
                speeds[type] = speed
                try print(String(format: "matmul        %4.0f GFLOP/s in %@%@", speed, type.rawValue, note))
            }
            for line in HubCheck(HubOptions.environment).lines { try print(line) }
            let advice = DoctorAdvice(
                float32Speed: speeds[.float32] ?? 0,
                bfloat16Speed: speeds[.bfloat16] ?? 0,
                freeMemory: freeMemory,
                freeDisk: freeDisk,
                threads: threads,
                cores: cores,
                hasAccelerator: devices.contains { $0 != .cpu }
            )
            try print("\nadvice")
            for sentence in advice.sentences { try print("  \(sentence)") }
        }
    }

    /// Shows the free space of the disks; returns that of the working folder.
    private func showDisk() throws -> Int? {
        let environment = HubOptions.environment
        let free = freeSpace(at: environment.workingFolder)
        if let free { try print("disk          \(ByteSize(free)) free in the working folder") }
        if let cache = freeSpace(at: environment.cacheFolder) {
            try print(
                "              \(ByteSize(cache)) free in the Hub's cache, \(HubDoor.path(environment.cacheFolder))"
            )
        }
        return free
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

/// Whether the Hub answers, and as whom it is asked.
struct HubCheck {
    /// Where the Hub is.
    let environment: HubEnvironment

    init(_ environment: HubEnvironment) { self.environment = environment }

    /// Two lines, with a remedy if something is wrong; never the token itself.
    var lines: [String] {
        let token: Token?
        do { token = try waiting { try await Token.find(in: environment) } } catch {
            return ["token         \(error)"]
        }
        let source = token.map { "from \($0.source.description)" }
        let found = source ?? "none: public repositories only; `attune hub login` stores one"
        guard !environment.isOffline else {
            return [
                "Hub           not asked, as HF_HUB_OFFLINE says: only what is in the cache can be used",
                "token         \(found)",
            ]
        }
        do {
            let endpoint = "\(try environment.endpoint())"
            let name = try ask(token)
            return [
                "Hub           \(endpoint) answers",
                "token         \(found)\(name.map { ", of \($0)" } ?? "")",
            ]
        } catch let error as HubError where error.code == .notAllowed {
            return ["Hub           answers", "token         \(source ?? "none"), refused: \(error)"]
        } catch {
            return [
                "Hub           cannot be reached: \(error)", "token         \(found)",
            ]
        }
    }

    /// Asks once, with little patience; returns whose the token is.
    private func ask(_ token: Token?) throws -> String? {
        var settings = try HubClient.Settings(environment: environment, token: token)
        settings.retries = RetryPolicy(attempts: 1, firstDelay: .seconds(1), longestDelay: .seconds(1))
        (settings.connectTimeout, settings.readTimeout) = (.seconds(5), .seconds(5))
        return try waiting { [settings] in
            try await HubClient.with(settings) { client in
                guard token != nil else {
                    try await client.requireAnswer()
                    return nil
                }
                return try await client.account().name
            }
        }
    }
}
