import Foundation
import JSON

/// A folder with vocabulary files and no `tokenizer.json`.
struct VocabularyFolder {
    /// The supported vocabulary files; the first one present is read.
    private enum Source: String, CaseIterable {
        case pairs = "vocab.json"
        case words = "vocab.txt"
        case model = "tokenizer.model"
        case spiece = "spiece.model"
        case spm = "spm.model"
        case sentencePiece = "sentencepiece.bpe.model"
        case sentencePieceModel = "sentencepiece.model"
    }

    private let folder: URL
    private let source: Source

    /// Looks for a vocabulary file.
    ///
    /// - Returns: Nil if the folder has none.
    init?(_ folder: URL) {
        let found = Source.allCases.first { source in
            FileManager.default.fileExists(atPath: folder.appendingPathComponent(source.rawValue).path)
        }
        guard let found else { return nil }
        self.folder = folder
        source = found
    }

    /// The names of the supported files.
    static var names: String { Source.allCases.map(\.rawValue).joined(separator: ", ") }

    /// Builds the files of the tokenizer that the folder describes.
    ///
    /// - Throws: `.unreadable`, `.corrupt` or `.unsupported`, naming the file.
    func files() throws(TokenizerError) -> TokenizerFiles {
        let config = try read(TokenizerFiles.configName)
        let settings = try SourceSettings(
            config: config,
            specialTokens: read(TokenizerFiles.specialTokensName),
            addedTokens: read("added_tokens.json")
        )
        let model = try modelConfiguration()
        let tokenizerClass = try TokenizerClass(
            name: settings.config["tokenizer_class"]?.string ?? model?["tokenizer_class"]?.string,
            modelType: model?["model_type"]?.string,
            source: source.rawValue
        )
        var files: TokenizerFiles
        do throws(TokenizerError) {
            var builder = try builder(tokenizerClass, settings)
            builder.className = model?["tokenizer_class"]?.string
            files = try builder.files()
        } catch {
            throw error.inside(folder.appendingPathComponent(source.rawValue).path)
        }
        files.chatTemplate = try read(TokenizerFiles.chatTemplateName)
        return files
    }

    private func modelConfiguration() throws(TokenizerError) -> JSONDocument.Value? {
        guard let bytes = try read("config.json") else { return nil }
        do throws(TokenizerError) {
            return try JSONDocument(parsing: bytes).root
        } catch {
            throw error.inside("config.json")
        }
    }

    private func builder(
        _ tokenizerClass: TokenizerClass,
        _ settings: SourceSettings
    ) throws(TokenizerError) -> TokenizerBuilder {
        let bytes = try TokenizerFiles.read(folder.appendingPathComponent(source.rawValue))
        let wanted: [TokenizerClass]
        switch source {
        case .words: wanted = [.bert, .mpnet]
        case .pairs: wanted = [.gpt2, .roberta, .qwen2, .gptNeoX, .deberta, .clip]
        default:
            wanted = [
                .llama, .gemma, .t5, .xlmRoberta, .camembert, .debertaV2, .albert, .xlnet, .generic,
            ]
        }
        guard wanted.contains(tokenizerClass) else {
            throw TokenizerError(
                .unsupported,
                "\(tokenizerClass.rawValue) cannot be built from this file, which fits only "
                    + wanted.map(\.rawValue).joined(separator: ", ")
                    + ". Check tokenizer_class in tokenizer_config.json."
            )
        }
        switch source {
        case .words: return try TokenizerBuilder(tokenizerClass, settings, wordList: bytes)
        case .pairs:
            let merges = try TokenizerFiles.read(folder.appendingPathComponent("merges.txt"))
            return try TokenizerBuilder(tokenizerClass, settings, vocabulary: bytes, merges: merges)
        default:
            return try TokenizerBuilder(
                tokenizerClass,
                settings,
                sentencePiece: SentencePieceModel(parsing: bytes)
            )
        }
    }

    private func read(_ name: String) throws(TokenizerError) -> [UInt8]? {
        try TokenizerFiles.readIfPresent(folder.appendingPathComponent(name))
    }
}
