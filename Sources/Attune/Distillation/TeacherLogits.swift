import Checkpoints
import Classification
import Files
import Foundation
import JSON
import Torch

/// The logits that a teacher gives to texts, kept in files so that they are computed once.
///
/// They are in `FOLDER/KEY`: a manifest, and a part for each window of ``BulkPrediction``. The key is a hash of everything that
/// determines them. A part has its final name only when it is complete, and a damaged one is computed again. So a killed run
/// continues, and runs with the same teacher and texts share a folder.
final class TeacherLogits {
    /// Everything that determines a teacher's logits.
    struct Identity {
        /// The teacher's folders or files, those of its base too.
        var teacher: [String]
        /// The teacher's labels by id.
        var labels: [String]
        /// The texts.
        var texts: TextInputs
        /// The type of matrix products.
        var precision: String
    }

    /// The folder of the manifest and the parts.
    let folder: URL
    /// The names of damaged parts.
    private(set) var damaged: [String] = []
    private let width: Int
    private let key: String
    private let ranges: [Range<Int>]
    private var parts: [[Float]?] = []
    private let claim: FolderClaim

    private static let version = 1

    /// Opens the logits of texts, those of an earlier run or none.
    ///
    /// - Parameters:
    ///   - identity: Everything that determines them.
    ///   - parent: The folder of all logits; created if necessary.
    /// - Throws: `FileError` if the folder cannot be written, or if another run writes these logits.
    init(_ identity: Identity, in parent: URL) throws {
        width = identity.labels.count
        ranges = PredictionWindows(labels: width).windows(of: identity.texts.count)
        let manifest = JSONValue.object([
            "version": .int(Self.version),
            "teacher": .string(try ContentFingerprint.ofModel(identity.teacher)),
            "labels": .array(identity.labels.map(JSONValue.string)), "texts": .string(identity.texts.sha256),
            "text_count": .int(identity.texts.count), "precision": .string(identity.precision),
        ]).formatted
        key = SHA256.hexadecimalDigest(of: manifest.utf8)
        folder = parent.appending(path: String(key.prefix(16)), directoryHint: .isDirectory)
        claim = try FolderClaim(folder)
        removeTemporaries(in: folder)
        try writeAtomically(Data(manifest.utf8), to: folder.appending(path: "manifest.json"))
        parts = ranges.map(stored)
    }

    /// The windows of texts whose logits are missing.
    var missing: [Range<Int>] { zip(ranges, parts).filter { $1 == nil }.map(\.0) }

    /// The logits of all texts, row by row, once none are missing.
    var logits: [Float] { parts.flatMap { $0 ?? [] } }

    /// Keeps the logits of a window.
    ///
    /// - Parameters:
    ///   - logits: The logits, row by row.
    ///   - window: One of ``missing``.
    /// - Throws: `CheckpointError`; `TorchError`.
    func keep(_ logits: [Float], of window: Range<Int>) throws {
        guard let index = ranges.firstIndex(of: window), logits.count == window.count * width else {
            throw FileError(.inputOutput, "the logits of texts \(window) have another size than expected")
        }
        try writeSafetensors(
            [("logits", try Tensor(logits, shape: [window.count, width]))],
            to: place(of: window),
            metadata: [
                "format": "pt", "key": key, "first_row": "\(window.lowerBound)",
                "sha256": Self.digest(logits),
            ]
        )
        parts[index] = logits
    }

    private func stored(_ window: Range<Int>) -> [Float]? {
        let file = place(of: window)
        guard FileManager.default.fileExists(atPath: file.path(percentEncoded: false)) else { return nil }
        guard let stored = try? SafetensorsFile(contentsOf: file), stored.metadata["key"] == key,
            let tensor = try? stored.tensor("logits"), tensor.shape == [window.count, width],
            tensor.dtype == .float32, let logits = try? tensor.array(of: Float.self),
            stored.metadata["sha256"] == Self.digest(logits)
        else {
            damaged.append(file.lastPathComponent)
            return nil
        }
        return logits
    }

    private func place(of window: Range<Int>) -> URL {
        let number = String(window.lowerBound)
        let digits = String(repeating: "0", count: max(0, 9 - number.count)) + number
        return folder.appending(path: "logits-\(digits).safetensors")
    }

    private static func digest(_ logits: [Float]) -> String {
        var hash = SHA256()
        logits.withUnsafeBytes { hash.update($0) }
        return hash.hexadecimalDigest()
    }
}

extension PredictionWindows {
    /// The windows of a number of rows.
    ///
    /// - Parameter count: The number of rows.
    /// - Returns: The ranges in order.
    func windows(of count: Int) -> [Range<Int>] {
        var windows: [Range<Int>] = []
        var start = 0
        while start < count {
            windows.append(window(at: start).clamped(to: start..<count))
            start = windows.last?.upperBound ?? count
        }
        return windows
    }
}

extension TextInputs {
    /// The SHA-256 of all texts with their lengths, in hexadecimal.
    var sha256: String {
        var hash = SHA256()
        func add(_ text: String) {
            hash.update("\(text.utf8.count):".utf8)
            hash.update(text.utf8)
        }
        switch self {
        case .texts(let texts): for text in texts { add(text) }
        case .pairs(let pairs):
            hash.update("pairs:".utf8)
            for (first, second) in pairs {
                add(first)
                add(second)
            }
        }
        return hash.hexadecimalDigest()
    }
}
