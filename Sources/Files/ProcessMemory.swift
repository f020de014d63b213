import Foundation

/// What this process takes of the machine's memory, and what the machine has left.
public struct ProcessMemory: Sendable, Equatable {
    /// Bytes resident now.
    public var resident: Int
    /// The most that were resident at once.
    public var peak: Int
    /// Bytes of the C heap that are resident, whether in use or kept for the next allocation.
    public var heap: Int

    /// Asks the system.
    ///
    /// - Returns: Nil where it has no `/proc`.
    public static func now() -> ProcessMemory? {
        guard let status = fields(of: "/proc/self/status"), let resident = status["VmRSS"],
            let peak = status["VmHWM"]
        else { return nil }
        return ProcessMemory(resident: resident, peak: peak, heap: heapResident())
    }

    /// Bytes that new work may take before others suffer; nil where the system has no `/proc`.
    public static func available() -> Int? { fields(of: "/proc/meminfo")?["MemAvailable"] }

    /// Bytes of the machine's memory; nil where the system has no `/proc`.
    public static func installed() -> Int? { fields(of: "/proc/meminfo")?["MemTotal"] }

    /// Lines such as `VmRSS:   1234 kB`, in bytes.
    private static func fields(of path: String) -> [String: Int]? {
        guard let text = text(of: path) else { return nil }
        var fields: [String: Int] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(whereSeparator: \.isWhitespace)
            guard words.count == 3, words[2] == "kB", let kilobytes = Int(words[1]) else { continue }
            fields[String(words[0].dropLast())] = kilobytes * 1024
        }
        return fields
    }

    /// What the map of addresses says of the heap.
    private static func heapResident() -> Int {
        var isHeap = false
        for line in text(of: "/proc/self/smaps")?.split(separator: "\n") ?? [] {
            if line.hasSuffix("[heap]") {
                isHeap = true
            } else if isHeap, line.hasPrefix("Rss:") {
                let words = line.split(whereSeparator: \.isWhitespace)
                return (words.count > 1 ? Int(words[1]) ?? 0 : 0) * 1024
            }
        }
        return 0
    }

    private static func text(of path: String) -> String? {
        // The system's files have no size to ask for, so they are read to their end.
        guard let file = FileHandle(forReadingAtPath: path), let data = try? file.readToEnd() else {
            return nil
        }
        return String(decoding: data, as: UTF8.self)
    }
}
