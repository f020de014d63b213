import ArgumentParser
import Attune
import Foundation

/// Where to run, as typed.
enum DeviceChoice: String, ExpressibleByArgument, CaseIterable {
    case auto, cpu, cuda, mps
}

/// `--device`.
struct DeviceOptions: ParsableArguments {
    @Option(help: "auto, cpu, cuda or mps; auto takes a GPU where there is one.")
    var device = DeviceChoice.auto

    /// The device, found and opened.
    ///
    /// - Returns: A device that is there.
    /// - Throws: ``ArgumentParser/ValidationError`` where the one asked for is not; `TorchError` where CUDA cannot be opened.
    func resolved() throws -> Device {
        if device == .cpu { return .cpu }
        // libtorch's CUDA half takes a second to open: only where a GPU may be.
        let hasNVIDIA = FileManager.default.fileExists(atPath: "/dev/nvidia0")
        if device == .cuda || (device == .auto && hasNVIDIA) { _ = try TorchRuntime.openCUDA() }
        let devices = try TorchRuntime.devices()
        switch device {
        case .auto: return devices.first { $0 != .cpu } ?? .cpu
        case .cuda where devices.contains(.cuda(0)): return .cuda(0)
        case .mps where devices.contains(.mps): return .mps
        case .cpu: return .cpu
        case .cuda, .mps:
            throw ValidationError(
                "--device \(device.rawValue): there is none here; `attune doctor` lists what there is"
            )
        }
    }
}
