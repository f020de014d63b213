import Checkpoints
import Foundation
import Models
public import Tokenization

/// A model on disk, opened: a folder in the Hub's layout or a `.gguf` file.
struct ModelSource {
    let configuration: ModelConfiguration
    let checkpoint: any Checkpoint
    let tokenizer: Tokenizer

    init(path: String) throws {
        let url = URL(filePath: path)
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw ModelError(
                .missingFile,
                "there is no model at \(path): give a folder with config.json, or a .gguf file"
            )
        }
        if isFolder.boolValue { try self.init(folder: url) } else { try self.init(gguf: url) }
    }

    private init(folder: URL) throws {
        configuration = try ModelConfiguration(folder: folder)
        checkpoint = try openCheckpoint(folder: folder)
        tokenizer = try Tokenizer(folder: folder).fitted(to: configuration)
    }

    private init(gguf url: URL) throws {
        let path = url.path(percentEncoded: false)
        guard url.pathExtension.lowercased() == "gguf" else {
            throw ModelError(.unsupported, "\(path) is neither a model's folder nor a .gguf file")
        }
        let file = try GGUFFile(contentsOf: url)
        configuration = try ModelConfiguration(gguf: file, source: path)
        checkpoint = try HubNamedGGUF(file)
        tokenizer = try Tokenizer(gguf: file.vocabulary())
    }
}

extension TextClassifier {
    /// The tokenizer of a model's folder or `.gguf` file, without its weights.
    ///
    /// - Parameter path: The folder or file.
    /// - Returns: The tokenizer.
    /// - Throws: As ``load(_:options:maxLength:seed:)``.
    public static func tokenizer(of path: String) throws -> Tokenizer {
        let url = URL(filePath: path)
        guard url.pathExtension.lowercased() == "gguf" else { return try Tokenizer(folder: url) }
        return try Tokenizer(gguf: GGUFFile(contentsOf: url).vocabulary())
    }

    /// How a model reads texts, without its weights being read.
    ///
    /// - Parameters:
    ///   - path: The folder or `.gguf` file.
    ///   - maxLength: Tokens of a text at the most; nil takes what tokenizer and model allow.
    /// - Returns: The tokenizer, and the tokens of a text at the most; nil where nothing limits them.
    /// - Throws: As ``load(_:options:maxLength:seed:)``.
    public static func reading(
        of path: String,
        maxLength: Int? = nil
    ) throws -> (tokenizer: Tokenizer, lengthLimit: Int?) {
        let source = try ModelSource(path: path)
        let limits = [maxLength, source.tokenizer.modelMaxLength, source.configuration.contextLength]
        let limit = limits.compactMap { $0 }.min()
        return (source.tokenizer, limit == .max ? nil : limit)
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
            preTokenizer: value("pre")?.string ?? "gpt-2",
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
