public import Classification
import Datasets
public import Evaluation
import Files
public import Foundation
import JSON
import Models

/// A linear baseline and the columns of its texts, as the file `baseline.bin` of a folder.
///
/// The file has the length of a JSON header as eight bytes, the header, then numbers: the hash and the weight of each feature, the
/// intercepts and the weights, all little-endian.
public struct SavedBaseline: Sendable, Equatable {
    /// The baseline.
    public let baseline: LinearBaseline
    /// The column of texts that it was trained on.
    public let textColumn: String
    /// The column of second texts; nil for single texts.
    public let textPairColumn: String?

    /// The name of the file in its folder.
    public static let fileName = "baseline.bin"

    /// Creates a saved baseline.
    ///
    /// - Parameters:
    ///   - baseline: The baseline.
    ///   - textColumn: The column of texts that it was trained on.
    ///   - textPairColumn: The column of second texts; nil for single texts.
    public init(_ baseline: LinearBaseline, textColumn: String, textPairColumn: String? = nil) {
        (self.baseline, self.textColumn, self.textPairColumn) = (baseline, textColumn, textPairColumn)
    }

    /// The problem type of the baseline.
    public var problemType: ProblemType {
        switch baseline.kind {
        case .classes: .singleLabel
        case .labelSets: .multiLabel
        case .number: .regression
        }
    }

    /// Predicts the answers for texts.
    ///
    /// - Parameters:
    ///   - texts: The texts.
    ///   - pairedTexts: The second texts of pairs.
    /// - Returns: One prediction per text, in order.
    public func predictions(of texts: [String], pairedTexts: [String]? = nil) -> [Prediction] {
        let count = baseline.labels.count
        let scores = baseline.scores(of: joined(texts, pairedTexts))
        return texts.indices.map { row in
            Prediction(
                logits: Array(scores[row * count..<(row + 1) * count]),
                labels: baseline.labels,
                problemType: problemType
            )
        }
    }

    // MARK: File

    /// Writes the file atomically.
    ///
    /// - Parameter folder: The folder; it is created if necessary.
    /// - Throws: `FileError`.
    public func save(to folder: URL) throws {
        try makeFolder(folder)
        let header = JSONValue.object([
            "format": .string(Self.format), "version": .int(1), "kind": .string(baseline.kind.rawValue),
            "labels": .array(baseline.labels.map(JSONValue.string)),
            "features": .int(baseline.featureHashes.count),
            "uses_characters": .bool(baseline.usesCharacters),
            "columns": .array(baseline.columns.map(JSONValue.int)),
            "constants": .array(baseline.constants.map { .double(Double($0)) }),
            "text_column": .string(textColumn),
            "text_pair_column": textPairColumn.map(JSONValue.string) ?? .null,
        ])
        let text = Data(header.oneLine.utf8)
        var data = Data()
        func add<Element: BitwiseCopyable>(_ elements: [Element]) {
            elements.withUnsafeBytes { data.append(contentsOf: $0) }
        }
        add([UInt64(text.count).littleEndian])
        data.append(text)
        add(baseline.featureHashes.map(\.littleEndian))
        add(baseline.featureWeights.map(\.bitPattern.littleEndian))
        add(baseline.intercepts.map(\.bitPattern.littleEndian))
        add(baseline.weights.map(\.bitPattern.littleEndian))
        try writeAtomically(data, to: folder.appending(path: Self.fileName))
    }

    /// Reads the file.
    ///
    /// - Parameter folder: The folder.
    /// - Throws: `ModelError` for a missing or damaged file.
    public init(folder: URL) throws {
        let url = folder.appending(path: Self.fileName)
        let path = url.path(percentEncoded: false)
        guard FileManager.default.fileExists(atPath: path) else {
            throw ModelError(
                .missingFile,
                "\(path) is missing; name a folder that `attune baseline --output-dir` wrote"
            )
        }
        let damaged = ModelError(
            .mismatchedCheckpoint,
            "\(path) is damaged; write it again with `attune baseline --output-dir`"
        )
        var reader = BinaryReader(data: try Data(contentsOf: url, options: .mappedIfSafe))
        guard let length = reader.take(1, UInt64.self)?.first,
            let size = Int(exactly: UInt64(littleEndian: length)),
            let text = reader.bytes(size), let header = try? JSONValue.parse(text),
            header["format"].string == Self.format
        else { throw damaged }
        guard header["version"].int == 1 else {
            throw ModelError(.unsupported, "\(path) was written by a newer version; update Attune")
        }
        let columns = (header["columns"].array ?? []).compactMap(\.int)
        guard let kind = header["kind"].string.flatMap(LinearBaseline.Kind.init),
            let count = header["features"].int,
            let usesCharacters = header["uses_characters"].bool,
            let textColumn = header["text_column"].string,
            let hashes = reader.take(count, UInt64.self), let frequencies = reader.take(count, UInt64.self),
            let intercepts = reader.take(columns.count, UInt32.self),
            let weights = reader.take(count.multipliedReportingOverflow(by: columns.count), UInt32.self),
            reader.isAtEnd,
            let baseline = LinearBaseline(
                kind: kind,
                labels: (header["labels"].array ?? []).compactMap(\.string),
                usesCharacters: usesCharacters,
                featureHashes: hashes.map(UInt64.init(littleEndian:)),
                featureWeights: frequencies.map { Double(bitPattern: UInt64(littleEndian: $0)) },
                columns: columns,
                constants: (header["constants"].array ?? []).compactMap { $0.double.map(Float.init) },
                weights: weights.map { Float(bitPattern: UInt32(littleEndian: $0)) },
                intercepts: intercepts.map { Float(bitPattern: UInt32(littleEndian: $0)) }
            )
        else { throw damaged }
        self.init(baseline, textColumn: textColumn, textPairColumn: header["text_pair_column"].string)
    }

    private static let format = "attune-baseline"
}

/// The texts of pairs as one text each.
func joined(_ texts: [String], _ pairedTexts: [String]?) -> [String] {
    pairedTexts.map { zip(texts, $0).map { "\($0)\n\($1)" } } ?? texts
}

/// Reads numbers from bytes, and refuses to read beyond their end.
private struct BinaryReader {
    let data: Data
    private var position = 0

    init(data: Data) { self.data = data }

    var isAtEnd: Bool { position == data.count }

    mutating func bytes(_ count: Int) -> Data? {
        guard count >= 0, count <= data.count - position else { return nil }
        defer { position += count }
        return data[data.startIndex + position..<data.startIndex + position + count]
    }

    mutating func take<Element: BitwiseCopyable & FixedWidthInteger>(
        _ count: Int,
        _: Element.Type
    ) -> [Element]? {
        guard count >= 0, count <= (data.count - position) / MemoryLayout<Element>.size,
            let bytes = bytes(count * MemoryLayout<Element>.size)
        else { return nil }
        return [Element](unsafeUninitializedCapacity: count) { elements, filled in
            _ = bytes.copyBytes(to: elements)
            filled = count
        }
    }

    mutating func take<Element: BitwiseCopyable & FixedWidthInteger>(
        _ count: (partialValue: Int, overflow: Bool),
        _ type: Element.Type
    ) -> [Element]? {
        count.overflow ? nil : take(count.partialValue, type)
    }
}
