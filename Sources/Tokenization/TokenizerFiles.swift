import Files
import Foundation

/// A tokenizer's files, byte for byte as they were read.
struct TokenizerFiles: Sendable {
    /// The name of the file with the pipeline.
    static let tokenizerName = "tokenizer.json"
    /// The name of the file with the settings.
    static let configName = "tokenizer_config.json"
    /// The name of the file with the special tokens.
    static let specialTokensName = "special_tokens_map.json"
    /// The name of the file with the chat template.
    static let chatTemplateName = "chat_template.jinja"

    /// `tokenizer.json`.
    var tokenizer: [UInt8]
    /// `tokenizer_config.json`, if present.
    var config: [UInt8]?
    /// `special_tokens_map.json`, if present.
    var specialTokens: [UInt8]?
    /// `chat_template.jinja`, if present.
    var chatTemplate: [UInt8]?
    /// The model's `config.json`, if present; the tokenizer does not save it.
    var modelConfiguration: [UInt8]?

    /// Reads the files of a folder, or builds them from its vocabulary files.
    init(folder: URL) throws(TokenizerError) {
        let json = folder.appendingPathComponent(Self.tokenizerName)
        if !FileManager.default.fileExists(atPath: json.path), let bare = VocabularyFolder(folder) {
            self = try bare.files()
            return
        }
        try self.init(tokenizerJSON: json)
        config = try Self.readIfPresent(folder.appendingPathComponent(Self.configName))
        specialTokens = try Self.readIfPresent(folder.appendingPathComponent(Self.specialTokensName))
        chatTemplate = try Self.readIfPresent(folder.appendingPathComponent(Self.chatTemplateName))
        modelConfiguration = try Self.readIfPresent(folder.appendingPathComponent("config.json"))
    }

    /// Reads a tokenizer.json without other files.
    init(tokenizerJSON: URL) throws(TokenizerError) {
        tokenizer = try Self.read(tokenizerJSON)
    }

    /// Takes a tokenizer.json from memory.
    init(tokenizer: [UInt8]) { self.tokenizer = tokenizer }

    /// The contents of a file; nil if it is missing.
    static func readIfPresent(_ url: URL) throws(TokenizerError) -> [UInt8]? {
        FileManager.default.fileExists(atPath: url.path) ? try read(url) : nil
    }

    /// The contents of a required file.
    static func read(_ url: URL) throws(TokenizerError) -> [UInt8] {
        let bytes: [UInt8]
        do {
            bytes = Array(try Data(contentsOf: url))
        } catch {
            throw TokenizerError(
                .unreadable,
                "Cannot read '\(url.path)': \(error.localizedDescription) Expected a model's tokenizer file: "
                    + "\(tokenizerName), or one of \(VocabularyFolder.names)."
            )
        }
        // Empty files of vocabulary or settings have their own messages; only an empty tokenizer.json is reported here.
        if let standIn = StandIn(bytes), standIn != .empty || url.lastPathComponent == tokenizerName {
            throw TokenizerError(.corrupt, standIn.message(at: url.path))
        }
        return bytes
    }

    /// The files that are present, with their names.
    var named: [(name: String, contents: [UInt8])] {
        let files: [(String, [UInt8]?)] = [
            (Self.tokenizerName, tokenizer), (Self.configName, config),
            (Self.specialTokensName, specialTokens), (Self.chatTemplateName, chatTemplate),
        ]
        return files.compactMap { name, contents in contents.map { (name, $0) } }
    }

    /// Writes the files into a folder, each atomically.
    func write(to folder: URL) throws(TokenizerError) {
        do throws(FileError) {
            for (name, bytes) in named {
                try writeAtomically(Data(bytes), to: folder.appendingPathComponent(name))
            }
        } catch {
            throw TokenizerError(.unwritable, error.message)
        }
    }
}
