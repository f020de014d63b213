import Foundation

extension Data {
    /// Gathers parts in a nameless file that is mapped, so that files larger than memory can be uploaded.
    ///
    /// - Parameter parts: The parts, in order.
    /// - Returns: The joined bytes; in memory if they are few or the file cannot be written.
    static func joined(_ parts: [Data]) -> Data {
        let place = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        guard parts.reduce(0, { $0 + $1.count }) > 16 << 20,
            FileManager.default.createFile(atPath: place.path(percentEncoded: false), contents: nil),
            let file = try? FileHandle(forWritingTo: place)
        else { return parts.reduce(into: Data()) { $0.append($1) } }
        defer { try? FileManager.default.removeItem(at: place) }
        do {
            for part in parts { try file.write(contentsOf: part) }
            try file.close()
            return try Data(contentsOf: place, options: .alwaysMapped)
        } catch { return parts.reduce(into: Data()) { $0.append($1) } }
    }
}
