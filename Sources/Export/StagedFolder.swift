import Files
import Foundation

/// A folder that appears whole or not at all.
enum StagedFolder {
    /// Fills a folder under another name next to its place, and moves it there.
    ///
    /// - Parameters:
    ///   - folder: The place; a folder there must be empty.
    ///   - body: Receives the folder to fill.
    /// - Throws: `FileError` if the place holds files or cannot be written to; the errors of `body`, after which nothing is left.
    static func fill(_ folder: URL, _ body: (URL) throws -> Void) throws {
        let manager = FileManager.default
        let place = folder.standardizedFileURL
        let path = place.path(percentEncoded: false)
        if let present = try? manager.contentsOfDirectory(atPath: path), !present.isEmpty {
            throw FileError(.exists, "\(path) is not empty; give a new folder")
        }
        let name = ".\(place.lastPathComponent).\(UInt64.random(in: 0 ... .max))"
        let staged = place.deletingLastPathComponent().appending(path: name, directoryHint: .isDirectory)
        try makeFolder(staged)
        do {
            try body(staged)
            try move(staged, to: place)
        } catch {
            try? manager.removeItem(at: staged)
            throw error
        }
    }

    private static func move(_ staged: URL, to place: URL) throws(FileError) {
        let manager = FileManager.default
        do {
            let path = place.path(percentEncoded: false)
            if manager.fileExists(atPath: path) { try manager.removeItem(at: place) }
            try manager.moveItem(at: staged, to: place)
        } catch {
            throw FileError(changing: place, error)
        }
    }

    /// The files of a folder with their sizes: the weights first, then by size.
    ///
    /// - Parameter folder: A folder that was filled.
    /// - Returns: The files, not those of its subfolders.
    static func files(of folder: URL) -> [(url: URL, bytes: Int)] {
        let path = folder.path(percentEncoded: false)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        func isWeights(_ name: String) -> Bool { name.hasSuffix(".safetensors") }
        let files = names.sorted().map { name in
            let url = folder.appending(path: name)
            return (url: url, bytes: fileSize(url) ?? 0, isFirst: isWeights(name))
        }
        return files.sorted { $0.isFirst == $1.isFirst ? $0.bytes > $1.bytes : $0.isFirst }
            .map { ($0.url, $0.bytes) }
    }
}
