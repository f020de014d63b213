import Files
import Foundation
public import JSON

/// A record of everything that determines the bytes of predictions, kept next to parts and shards.
public struct PredictionManifest: Sendable, Equatable {
    /// The fields.
    public let fields: JSONObject

    static let version = 1

    /// Creates a manifest.
    ///
    /// - Parameters:
    ///   - inputs: The files of rows.
    ///   - model: The folders or files of the model, its adapter and its base.
    ///   - settings: Everything else that determines the answers.
    ///   - columns: The columns of predictions.
    ///   - format: The format of the output.
    ///   - rows: The range of rows.
    ///   - total: The number of all rows.
    ///   - rowsPerPart: The number of rows in a part.
    /// - Throws: `FileError` if a file cannot be read.
    public init(
        inputs: [String],
        model: [String],
        settings: JSONObject,
        columns: [String],
        format: PredictionFormat,
        rows: Range<Int>,
        total: Int,
        rowsPerPart: Int
    ) throws(FileError) {
        var files: [JSONValue] = []
        for input in inputs { files.append(try ContentFingerprint.ofInput(input)) }
        let members: JSONObject = [
            "version": .int(Self.version), "input": .array(files),
            "total_rows": .int(total), "first_row": .int(rows.lowerBound), "end_row": .int(rows.upperBound),
            "rows_per_part": .int(rowsPerPart),
            "model": .string(try ContentFingerprint.ofModel(model)),
            "settings": .object(settings), "columns": .array(columns.map(JSONValue.string)),
            "format": .string(format.rawValue),
        ]
        fields = Self.written(members)
    }

    /// The fields as they are read from a file, where members are sorted.
    private static func written(_ fields: JSONObject) -> JSONObject {
        (try? JSONValue.parse(JSONValue.object(fields).formatted.utf8))?.object ?? fields
    }

    init(fields: JSONObject) { self.fields = fields }

    /// Reads a manifest.
    ///
    /// - Parameter file: The file.
    /// - Returns: Nil if there is none.
    /// - Throws: `DatasetError` if it is damaged.
    static func read(_ file: URL) throws -> PredictionManifest? {
        guard let data = try? Data(contentsOf: file) else { return nil }
        let json = try? JSONValue.parse(data)
        guard let fields = json?.object, fields["version"].int == version else {
            throw DatasetErrors.damagedManifest(file.path(percentEncoded: false))
        }
        return PredictionManifest(fields: fields)
    }

    func write(to file: URL) throws(FileError) {
        try writeAtomically(Data(JSONValue.object(fields).formatted.utf8), to: file)
    }

    /// The first field that differs from another manifest, with both values; nil if none does.
    ///
    /// - Parameters:
    ///   - other: The manifest to compare with.
    ///   - ignored: Fields that may differ.
    /// - Returns: The field's path, such as `settings.threshold`, and the values of this and the other manifest.
    func difference(
        from other: PredictionManifest,
        ignoring ignored: Set<String> = []
    ) -> (field: String, own: String, other: String)? {
        Self.difference(fields, other.fields, "", ignored)
    }

    private static func difference(
        _ own: JSONObject,
        _ other: JSONObject,
        _ prefix: String,
        _ ignored: Set<String>
    ) -> (field: String, own: String, other: String)? {
        // The number of rows follows from the input.
        let first = ["version", "input", "model", "settings", "columns", "format"].filter(own.contains)
        let names = first + own.members.map(\.name) + other.members.map(\.name)
        for name in names where !ignored.contains(prefix + name) && own[name] != other[name] {
            if let first = own[name].object, let second = other[name].object {
                return difference(first, second, "\(prefix)\(name).", ignored)
            }
            return (prefix + name, own[name].oneLine, other[name].oneLine)
        }
        return nil
    }
}
