import Checkpoints
import Foundation
import JSON
import Models
import Tokenization

/// The small files of a model that are not in a folder: members of a single file, or texts in the metadata of a GGUF file.
///
/// They have the names and contents that they would have in a folder.
struct EmbeddedFiles {
    /// The file that they are in.
    let path: String
    private let contents: (_ name: String) -> [UInt8]?

    /// The files in a single file.
    init(_ file: AttuneFile) {
        path = file.path
        contents = file.contents(of:)
    }

    /// The files in a GGUF file; nil if Attune did not write it.
    init?(_ file: GGUFFile, path: String) {
        guard file.metadata[GGUFKeys.file + "config.json"]?.string != nil else { return nil }
        self.path = path
        contents = { name in
            let key = name == "tokenizer.json" ? GGUFKeys.tokenizer : GGUFKeys.file + name
            return file.metadata[key]?.string.map { Array($0.utf8) }
        }
    }

    /// The files in a model that is a file; nil for folders, other files, and GGUF files without them.
    ///
    /// - Parameter path: A model's place.
    /// - Throws: `CheckpointError` for a damaged file.
    init?(at path: String) throws {
        switch try? ModelPlace(path) {
        case .single(let url): try self.init(AttuneFile(contentsOf: url))
        case .gguf(let url): try self.init(GGUFFile(contentsOf: url), path: path)
        case .folder, .adapter, nil: return nil
        }
    }

    private func place(of name: String) -> String { "\(path) (\(name))" }

    /// Reads `config.json`.
    func configuration() throws(ModelError) -> ModelConfiguration {
        guard let bytes = contents("config.json") else {
            throw ModelError(.missingFile, "\(path) has no config.json; export it again")
        }
        return try ModelConfiguration(parsing: bytes, source: place(of: "config.json"))
    }

    /// Reads `attune.json`; without it, all settings are nil.
    func settings() throws(ModelError) -> ClassifierSettings {
        guard let bytes = contents(ClassifierSettings.fileName) else { return ClassifierSettings() }
        return try ClassifierSettings(parsing: bytes, source: place(of: ClassifierSettings.fileName))
    }

    /// Reads `decisions.json` and compares its labels with the model's; nil without the file.
    func decisions(for configuration: ModelConfiguration) throws(ModelError) -> Decisions? {
        guard let bytes = contents(Decisions.fileName) else { return nil }
        let path = place(of: Decisions.fileName)
        let decisions = try Decisions(parsing: bytes, path: path)
        try decisions.requireLabels(of: configuration, path: path)
        return decisions
    }

    /// Reads the tokenizer's files.
    func tokenizer() throws(TokenizerError) -> Tokenizer { try Tokenizer(in: path, contents: contents) }

    /// Reads `parity.json`; nil without the file.
    func parity() throws(ModelError) -> ParityRecord? {
        guard let bytes = contents(ParityRecord.fileName) else { return nil }
        return try ParityRecord(parsing: bytes, path: place(of: ParityRecord.fileName))
    }
}
