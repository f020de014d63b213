import Datasets
import Files
public import Foundation
import JSON

/// A shard of a prediction: one of several runs that share the rows of an input.
public struct PredictionShard: Sendable, Equatable {
    /// The zero-based number of the shard.
    public let index: Int
    /// The number of shards.
    public let count: Int

    /// Creates a shard.
    ///
    /// - Parameters:
    ///   - index: The zero-based number of the shard.
    ///   - count: The number of shards.
    public init(index: Int, of count: Int) { (self.index, self.count) = (index, count) }

    /// Reads a shard such as `3/16`, whose last one is `15/16`.
    ///
    /// - Parameter text: The zero-based number, a slash, and the number of shards.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let index = parts[0], let count = parts[1], count > 0,
            (0..<count).contains(index)
        else { return nil }
        self.init(index: index, of: count)
    }

    /// The file that describes a shard's output: `OUTPUT.manifest.json`.
    static func manifest(of output: URL) -> URL {
        URL(filePath: output.path(percentEncoded: false) + ".manifest.json")
    }
}

/// The joining of the outputs of all shards.
public enum ShardMerge {
    private struct Part {
        var file: URL
        var manifest: PredictionManifest
        var index: Int
        var count: Int
        var first: Int
        var end: Int
    }

    /// Joins the outputs of all shards in the order of the rows.
    ///
    /// - Parameters:
    ///   - files: The outputs, in any order, each next to its manifest.
    ///   - sink: Receives the joined output, and is closed.
    ///   - format: The format of the joined output, which must be that of the shards; nil for any.
    /// - Returns: The number of rows of the input.
    /// - Throws: `DatasetError` naming a shard that is missing, given twice, damaged or of another prediction; `FileError`.
    public static func merge(
        _ files: [URL],
        into sink: any ByteSink,
        as format: PredictionFormat? = nil
    ) throws -> Int {
        var parts: [Part] = []
        for file in files { parts.append(try part(file)) }
        guard let first = parts.first else { return 0 }
        let own: Set = ["first_row", "end_row", "shard", "shards", "output_bytes", "output_sha256"]
        for part in parts {
            if part.count != first.count {
                throw refusal(part, "is of \(part.count) shards, but \(name(first)) is of \(first.count)")
            }
            if let (field, value, other) = part.manifest.difference(from: first.manifest, ignoring: own) {
                throw refusal(part, "has another \(field) (\(value)) than \(name(first)) (\(other))")
            }
        }
        for (index, same) in Dictionary(grouping: parts, by: \.index) where same.count > 1 {
            throw refusal(same[1], "is shard \(index)/\(first.count), as \(name(same[0])) is")
        }
        let missing = Set(0..<first.count).subtracting(parts.map(\.index)).sorted()
        guard missing.isEmpty else {
            let shown = missing.prefix(8).map { "\($0)/\(first.count)" }.joined(separator: ", ")
            throw DatasetError(
                .badData,
                "\(missing.count == 1 ? "shard \(shown) is" : "shards \(shown)\(missing.count > 8 ? ", …" : "") are") missing"
            )
        }
        parts.sort { $0.index < $1.index }
        var row = 0
        for part in parts {
            guard part.first == row, part.end >= row else {
                throw refusal(part, "begins at row \(part.first), but row \(row) is due")
            }
            row = part.end
        }
        let total = first.manifest.fields["total_rows"].int ?? 0
        guard row == total,
            let kind = PredictionFormat(rawValue: first.manifest.fields["format"].string ?? "")
        else { throw refusal(parts[parts.count - 1], "ends at row \(row) of \(total)") }
        if let format, format != kind {
            throw DatasetError(
                .badData,
                "the shards are .\(kind.rawValue) files, which cannot be joined as .\(format.rawValue); name --output accordingly, "
                    + "and convert it with `attune data convert`"
            )
        }
        let hasHeader = kind == .csv || kind == .tsv
        var joined: [(URL, Int)] = []
        for (place, part) in parts.enumerated() {
            try check(part)
            joined.append((part.file, hasHeader && place > 0 ? try headerLength(of: part.file) : 0))
        }
        try PredictionJoin.join(joined, kind, into: sink)
        return total
    }

    private static func part(_ file: URL) throws -> Part {
        let path = file.path(percentEncoded: false)
        guard FileManager.default.fileExists(atPath: path) else {
            throw DatasetError(.missingFile, "cannot read \(path): there is no such file")
        }
        let place = PredictionShard.manifest(of: file)
        guard let manifest = try PredictionManifest.read(place) else {
            throw DatasetError(
                .missingFile,
                "\(path) has no \(place.lastPathComponent): it is not the complete output of `attune predict --shard`"
            )
        }
        let fields = manifest.fields
        guard let index = fields["shard"].int, let count = fields["shards"].int,
            let first = fields["first_row"].int, let end = fields["end_row"].int
        else { throw DatasetErrors.damagedManifest(place.path(percentEncoded: false)) }
        return Part(file: file, manifest: manifest, index: index, count: count, first: first, end: end)
    }

    /// Compares a shard with the size and hash in its manifest.
    private static func check(_ part: Part) throws {
        let file = try MappedFile(contentsOf: part.file)
        guard part.manifest.fields["output_bytes"].int == file.bytes.count,
            part.manifest.fields["output_sha256"].string == file.sha256
        else { throw refusal(part, "is not the file that its manifest describes; run this shard again") }
    }

    /// The number of bytes of the header, whose names may hold line breaks in quotes.
    private static func headerLength(of file: URL) throws(FileError) -> Int {
        try MappedFile(contentsOf: file).withBytes { bytes in
            var isQuoted = false
            for (index, byte) in bytes.enumerated() {
                if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
                if byte == 0x0A, !isQuoted { return index + 1 }
            }
            return 0
        }
    }

    private static func name(_ part: Part) -> String { part.file.lastPathComponent }

    private static func refusal(_ part: Part, _ reason: String) -> DatasetError {
        DatasetError(.badData, "\(part.file.path(percentEncoded: false)) \(reason)")
    }
}
