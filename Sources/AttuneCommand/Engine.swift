import Attune
import Foundation

/// libtorch, prepared for a command that computes.
struct Engine {
    /// The device to compute on.
    let device: Device
    /// The fastest measured CPU routes of matrix products.
    let productRoutes: ProductRoutes

    private let busyMachine: BusyMachine

    /// Opens the device, adopts the heap, sets the number of threads, and measures matrix products unless an earlier
    /// measurement is saved.
    ///
    /// Then watches for other programs on the same cores.
    ///
    /// - Parameters:
    ///   - device: The option `--device`.
    ///   - threads: The option `--threads`; nil takes as many as the machine, or the container's share of it, can keep busy,
    ///     and fewer while other programs use the cores.
    /// - Throws: ``ArgumentParser/ValidationError`` if there is no such device; `TorchError`.
    init(_ device: DeviceOptions, threads: Int?) throws {
        self.device = try device.resolved()
        TensorHeap.adopt()
        try TorchRuntime.setThreadCount(threads ?? Self.usefulThreads())
        let products = self.device == .cpu ? try MeasuredProducts.find(in: Self.measurements) : nil
        productRoutes = products?.speeds.fastest ?? .suggested
        busyMachine = BusyMachine(threadCounts: threads == nil ? products?.equalThreadCounts ?? [] : [])
        busyMachine.watch()
    }

    /// Reduces the threads while other programs use the cores, unless `--threads` is given.
    ///
    /// Call it between two batches, on the thread that computes.
    func adaptThreads() { busyMachine.adaptThreads() }

    /// libtorch's default number of threads, or fewer if the container's CPU limit is lower.
    static func usefulThreads() throws -> Int {
        try min(TorchRuntime.threadCount(), AvailableCPUs.usefulThreads)
    }

    /// The folder of saved measurements.
    static var measurements: URL { CacheOptions.folder.appending(path: "products") }
}
