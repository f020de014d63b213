import Files
public import Foundation
package import JSON
public import Torch

/// The measured speeds of matrix products on this machine, saved in a file.
///
/// ```swift
/// job.productRoutes = try MeasuredProducts.find(in: cacheFolder).speeds.fastest
/// ```
public struct MeasuredProducts: Sendable, Equatable {
    /// The measured speeds.
    public let speeds: ProductSpeeds
    /// Numbers of threads with bit-identical results, ascending; the last is the number in use during the measurement.
    public let equalThreadCounts: [Int]
    /// The file of the measurement; nil if it was not saved.
    public let file: URL?
    /// Whether other programs used the cores during the measurement, so that the speeds are too low.
    public let wasMachineBusy: Bool

    /// Creates a measurement.
    ///
    /// - Parameters:
    ///   - speeds: The measured speeds.
    ///   - equalThreadCounts: Numbers of threads with bit-identical results, ascending.
    ///   - file: The file of the measurement.
    ///   - wasMachineBusy: Whether other programs used the cores during the measurement.
    public init(speeds: ProductSpeeds, equalThreadCounts: [Int], file: URL?, wasMachineBusy: Bool = false) {
        self.speeds = speeds
        self.equalThreadCounts = equalThreadCounts
        self.file = file
        self.wasMachineBusy = wasMachineBusy
    }

    /// Reads a saved measurement, or measures and saves.
    ///
    /// A measurement on a busy machine is saved, too, so that all runs take the same routes and give the same bytes; its speeds
    /// are of no use for an estimate.
    ///
    /// - Parameter folder: The folder of measurements, one file per CPU model, libtorch version and number of threads. If it
    ///   cannot be written, the measurement is only returned.
    /// - Returns: The measurement.
    /// - Throws: `TorchError` `.outOfMemory`.
    public static func find(in folder: URL) throws(TorchError) -> MeasuredProducts {
        let key = try Key()
        if let saved = find(savedIn: folder.appending(path: key.fileName), key) { return saved }
        return try measure(in: folder)
    }

    /// Reads a saved measurement; nil if there is none for this machine.
    private static func find(savedIn file: URL, _ key: Key) -> MeasuredProducts? {
        guard let data = try? Data(contentsOf: file), let json = try? JSONValue.parse(data),
            let speeds = key.speeds(json), let counts = key.equalThreadCounts(json)
        else { return nil }
        return MeasuredProducts(
            speeds: speeds,
            equalThreadCounts: counts,
            file: file,
            wasMachineBusy: json["busy"].bool ?? false
        )
    }

    /// Measures again, even if there is a saved measurement, and saves unless the machine is busy and there is a better one.
    ///
    /// - Parameter folder: The folder to save the measurement in.
    /// - Returns: The measurement.
    /// - Throws: `TorchError` `.outOfMemory`.
    public static func measure(in folder: URL) throws(TorchError) -> MeasuredProducts {
        try measure(in: folder, isBusy: nil)
    }

    /// Measures, and saves unless the machine is busy and there is a better measurement.
    ///
    /// - Parameters:
    ///   - folder: The folder to save the measurement in.
    ///   - isBusy: Whether the machine counts as busy; nil observes it.
    /// - Returns: The measurement.
    /// - Throws: `TorchError` `.outOfMemory`.
    package static func measure(in folder: URL, isBusy: Bool?) throws(TorchError) -> MeasuredProducts {
        let key = try Key()
        let waiting = CoreWaiting()
        let speeds = try ProductSpeeds.measured()
        let isBusy = isBusy ?? waiting.wasDisturbed(threads: key.threads)
        let counts = try EqualThreadCounts.measured(speeds.fastest)
        let file = folder.appending(path: key.fileName)
        func measurement(savedIn file: URL?) -> MeasuredProducts {
            MeasuredProducts(speeds: speeds, equalThreadCounts: counts, file: file, wasMachineBusy: isBusy)
        }
        // A better measurement is not replaced.
        if isBusy, let saved = find(savedIn: file, key), !saved.wasMachineBusy {
            return measurement(savedIn: nil)
        }
        do {
            try makeFolder(folder)
            try writeAtomically(Data(key.json(speeds, counts, isBusy: isBusy).formatted.utf8), to: file)
            return measurement(savedIn: file)
        } catch {
            return measurement(savedIn: nil)
        }
    }
}

extension ProductSpeeds {
    /// GFLOP/s by route, such as `{"bf16": 820, "fp32 mkl": 190, "int8": 1600}`.
    package var json: JSONValue {
        var gigaflops = JSONObject()
        for (route, speed) in bfloat16 { gigaflops[route.rawValue] = .double(speed) }
        for (route, speed) in float32 { gigaflops["fp32 \(route.rawValue)"] = .double(speed) }
        if let int8 { gigaflops["int8"] = .double(int8) }
        return .object(gigaflops)
    }
}

/// The configuration for which a measurement is valid.
private struct Key {
    private let cpu: String
    private let libtorch = TorchRuntime.version
    private let kernels = TorchRuntime.cpuCapability
    let threads: Int

    init() throws(TorchError) {
        cpu = processorName() ?? "an unknown CPU"
        threads = try TorchRuntime.threadCount()
    }

    var fileName: String {
        let words = ([cpu, kernels, libtorch, "\(threads) threads"].joined(separator: " ").lowercased())
            .split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
        return words.joined(separator: "-") + ".json"
    }

    /// The members that must be the same in a saved measurement.
    ///
    /// Version 1 also kept measurements of busy machines, and version 2 could miss bfloat16's speed.
    private var members: JSONObject {
        [
            "version": .int(3), "cpu": .string(cpu), "kernels": .string(kernels),
            "libtorch": .string(libtorch),
            "threads": .int(threads),
        ]
    }

    func json(_ speeds: ProductSpeeds, _ equalThreadCounts: [Int], isBusy: Bool) -> JSONValue {
        var object = members
        object["gigaflops"] = speeds.json
        if isBusy { object["busy"] = .bool(true) }
        object["equal_thread_counts"] = .array(equalThreadCounts.map { .int($0) })
        return .object(object)
    }

    /// Reads the thread counts; nil if they are invalid for the number of threads in use.
    func equalThreadCounts(_ json: JSONValue) -> [Int]? {
        guard let counts = json["equal_thread_counts"].array?.compactMap(\.int), counts.last == threads,
            counts == Set(counts).sorted(), counts.first.map({ $0 > 0 }) == true
        else { return nil }
        return counts
    }

    /// Reads the speeds; nil if the file is from another machine or damaged.
    func speeds(_ json: JSONValue) -> ProductSpeeds? {
        guard members.members.allSatisfy({ json[$0.name] == $0.value }) else { return nil }
        var bfloat16: [ProductRoutes.BFloat16: Double] = [:]
        for route in ProductRoutes.BFloat16.available {
            guard let speed = json["gigaflops"][route.rawValue].double, speed > 0 else { return nil }
            bfloat16[route] = speed
        }
        var float32: [ProductRoutes.Float32: Double] = [:]
        for route in ProductRoutes.Float32.allCases where route != .oneDNN || ProductRoutes.hasOneDNN {
            guard let speed = json["gigaflops"]["fp32 \(route.rawValue)"].double, speed > 0 else {
                return nil
            }
            float32[route] = speed
        }
        return ProductSpeeds(float32: float32, bfloat16: bfloat16, int8: json["gigaflops"]["int8"].double)
    }
}

/// The CPU's name, such as `AMD EPYC 7763`; nil if unknown.
public func processorName() -> String? {
    #if os(Linux)
    guard let text = try? String(contentsOf: URL(filePath: "/proc/cpuinfo"), encoding: .utf8),
        let line = text.split(separator: "\n").first(where: { $0.hasPrefix("model name") }),
        let colon = line.firstIndex(of: ":")
    else { return nil }
    return line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
    #else
    var size = 0
    sysctlbyname("machdep.cpu.brand_string", nil, &size, nil, 0)
    guard size > 0 else { return nil }
    var name = [CChar](repeating: 0, count: size)
    guard sysctlbyname("machdep.cpu.brand_string", &name, &size, nil, 0) == 0 else { return nil }
    return String(cString: name)
    #endif
}
