import ArgumentParser
import Attune
import Foundation
import Hub
import JSON

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

            With --model it also measures the matrix products of a step of that model by every route that this machine has, also \
            by some that training does not use, and prints the most texts per second that they allow: the limit that a faster \
            program would run into. Batch size and tokens matter, because small products are slower.

            With --distributed, and started by torchrun, srun or mpirun as a run would be, it checks instead whether the processes \
            reach each other, and measures how fast they exchange gradients.
            """
    )

    @OptionGroup(title: "Messages") var messages: MessageOptions

    @Flag(help: "Check the connection of several processes, which a launcher must start.")
    var distributed = false

    @Option(
        help: ArgumentHelp(
            "Also write the findings to this file, as JSON; an existing file is replaced.",
            valueName: "file"
        )
    )
    var output: OutputPath?

    @OptionGroup(title: "The limit of a step") var step: StepOptions

    func validate() throws {
        if distributed, output != nil {
            throw ValidationError("--distributed and --output exclude each other: --json prints JSON")
        }
        if distributed, step.model != nil {
            throw ValidationError(
                "--distributed and --model exclude each other: measure the products without it"
            )
        }
    }

    func run() throws {
        if distributed { return try DistributedCheck(messages: messages).run() }
        try reportingFailure(messages) {
            // As in commands that compute, so that products have the same memory.
            TensorHeap.adopt()
            var report = DoctorReport(asJSON: messages.json, output: output)
            try report.addEngine()
            let cores = AvailableCPUs.count
            let threads = try Engine.usefulThreads()
            try TorchRuntime.setThreadCount(threads)
            let quota = AvailableCPUs.quota
            let share = quota.map { String(format: ", of which a container's limit grants %.2g", $0) }
            try report.add(
                "threads",
                "\(threads) on \(counted(cores, "core"))\(share ?? "")",
                [
                    "threads": .int(threads), "cores": .int(cores),
                    "container_cores": quota.map(JSONValue.double) ?? .null,
                ]
            )
            let freeMemory = ProcessMemory.available()
            let freeDisk = try report.addSpace(freeMemory: freeMemory)
            let products = try MeasuredProducts.measure(in: Engine.measurements)
            try report.add(ProductTable(products))
            try report.add(HubCheck(HubOptions.environment))
            if let found = try step.measured() { try report.add(found) }
            let advice = DoctorAdvice(
                speeds: products.speeds,
                freeMemory: freeMemory,
                freeDisk: freeDisk,
                threads: threads,
                cores: AvailableCPUs.usefulThreads,
                hasAccelerator: try TorchRuntime.devices().contains { $0 != .cpu }
            )
            try report.finish(advice.sentences)
        }
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
        for route in ProductRoutes.BFloat16.allCases {
            guard let library = route.libraryName, let speed = speeds.bfloat16[route] else { continue }
            let isChosen = route == chosen.bfloat16
            rows.append(("bf16 by \(library)", speed, isChosen ? "chosen for --precision bf16" : ""))
        }
        if !chosen.bfloat16.isNarrow, !rows.isEmpty {
            rows[rows.count - 1].note = "--precision bf16 computes in fp32, which is at least as fast here"
        }
        if let int8 = speeds.int8 { rows.append(("int8", int8, "for predict --quantize int8")) }
        let width = rows.map(\.name.count).max() ?? 0
        let lines = rows.enumerated().map { index, row in
            let name = row.name.padding(toLength: width, withPad: " ", startingAt: 0)
            return (index == 0 ? "products      " : "              ") + name
                + String(format: "%6.0f GFLOP/s", row.speed) + (row.note.isEmpty ? "" : "  \(row.note)")
        }
        return lines + ["              " + kept]
    }

    private var kept: String {
        let place = products.file.map { "saved in \($0.path(percentEncoded: false))" }
        guard products.wasMachineBusy else {
            return place ?? "could not be saved: each command measures again"
        }
        return (place ?? "not saved")
            + "; other programs used the cores, so the speeds are too low: run `attune doctor` again "
            + "on the quiet machine"
    }

    /// The speeds in GFLOP/s, the chosen routes, and the file.
    var json: JSONObject {
        let speeds = products.speeds
        return [
            "gigaflops": speeds.json,
            "fp32_route": .string(speeds.fastest.float32.rawValue),
            "bf16_computes_in": .string(speeds.fastest.bfloat16.isNarrow ? "bf16" : "fp32"),
            "bf16_route": .string(speeds.fastest.bfloat16.rawValue),
            "was_machine_busy": .bool(products.wasMachineBusy),
            "file": products.file.map { .string($0.path(percentEncoded: false)) } ?? .null,
        ]
    }
}

/// Whether the Hub answers, and the account that the token belongs to.
struct HubCheck {
    /// The Hub's address and cache.
    let environment: HubEnvironment

    init(_ environment: HubEnvironment) { self.environment = environment }

    /// Two findings, with a remedy if something is wrong.
    ///
    /// The token itself is never shown.
    var findings: (hub: String?, token: String) {
        let token: Token?
        do { token = try waiting { try await Token.find(in: environment) } } catch {
            return (nil, "\(error)")
        }
        let source = token.map { "from \($0.source.description)" }
        let found = source ?? "none: public repositories only; `attune hub login` stores one"
        guard !environment.isOffline else {
            return ("not contacted, because HF_HUB_OFFLINE is set: only cached files can be used", found)
        }
        do {
            let endpoint = "\(try environment.endpoint())"
            let name = try ask(token)
            return ("\(endpoint) answers", "\(found)\(name.map { ", of \($0)" } ?? "")")
        } catch let error as HubError where error.code == .notAllowed {
            return ("answers", "\(source ?? "none"), refused: \(error)")
        } catch {
            return ("cannot be reached: \(error)", found)
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
