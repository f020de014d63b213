import Attune
import Foundation

/// libtorch, prepared for a command that computes.
struct Engine {
    /// Where to compute.
    let device: Device
    /// How a CPU multiplies, as was measured here.
    let productRoutes: ProductRoutes

    private let busyMachine: BusyMachine

    /// Opens the device, adopts the heap, sets the threads and measures products unless that was done before; from then on
    /// watches for other programs on the same cores.
    ///
    /// - Parameters:
    ///   - device: As typed.
    ///   - threads: As typed; nil takes as many as the machine, or a container's share of it, keeps busy, and fewer while
    ///     others hold cores.
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

    /// Between two batches, on the thread that computes: leaves cores to other programs that hold them, unless somebody typed
    /// the number of threads.
    func adaptThreads() { busyMachine.adaptThreads() }

    /// libtorch's own number of threads, or fewer if a container's limit keeps fewer busy.
    static func usefulThreads() throws -> Int { try min(TorchRuntime.threadCount(), AvailableCPUs.usefulThreads) }

    /// Where measurements of machines are kept.
    static var measurements: URL { CacheOptions.folder.appending(path: "products") }
}
