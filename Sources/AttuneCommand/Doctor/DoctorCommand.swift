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
            Shows the engine, devices, instruction sets, threads, memory, disk, the measured speed of matrix products, whether \
            the Hub answers, and where its token comes from; the token itself is never shown. With HF_HUB_OFFLINE the Hub is \
            not contacted.

            The first command that computes measures matrix products in some tens of milliseconds, and later commands reuse \
            the result; doctor measures again.
            """
    )

    func run() throws {
        try reportingFailure {
            try print(
                "engine        libtorch \(TorchRuntime.version), CPU kernels for \(TorchRuntime.cpuCapability)"
            )
            let cuda: String
            do throws(TorchError) {
                cuda = try TorchRuntime.openCUDA() ? "opened" : "not in this build of libtorch"
            } catch {
                cuda = "in this build, but cannot be opened: \(error.message)"
            }
            try print("CUDA          \(cuda)")
            if let name = processorName() { try print("processor     \(name)") }
            let devices = try TorchRuntime.devices()
            try print("devices       \(devices.map(\.description).joined(separator: ", "))")
            let cores = AvailableCPUs.count
            let threads = try Engine.usefulThreads()
            try TorchRuntime.setThreadCount(threads)
            let share = AvailableCPUs.quota.map {
                String(format: ", of which a container's limit grants %.2g", $0)
            }
            try print("threads       \(threads) on \(counted(cores, "core"))\(share ?? "")")
            let freeMemory = ProcessMemory.available()
            let memory = ByteSize(Int(clamping: ProcessInfo.processInfo.physicalMemory))
            try print("memory        \(memory)\(freeMemory.map { ", \(ByteSize($0)) free" } ?? "")")
            let freeDisk = try showDisk()
            let products = try MeasuredProducts.measure(in: Engine.measurements)
            for line in ProductTable(products).lines { try print(line) }
            for line in HubCheck(HubOptions.environment).lines { try print(line) }
            let advice = DoctorAdvice(
                speeds: products.speeds,
                freeMemory: freeMemory,
                freeDisk: freeDisk,
                threads: threads,
                cores: AvailableCPUs.usefulThreads,
                hasAccelerator: devices.contains { $0 != .cpu }
            )
            try print("\nadvice")
            for sentence in advice.sentences { try print("  \(sentence)") }
        }
    }

    /// Prints the free disk space; returns that of the working folder's disk.
    private func showDisk() throws -> Int? {
        let environment = HubOptions.environment
        let free = freeSpace(at: environment.workingFolder)
        if let free { try print("disk          \(ByteSize(free)) free in the working folder") }
        if let cache = freeSpace(at: environment.cacheFolder) {
            try print(
                "              \(ByteSize(cache)) free in the Hub's cache, \(HubPath.path(environment.cacheFolder))"
            )
        }
        return free
    }
}

/// The measured speeds of matrix products and the chosen routes, as lines of text.
struct ProductTable {
    private let products: MeasuredProducts

    init(_ products: MeasuredProducts) { self.products = products }

    /// One line per route, with a mark on the chosen one, and the file of the measurement.
    var lines: [String] {
        let speeds = products.speeds
        let chosen = speeds.fastest
        var rows = ProductRoutes.Float32.allCases.compactMap { route in
            speeds.float32[route].map {
                (
                    name: "fp32 by \(route.libraryName)", speed: $0,
                    note: route == chosen.float32 ? "chosen for --precision fp32" : ""
                )
            }
        }
        let isNarrow = chosen.bfloat16 == .bfloat16
        rows.append(
            (
                "bf16", speeds.bfloat16,
                isNarrow
                    ? "chosen for --precision bf16"
                    : "--precision bf16 computes in fp32, which is at least as fast here"
            )
        )
        let width = rows.map(\.name.count).max() ?? 0
        let lines = rows.enumerated().map { index, row in
            let name = row.name.padding(toLength: width, withPad: " ", startingAt: 0)
            return (index == 0 ? "products      " : "              ") + name
                + String(format: "%6.0f GFLOP/s", row.speed) + (row.note.isEmpty ? "" : "  \(row.note)")
        }
        let kept = products.file.map { "saved in \($0.path(percentEncoded: false))" }
        return lines + ["              " + (kept ?? "could not be saved: each command measures again")]
    }
}

/// Whether the Hub answers, and the account that the token belongs to.
struct HubCheck {
    /// The Hub's address and cache.
    let environment: HubEnvironment

    init(_ environment: HubEnvironment) { self.environment = environment }

    /// Two lines, with a remedy if something is wrong.
    ///
    /// The token itself is never shown.
    var lines: [String] {
        let token: Token?
        do { token = try waiting { try await Token.find(in: environment) } } catch {
            return ["token         \(error)"]
        }
        let source = token.map { "from \($0.source.description)" }
        let found = source ?? "none: public repositories only; `attune hub login` stores one"
        guard !environment.isOffline else {
            return [
                "Hub           not contacted, because HF_HUB_OFFLINE is set: only cached files can be used",
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

    /// Asks once, with short timeouts; returns the name of the token's account.
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
