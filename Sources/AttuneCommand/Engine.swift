import Attune
import Foundation

/// libtorch, prepared for a command that computes.
struct Engine {
    /// The device to compute on.
    let device: Device
    /// The fastest measured CPU routes of matrix products.
    let productRoutes: ProductRoutes

    /// Nil for one of several processes, whose threads also wait for the network.
    private let busyMachine: BusyMachine?

    /// Opens the device, adopts the heap, sets the number of threads, and measures matrix products unless an earlier
    /// measurement is saved.
    ///
    /// Then watches for other programs on the same cores.
    ///
    /// - Parameters:
    ///   - device: The option `--device`.
    ///   - threads: The option `--threads`; nil takes as many as the machine, or the container's share of it, can keep busy,
    ///     and fewer while other programs use the cores.
    ///   - share: The cores of one of several processes; nil for a single process.
    /// - Throws: ``ArgumentParser/ValidationError`` if there is no such device; `TorchError`.
    init(_ device: DeviceOptions, threads: Int?, share: CPUShare? = nil) throws {
        self.device = try share == nil ? device.resolved() : device.resolvedInGroup()
        TensorHeap.adopt()
        try TorchRuntime.setThreadCount(threads ?? share?.threads ?? Self.usefulThreads())
        let products = self.device == .cpu ? try MeasuredProducts.find(in: Self.measurements) : nil
        productRoutes = products?.speeds.fastest ?? .suggested
        busyMachine =
            share == nil
            ? BusyMachine(threadCounts: threads == nil ? products?.equalThreadCounts ?? [] : []) : nil
        busyMachine?.watch()
    }

    /// Reduces the threads while other programs use the cores, unless `--threads` is given.
    ///
    /// Call it between two batches, on the thread that computes.
    func adaptThreads() { busyMachine?.adaptThreads() }

    /// libtorch's default number of threads, or fewer if the container's CPU limit is lower.
    static func usefulThreads() throws -> Int {
        try min(TorchRuntime.threadCount(), AvailableCPUs.usefulThreads)
    }

    /// The folder of saved measurements.
    static var measurements: URL { CacheOptions.folder.appending(path: "products") }
}
