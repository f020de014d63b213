import ArgumentParser
import Attune
import Foundation

/// The value of `--device`.
enum DeviceChoice: String, ExpressibleByArgument, CaseIterable {
    case auto, cpu, cuda, mps
}

/// `--device`.
struct DeviceOptions: ParsableArguments {
    @Option(help: "auto, cpu, cuda or mps; auto uses a GPU if there is one.")
    var device = DeviceChoice.auto

    /// The same options, with the CPU instead of `auto` for products in integers, which only it computes.
    ///
    /// - Parameter quantization: The integers; nil changes nothing.
    /// - Returns: The options.
    func fit(for quantization: ProductQuantization?) -> DeviceOptions {
        var options = self
        if quantization != nil, device == .auto { options.device = .cpu }
        return options
    }

    /// The device of one of several processes.
    ///
    /// - Returns: The CPU.
    /// - Throws: ``ArgumentParser/ValidationError`` for another device.
    func resolvedInGroup() throws -> Device {
        guard [.auto, .cpu].contains(device) else {
            throw ValidationError(
                "--device \(device.rawValue): several processes train on CPUs only; leave it out, or train with one process"
            )
        }
        return .cpu
    }

    /// Finds and opens the device.
    ///
    /// - Returns: An available device.
    /// - Throws: ``ArgumentParser/ValidationError`` if the device is not available; `TorchError` if CUDA cannot be opened.
    func resolved() throws -> Device {
        if device == .cpu { return .cpu }
        // Loading libtorch's CUDA library takes a second: only if there may be a GPU.
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
                "--device \(device.rawValue): not available on this machine; `attune doctor` lists the devices"
            )
        }
    }
}
