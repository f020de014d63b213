import Checkpoints
import Files
import Foundation
import Models
public import Tokenization

/// Where a model is on disk.
enum ModelPlace {
    case folder(ModelFolder)
    case gguf(URL)

    /// Tells a folder from a GGUF file.
    ///
    /// - Parameter path: The folder or file.
    /// - Throws: `.missingFile` if there is nothing; `.unsupported` for any other file, with what to give.
    init(_ path: String) throws(ModelError) {
        let url = URL(filePath: path)
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw ModelError(
                .missingFile,
                "there is no model at \(path): give a folder with config.json, or a .gguf file"
            )
        }
        if isFolder.boolValue {
            self = .folder(ModelFolder(url))
        } else if url.pathExtension.lowercased() == "gguf" {
            self = .gguf(url)
        } else {
            let isInModel = ["safetensors", "json", "bin", "model", "txt", "pt", "pth"].contains(
                url.pathExtension.lowercased()
            )
            let folder = url.deletingLastPathComponent().path(percentEncoded: false)
            throw ModelError(
                .unsupported,
                "\(path) is neither a model's folder nor a .gguf file"
                    + (isInModel ? "; give the folder that it is in: \(shellQuoted(folder))" : "")
            )
        }
    }
}

/// A model on disk, opened: a folder in the Hub's layout or a `.gguf` file.
struct ModelSource {
    let configuration: ModelConfiguration
    let checkpoint: any Checkpoint
    let tokenizer: Tokenizer
    /// The caller's choices, completed by those that the folder's `attune.json` keeps.
    let settings: ClassifierSettings
    /// What a person should know of the folder and those choices although it can be opened, a sentence each.
    let notes: [String]

    init(path: String, settings told: ClassifierSettings = .init()) throws {
        switch try ModelPlace(path) {
        case .folder(let folder): try self.init(folder: folder, told)
        case .gguf(let url): try self.init(gguf: url, told)
        }
    }

    private init(folder: ModelFolder, _ told: ClassifierSettings) throws {
        try folder.requireKnownLayout()
        let saved = try ClassifierSettings(folder: folder.url)
        let stored = try ModelConfiguration(folder: folder.url)
        settings = told.completed(by: saved)
        configuration = try stored.naming(told.labelNames)
        checkpoint = try openCheckpoint(folder: folder.url)
        tokenizer = try Tokenizer(folder: folder.url).fitted(to: configuration)
        notes = folder.notes + saved.notes(comparedWith: stored) + tokenizer.notes
    }

    private init(gguf url: URL, _ told: ClassifierSettings) throws {
        let file = try GGUFFile(contentsOf: url)
        try file.requireWhole()
        settings = told
        configuration = try ModelConfiguration(gguf: file, source: url.path(percentEncoded: false))
            .naming(told.labelNames)
        checkpoint = try HubNamedGGUF(file)
        tokenizer = try Tokenizer(gguf: file.vocabulary())
        notes = tokenizer.notes
    }

    /// How many tokens of a text the model sees.
    ///
    /// - Parameter requested: The length asked for; nil takes that of its training.
    /// - Returns: The length, and what decides it.
    func lengthLimit(_ requested: Int?) -> TextLengthLimit {
        TextLengthLimit(
            requested: requested ?? settings.maxLength,
            tokenizer: tokenizer.modelMaxLength,
            positions: configuration.positionLimit
        )
    }
}

extension TextClassifier {
    /// The tokenizer of a model's folder or `.gguf` file, without its weights.
    ///
    /// - Parameter path: The folder or file.
    /// - Returns: The tokenizer.
    /// - Throws: As ``load(_:options:maxLength:seed:)``.
    public static func tokenizer(of path: String) throws -> Tokenizer { try tokenizer(of: ModelPlace(path)) }

    private static func tokenizer(of place: ModelPlace) throws -> Tokenizer {
        switch place {
        case .folder(let folder):
            do throws(TokenizerError) {
                return try Tokenizer(folder: folder.url)
            } catch  where error.code == .unreadable {
                // A folder of another layout has no tokenizer where one is looked for.
                try folder.requireKnownLayout()
                throw error
            }
        case .gguf(let url):
            let file = try GGUFFile(contentsOf: url)
            // The first part of a split file has the whole vocabulary, the others have none.
            if file.metadata["tokenizer.ggml.tokens"] == nil { try file.requireWhole() }
            return try Tokenizer(gguf: file.vocabulary())
        }
    }

    /// How a model reads texts, without its weights being read.
    ///
    /// - Parameters:
    ///   - path: The folder or `.gguf` file.
    ///   - maxLength: Tokens of a text at the most; nil takes the length of its training, else what tokenizer and model
    ///     allow.
    /// - Returns: The tokenizer; the tokens of a text at the most, nil if nothing limits them; what decides that length; and
    ///   what a person should know of the model, a sentence each, a length that was cut down included.
    /// - Throws: As ``load(_:options:maxLength:seed:)``.
    public static func tokenizerAndLimit(
        of path: String,
        maxLength: Int? = nil
    ) throws -> (tokenizer: Tokenizer, lengthLimit: Int?, length: TextLengthLimit, notes: [String]) {
        let source = try ModelSource(path: path)
        let length = source.lengthLimit(maxLength)
        let notes =
            source.notes + source.checkpoint.notes + (try source.configuration.notes())
            + [length.note].compactMap { $0 }
        return (source.tokenizer, length.tokens, length, notes)
    }

    /// How many tokens of a text a model sees; for commands that need no weights, so that there need be none.
    ///
    /// - Parameters:
    ///   - path: The folder or `.gguf` file; a folder may lack everything but the tokenizer.
    ///   - tokenizer: The model's, if it was read before.
    ///   - maxLength: Tokens of a text at the most; nil takes what tokenizer and model allow, whatever the length of training.
    /// - Returns: The length, and what decides it.
    /// - Throws: As ``tokenizer(of:)``; `ModelError` for a configuration that cannot be read.
    public static func lengthLimit(
        of path: String,
        tokenizer: Tokenizer? = nil,
        maxLength: Int? = nil
    ) throws -> TextLengthLimit {
        let place = try ModelPlace(path)
        let configuration: ModelConfiguration? =
            switch place {
            case .folder(let folder):
                try folder.hasConfiguration ? ModelConfiguration(folder: folder.url) : nil
            case .gguf(let url):
                try? ModelConfiguration(
                    gguf: GGUFFile(contentsOf: url),
                    source: url.path(percentEncoded: false)
                )
            }
        return TextLengthLimit(
            requested: maxLength,
            tokenizer: try (tokenizer ?? Self.tokenizer(of: place)).modelMaxLength,
            positions: configuration?.positionLimit
        )
    }
}

extension GGUFFile {
    /// The vocabulary as plain values.
    func vocabulary() throws(TokenizerError) -> GGUFVocabulary {
        func value(_ name: String) -> GGUFValue? { metadata["tokenizer.ggml." + name] }
        guard let tokens = value("tokens")?.strings, let model = value("model")?.string else {
            throw TokenizerError(.corrupt, "the GGUF file holds no vocabulary (tokenizer.ggml.tokens)")
        }
        var result = GGUFVocabulary(
            model: model,
            preTokenizer: value("pre")?.string ?? "",
            tokens: tokens,
            tokenTypes: value("token_type")?.ints ?? [],
            merges: value("merges")?.strings ?? []
        )
        func id(_ name: String) -> Int32? { value(name)?.int.flatMap(Int32.init(exactly:)) }
        result.bosTokenID = id("bos_token_id")
        result.eosTokenID = id("eos_token_id")
        result.unknownTokenID = id("unknown_token_id")
        result.padTokenID = id("padding_token_id")
        result.classifierTokenID = id("cls_token_id")
        result.separatorTokenID = id("seperator_token_id")
        result.maskTokenID = id("mask_token_id")
        result.addsBOS = value("add_bos_token")?.bool
        result.addsEOS = value("add_eos_token")?.bool
        result.architecture = metadata["general.architecture"]?.string ?? ""
        result.scores = value("scores")?.doubles?.map(Float.init) ?? []
        return result
    }
}
