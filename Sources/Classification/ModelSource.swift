import Checkpoints
import Files
import Foundation
import Models
public import Tokenization

/// The place of a model on disk.
enum ModelPlace {
    case folder(ModelFolder)
    case gguf(URL)
    case single(URL)
    case adapter(ModelFolder)

    /// Distinguishes the kinds of models.
    ///
    /// - Parameter path: The folder or file.
    /// - Throws: `.missingFile` if nothing exists there; `.unsupported` for any other file, with a remedy.
    init(_ path: String) throws(ModelError) {
        let url = URL(filePath: path)
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw ModelError(
                .missingFile,
                "there is no model at \(path): give a folder with config.json, or a .gguf or .attune file"
            )
        }
        if isFolder.boolValue {
            let folder = ModelFolder(url)
            self = folder.holdsAdapter ? .adapter(folder) : .folder(folder)
        } else if url.pathExtension.lowercased() == "gguf" {
            self = .gguf(url)
        } else if url.pathExtension.lowercased() == AttuneFile.fileExtension || AttuneFile.begins(url) {
            self = .single(url)
        } else {
            let isInModel = ["safetensors", "json", "bin", "model", "txt", "pt", "pth"].contains(
                url.pathExtension.lowercased()
            )
            let folder = url.deletingLastPathComponent().path(percentEncoded: false)
            throw ModelError(
                .unsupported,
                "\(path) is neither a model's folder nor a .gguf or .attune file"
                    + (isInModel ? "; give the folder that it is in: \(shellQuoted(folder))" : "")
            )
        }
    }
}

/// An opened model: a folder in the Hub's layout, a `.gguf` file, a single file, or an adapter with its base model.
struct ModelSource {
    /// The configuration; with an adapter, that of its base model with the adapter's labels.
    let configuration: ModelConfiguration
    /// The weights; with an adapter, those of its base model.
    let checkpoint: any Checkpoint
    let tokenizer: Tokenizer
    /// The caller's settings, completed by those in the folder's `attune.json`.
    let settings: ClassifierSettings
    /// Warnings about the folder and the settings, one sentence each.
    let notes: [String]
    /// The adapter on the model, if any.
    let adapter: AdapterFolder?
    /// The decisions in the folder's `decisions.json`, if any.
    let decisions: Decisions?

    /// Opens a model.
    ///
    /// - Parameters:
    ///   - path: The folder or file.
    ///   - base: The base model of an adapter; nil takes the one that it names.
    ///   - told: Settings that override those in the folder.
    /// - Throws: The errors of reading; ``ModelError`` with a remedy.
    init(path: String, base: String? = nil, settings told: ClassifierSettings = .init()) throws {
        switch try ModelPlace(path) {
        case .folder(let folder): try self.init(folder: folder, told)
        case .gguf(let url): try self.init(gguf: url, told)
        case .single(let url): try self.init(single: url, told)
        case .adapter(let folder): try self.init(AdapterFolder(folder, base: base), told)
        }
    }

    private init(_ adapter: AdapterFolder, _ told: ClassifierSettings) throws {
        let base: ModelSource
        switch try ModelPlace(adapter.base) {
        // The base may be in the adapter's own folder.
        case .folder(let folder): base = try ModelSource(folder: folder, .init())
        case .adapter(let folder) where folder.path == adapter.folder.path:
            base = try ModelSource(folder: folder, .init())
        case .gguf(let url): base = try ModelSource(gguf: url, .init())
        case .single(let url): base = try ModelSource(single: url, .init())
        case .adapter:
            throw ModelError(
                .unsupported,
                "\(adapter.base) is an adapter itself; give a whole model with --adapter-base, or merge it first with "
                    + "`attune adapter merge`"
            )
        }
        let saved = try ClassifierSettings(folder: adapter.folder.url)
        let stored = try base.configuration.withAdapter(
            labels: adapter.labels(base.configuration),
            problemType: adapter.record.problemType ?? saved.problemType
        )
        settings = told.completed(by: saved)
        configuration = try stored.naming(told.labelNames)
        checkpoint = base.checkpoint
        tokenizer =
            adapter.folder.hasTokenizer
            ? try Tokenizer(folder: adapter.folder.url).fitted(to: configuration) : base.tokenizer
        notes = adapter.folder.notes + saved.notes(comparedWith: stored) + base.notes
        self.adapter = adapter
        decisions = try Decisions.read(folder: adapter.folder.url, for: stored)
    }

    private init(folder: ModelFolder, _ told: ClassifierSettings) throws {
        try folder.requireKnownLayout()
        let saved = try ClassifierSettings(folder: folder.url)
        let stored = try ModelConfiguration(folder: folder.url)
        settings = told.completed(by: saved)
        configuration = try stored.naming(told.labelNames)
        checkpoint = try stored.readingQuantized(openCheckpoint(folder: folder.url))
        tokenizer = try Tokenizer(folder: folder.url).fitted(to: configuration)
        notes = folder.notes + saved.notes(comparedWith: stored) + tokenizer.notes
        adapter = nil
        decisions = try Decisions.read(folder: folder.url, for: stored)
    }

    private init(gguf url: URL, _ told: ClassifierSettings) throws {
        let file = try GGUFFile(contentsOf: url)
        try file.requireWhole()
        let path = url.path(percentEncoded: false)
        let files = EmbeddedFiles(file, path: path)
        let saved = try files?.settings() ?? ClassifierSettings()
        let stored = try ModelConfiguration(gguf: file, source: path)
        settings = told.completed(by: saved)
        configuration = try stored.naming(told.labelNames)
        checkpoint = try HubNamedGGUF(file)
        tokenizer = try files?.tokenizer().fitted(to: configuration) ?? Tokenizer(gguf: file.vocabulary())
        notes = saved.notes(comparedWith: stored) + tokenizer.notes
        adapter = nil
        decisions = try files?.decisions(for: stored)
    }

    private init(single url: URL, _ told: ClassifierSettings) throws {
        let file = try AttuneFile(contentsOf: url)
        let files = EmbeddedFiles(file)
        let saved = try files.settings()
        let stored = try files.configuration()
        settings = told.completed(by: saved)
        configuration = try stored.naming(told.labelNames)
        checkpoint = try stored.readingQuantized(file.weights())
        tokenizer = try files.tokenizer().fitted(to: configuration)
        notes = saved.notes(comparedWith: stored) + tokenizer.notes
        adapter = nil
        decisions = try files.decisions(for: stored)
    }

    /// Returns the most tokens of a text that the model reads.
    ///
    /// - Parameter requested: The requested length; nil takes that of training.
    /// - Returns: The length, and the reason for it.
    func lengthLimit(_ requested: Int?) -> TextLengthLimit {
        TextLengthLimit(
            requested: requested ?? settings.maxLength,
            tokenizer: tokenizer.modelMaxLength,
            positions: configuration.positionLimit
        )
    }
}

extension TextClassifier {
    /// Reads the tokenizer of a model's folder, `.gguf` or `.attune` file, without its weights.
    ///
    /// - Parameters:
    ///   - path: The folder or file.
    ///   - base: The base model of an adapter without a tokenizer; nil takes the one that it names.
    /// - Returns: The tokenizer.
    /// - Throws: As ``load(_:base:options:maxLength:settings:seed:)``.
    public static func tokenizer(of path: String, base: String? = nil) throws -> Tokenizer {
        try tokenizer(of: ModelPlace(path), base: base)
    }

    private static func tokenizer(of place: ModelPlace, base: String?) throws -> Tokenizer {
        switch place {
        case .adapter(let folder) where folder.hasTokenizer: return try Tokenizer(folder: folder.url)
        case .adapter(let folder):
            return try tokenizer(of: ModelPlace(AdapterFolder(folder, base: base).base), base: nil)
        case .folder(let folder):
            do throws(TokenizerError) {
                return try Tokenizer(folder: folder.url)
            } catch  where error.code == .unreadable {
                // A folder in another layout has no tokenizer in the usual place.
                try folder.requireKnownLayout()
                throw error
            }
        case .single(let url): return try EmbeddedFiles(AttuneFile(contentsOf: url)).tokenizer()
        case .gguf(let url):
            let file = try GGUFFile(contentsOf: url)
            if let files = EmbeddedFiles(file, path: url.path(percentEncoded: false)) {
                return try files.tokenizer()
            }
            // The first part of a split file has the whole vocabulary; the others have none.
            if file.metadata["tokenizer.ggml.tokens"] == nil { try file.requireWhole() }
            return try Tokenizer(gguf: file.vocabulary())
        }
    }

    /// Returns the tokenizer and the length limit of a model, without reading its weights.
    ///
    /// - Parameters:
    ///   - path: The folder, `.gguf` or `.attune` file.
    ///   - base: The base model of an adapter; nil takes the one that it names.
    ///   - maxLength: The most tokens of a text; nil takes the length of its training, else that allowed by tokenizer and
    ///         model.
    /// - Returns: The tokenizer; the most tokens of a text, nil if unlimited; the reason for that length; and
    ///     notes on the model, one sentence each, including one if the requested length was reduced.
    /// - Throws: As ``load(_:base:options:maxLength:settings:seed:)``.
    public static func tokenizerAndLimit(
        of path: String,
        base: String? = nil,
        maxLength: Int? = nil
    ) throws -> (tokenizer: Tokenizer, lengthLimit: Int?, length: TextLengthLimit, notes: [String]) {
        let source = try ModelSource(path: path, base: base)
        let length = source.lengthLimit(maxLength)
        let notes =
            source.notes + source.checkpoint.notes + (try source.configuration.notes())
            + [length.note].compactMap { $0 }
        return (source.tokenizer, length.tokens, length, notes)
    }

    /// Returns the most tokens of a text, for commands that need no weights and should run without them.
    ///
    /// - Parameters:
    ///   - path: The folder, `.gguf` or `.attune` file. A folder only needs the tokenizer.
    ///   - base: The base model of an adapter; nil takes the one that it names.
    ///   - tokenizer: The model's tokenizer, if it was read before.
    ///   - maxLength: The most tokens of a text; nil takes that allowed by tokenizer and model, not the length of training.
    /// - Returns: The length, and the reason for it.
    /// - Throws: The errors of ``tokenizer(of:base:)``; `ModelError` for a configuration that cannot be read.
    public static func lengthLimit(
        of path: String,
        base: String? = nil,
        tokenizer: Tokenizer? = nil,
        maxLength: Int? = nil
    ) throws -> TextLengthLimit {
        let place = try ModelPlace(path)
        let configuration: ModelConfiguration? =
            switch place {
            case .adapter: try ModelSource(path: path, base: base).configuration
            case .folder(let folder):
                try folder.hasConfiguration ? ModelConfiguration(folder: folder.url) : nil
            case .single(let url): try EmbeddedFiles(AttuneFile(contentsOf: url)).configuration()
            case .gguf(let url):
                try? ModelConfiguration(
                    gguf: GGUFFile(contentsOf: url),
                    source: url.path(percentEncoded: false)
                )
            }
        return TextLengthLimit(
            requested: maxLength,
            tokenizer: try (tokenizer ?? Self.tokenizer(of: place, base: base)).modelMaxLength,
            positions: configuration?.positionLimit
        )
    }
}

extension GGUFFile {
    /// The vocabulary as plain values.
    func vocabulary() throws(TokenizerError) -> GGUFVocabulary {
        func value(_ name: String) -> GGUFValue? { metadata["tokenizer.ggml." + name] }
        guard let tokens = value("tokens")?.strings, let model = value("model")?.string else {
            throw TokenizerError(.corrupt, "the GGUF file has no vocabulary (tokenizer.ggml.tokens)")
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
