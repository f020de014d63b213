package import Files
public import Foundation
import JSON
public import Models

// `attune.json`: one field per line, the most interesting ones first.
extension ClassifierSettings {
    /// The file's name in a model's folder.
    public static let fileName = "attune.json"

    /// The version of the file.
    ///
    /// A new field does not change the version; a new meaning of a field does.
    public static let version = 1

    /// Larger files are rejected without reading: ten thousand long label names take less than a megabyte.
    private static let largest = 64 << 20

    /// Reads the settings of a model.
    ///
    /// - Parameter path: A model's folder, or a file; a `.gguf` file has settings only if Attune wrote it.
    /// - Throws: The errors of ``init(folder:)``.
    public init(model path: String) throws(ModelError) {
        var isFolder: ObjCBool = false
        let isThere = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        if isThere, isFolder.boolValue {
            try self.init(folder: URL(filePath: path, directoryHint: .isDirectory))
        } else if let files = try? EmbeddedFiles(at: path) {
            self = try files.settings()
        } else {
            self.init()
        }
    }

    /// Reads a model folder's `attune.json`.
    ///
    /// - Parameter folder: A folder in the Hub's layout, which links may not leave. Without the file, all settings are nil.
    /// - Throws: ``ModelError`` if the file cannot be read or is damaged, naming file and field.
    public init(folder: URL) throws(ModelError) {
        let file: MappedFile
        do throws(FileError) {
            file = try MappedFile(contentsOf: containedFile(Self.fileName, in: folder))
        } catch {
            let path = folder.appending(path: Self.fileName).path(percentEncoded: false)
            // A link without a target is an error; a missing file is not.
            let isLink = (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) != nil
            guard error.code == .missing, !isLink else { throw ModelError(.badConfiguration, error.message) }
            self.init()
            return
        }
        guard file.bytes.count <= Self.largest else {
            throw Self.damaged(file.path, "it has \(file.bytes.count) bytes")
        }
        try self.init(parsing: file.bytes, source: file.path)
    }

    /// Parses the text of an `attune.json`.
    ///
    /// - Parameters:
    ///   - bytes: The file's contents.
    ///   - source: Its path, for messages.
    /// - Throws: `.badConfiguration` unless it is a JSON object with fields of the right types, each at most once, and of
    ///     this version.
    public init(parsing bytes: some Collection<UInt8>, source: String) throws(ModelError) {
        let document: JSONValue
        do throws(JSONError) {
            document = try JSONValue.parse(bytes)
        } catch {
            throw Self.damaged(source, "\(error)")
        }
        guard let object = document.object else {
            throw Self.damaged(source, "it holds \(document.kind), not an object")
        }
        self.init()
        try Self.requireVersion(object, source)
        let fields = Field.all
        var known: Set<[UInt8]> = []
        for member in object.members {
            guard known.insert(Array(member.name.utf8)).inserted else {
                throw Self.damaged(source, "the field \"\(shortened(member.name))\" is given twice")
            }
            if member.name == "version" { continue }
            guard let field = fields.first(where: { $0.name == member.name }) else {
                laterFields[member.name] = member.value
                continue
            }
            guard member.value == .null || field.read(&self, member.value) else {
                throw Self.damaged(
                    source,
                    "\(field.name) must be \(field.expected), but is \(shortened(member.value.kind))"
                )
            }
        }
    }

    private static func requireVersion(_ object: JSONObject, _ source: String) throws(ModelError) {
        let found = object["version"]
        guard let version = found.int, version > 0 else {
            let state = object.contains("version") ? "but is \(shortened(found.kind))" : "but is missing"
            throw damaged(source, "version must be a whole number from 1, \(state)")
        }
        guard version <= Self.version else {
            throw ModelError(
                .badConfiguration,
                "\(source) has version \(version), but this Attune reads version \(Self.version): update Attune, or "
                    + "remove the file to use the model without its settings"
            )
        }
    }

    private static func damaged(_ source: String, _ reason: String) -> ModelError {
        ModelError(
            .badConfiguration,
            "\(source) is damaged: \(reason); fix it, or remove it to use the model without its settings"
        )
    }

    /// The text of `attune.json`: one field per line.
    public var formatted: String {
        var members = [("version", JSONValue.int(Self.version))]
        members += Field.all.map { ($0.name, $0.write(self)) }.filter { $0.1 != .null }
        members += laterFields.members.map { ($0.name, $0.value) }
        let lines = members.map { "  " + JSONValue.string($0.0).compact + ": " + $0.1.compact }
        return "{\n" + lines.joined(separator: ",\n") + "\n}\n"
    }

    /// Writes `attune.json` atomically.
    ///
    /// - Parameter folder: The model's folder, which must exist.
    /// - Throws: `FileError` if it cannot be written.
    package func save(to folder: URL) throws(FileError) {
        try writeAtomically(Data(formatted.utf8), to: folder.appending(path: Self.fileName))
    }
}

/// The beginning of a string from a file, to keep messages short.
private func shortened(_ text: String) -> String {
    text.unicodeScalars.count > 80 ? String(text.unicodeScalars.prefix(80)) + "…" : text
}
