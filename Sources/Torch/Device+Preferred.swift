import Foundation

extension Device {
    /// The first GPU, or the CPU if there is none.
    ///
    /// - Returns: A device that exists.
    /// - Throws: `.failed` if a driver reports a fault.
    public static func preferred() throws(TorchError) -> Device {
        // libtorch's CUDA half takes a second to open: only if there may be a GPU.
        if FileManager.default.fileExists(atPath: "/dev/nvidia0") { _ = try TorchRuntime.openCUDA() }
        return try TorchRuntime.devices().first { $0 != .cpu } ?? .cpu
    }
}
