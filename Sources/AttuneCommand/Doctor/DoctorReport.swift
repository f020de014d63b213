import Attune
import Files
import Foundation
import Hub
import JSON

/// The findings of `attune doctor`: printed one after another, or together as a JSON object.
struct DoctorReport {
    private let isJSON: Bool
    private let output: OutputPath?
    private var object: JSONObject = [:]

    /// Creates an empty report.
    ///
    /// - Parameters:
    ///   - isJSON: Whether to print nothing before the end, and then a JSON object.
    ///   - output: The file to which to write the same object; nil for none.
    init(asJSON isJSON: Bool, output: OutputPath? = nil) {
        self.isJSON = isJSON
        self.output = output
    }

    /// Adds a finding.
    ///
    /// - Parameters:
    ///   - title: Its title; empty for a further line of the same finding.
    ///   - text: The finding for people.
    ///   - members: The finding for programs.
    /// - Throws: The errors of printing.
    mutating func add(_ title: String, _ text: String, _ members: JSONObject) throws {
        for member in members.members { object[member.name] = member.value }
        guard !isJSON else { return }
        try print(title + String(repeating: " ", count: 14 - title.count) + text)
    }

    /// Adds libtorch, its devices, and the processor.
    mutating func addEngine() throws {
        let (version, kernels) = (TorchRuntime.version, TorchRuntime.cpuCapability)
        try add(
            "engine",
            "libtorch \(version), CPU kernels for \(kernels)",
            ["libtorch": .string(version), "cpu_kernels": .string(kernels)]
        )
        let cuda: String
        do throws(TorchError) {
            cuda = try TorchRuntime.openCUDA() ? "opened" : "not in this build of libtorch"
        } catch {
            cuda = "in this build, but cannot be opened: \(error.message)"
        }
        try add("CUDA", cuda, ["cuda": .string(cuda)])
        if let name = processorName() { try add("processor", name, ["processor": .string(name)]) }
        let devices = try TorchRuntime.devices().map(\.description)
        try add(
            "devices",
            devices.joined(separator: ", "),
            ["devices": .array(devices.map(JSONValue.string))]
        )
    }

    /// Adds memory and disk space.
    ///
    /// - Parameter freeMemory: The free memory in bytes; nil if unknown.
    /// - Returns: The free disk space in the working folder in bytes; nil if unknown.
    /// - Throws: The errors of printing.
    mutating func addSpace(freeMemory: Int?) throws -> Int? {
        let memory = Int(clamping: ProcessInfo.processInfo.physicalMemory)
        try add(
            "memory",
            "\(ByteSize(memory))\(freeMemory.map { ", \(ByteSize($0)) free" } ?? "")",
            ["memory": .int(memory), "free_memory": freeMemory.map(JSONValue.int) ?? .null]
        )
        let environment = HubOptions.environment
        let free = freeSpace(at: environment.workingFolder)
        if let free {
            try add("disk", "\(ByteSize(free)) free in the working folder", ["free_disk": .int(free)])
        }
        if let cache = freeSpace(at: environment.cacheFolder) {
            let folder = HubPath.path(environment.cacheFolder)
            try add(
                "",
                "\(ByteSize(cache)) free in the Hub's cache, \(folder)",
                ["hub_cache": .string(folder), "free_hub_cache": .int(cache)]
            )
        }
        return free
    }

    /// Adds the speeds of matrix products.
    mutating func add(_ table: ProductTable) throws {
        object["products"] = .object(table.json)
        guard !isJSON else { return }
        for line in table.lines { try print(line) }
    }

    /// Asks the Hub, and adds its answer and the token's owner.
    mutating func add(_ check: HubCheck) throws {
        let (hub, token) = check.findings
        if let hub { try add("Hub", hub, ["hub": .string(hub)]) }
        try add("token", token, ["token": .string(token)])
    }

    /// Adds the limit of a step.
    mutating func add(_ step: StepReport) throws {
        object["step"] = .object(step.json)
        guard !isJSON else { return }
        try print("\n" + step.text(columns: Terminal.outputColumns), terminator: "")
    }

    /// Adds the advice, and prints or writes the JSON object.
    mutating func finish(_ advice: [String]) throws {
        object["advice"] = .array(advice.map(JSONValue.string))
        let json = JSONValue.object(object).formatted
        try output?.write(json)
        guard !isJSON else { return try print(json, terminator: "") }
        try print("\nadvice")
        for sentence in advice { try print("  \(sentence)") }
    }
}
