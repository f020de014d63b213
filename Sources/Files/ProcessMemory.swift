import Foundation

/// The memory used by this process, and the memory that the machine has left.
public struct ProcessMemory: Sendable, Equatable {
    /// The bytes resident now.
    public var resident: Int
    /// The peak of resident bytes.
    public var peak: Int

    /// Reads the values from the system.
    ///
    /// - Returns: The values; nil if the system has no `/proc`.
    public static func now() -> ProcessMemory? {
        guard let status = fields(of: "/proc/self/status"), let resident = status["VmRSS"],
            let peak = status["VmHWM"]
        else { return nil }
        return ProcessMemory(resident: resident, peak: peak)
    }

    /// The bytes that can be allocated without swapping; nil if the system has no `/proc`.
    public static func available() -> Int? { fields(of: "/proc/meminfo")?["MemAvailable"] }

    /// The bytes of the machine's memory; nil if the system has no `/proc`.
    public static func installed() -> Int? { fields(of: "/proc/meminfo")?["MemTotal"] }

    /// Parses lines such as `VmRSS:   1234 kB` into bytes.
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

    /// The resident bytes of the C heap, whether in use or kept for the next allocation.
    ///
    /// The system walks all pages of the process, which takes milliseconds: do not call it in every step.
    public static func residentHeap() -> Int {
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
        // Files in `/proc` report no size, so read to the end.
        guard let file = FileHandle(forReadingAtPath: path), let data = try? file.readToEnd() else {
            return nil
        }
        return String(decoding: data, as: UTF8.self)
    }
}
