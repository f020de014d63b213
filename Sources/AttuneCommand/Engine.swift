import Attune
import Foundation

/// libtorch, prepared for a command that computes.
struct Engine {
    /// Where to compute.
    let device: Device
    /// How a CPU multiplies, as was measured here.
    let productRoutes: ProductRoutes

    /// Opens the device, adopts the heap, sets the threads and measures products unless that was done before; from then on
    /// watches for other programs on the same cores.
    ///
    /// - Parameters:
    ///   - device: As typed.
    ///   - threads: As typed; nil takes as many as the machine, or a container's share of it, keeps busy.
    /// - Throws: ``ArgumentParser/ValidationError`` if there is no such device; `TorchError`.
    init(_ device: DeviceOptions, threads: Int?) throws {
        self.device = try device.resolved()
        TensorHeap.adopt()
        try Runtime.setThreadCount(threads ?? Self.usefulThreads())
        productRoutes =
            self.device == .cpu ? try MeasuredProducts.find(in: Self.measurements).speeds.fastest : .suggested
        BusyMachine().watch()
    }

    /// libtorch's own number of threads, or fewer if a container's limit keeps fewer busy.
    static func usefulThreads() throws -> Int { try min(Runtime.threadCount(), AvailableCPUs.usefulThreads) }

    /// Where measurements of machines are kept.
    static var measurements: URL { CacheOptions.folder.appending(path: "products") }
}
