import Checkpoints
import Files
import Foundation
import JSON
public import Models
public import Tokenization

/// The properties of a model on disk, from its configuration, its checkpoint's header and its tokenizer.
///
/// No weight is read.
///
/// Models of an unknown family can be inspected too.
public struct ModelInspection: Sendable {
    /// A file of the model.
    public struct File: Sendable, Equatable {
        /// The file's name.
        public var name: String
        /// The file's size in bytes.
        public var size: Int
    }

    /// The parameters with one storage type.
    public struct Storage: Sendable, Equatable {
        /// The storage type: `F32`, `BF16`, `Q4_1`.
        public var name: String
        /// The number of tensors of this type.
        public var tensors: Int
        /// The number of their parameters.
        public var parameters: Int
    }

    /// The folder or file.
    public let path: String
    /// The model's class name from its configuration.
    ///
    /// For a GGUF of an unknown family, the file's own term.
    public let architecture: String?
    /// The configuration; nil if it is missing or cannot be read.
    public let configuration: ModelConfiguration?
    /// The reason that there is no configuration.
    public let configurationFault: String?
    /// Whether classifiers of the family are supported.
    public var isKnownFamily: Bool { isKnown(configuration) }
    /// Unknown fields of the configuration; empty for an unknown family.
    public let unreadFields: [String]
    /// The reason that a model of a known family cannot be used.
    public let unsupported: String?
    /// All tensors by name.
    public let tensors: [InspectedTensor]
    /// The parameters by role.
    public let blocks: [ParameterBlock]
    /// The parameters by storage type, most parameters first.
    public let storages: [Storage]
    /// The tokenizer; nil if it is missing or cannot be read.
    public let tokenizer: Tokenizer?
    /// The reason that there is no tokenizer.
    public let tokenizerFault: String?
    /// The settings of its training, from `attune.json`; nil if missing or unreadable.
    public let settings: ClassifierSettings?
    /// The reason that the settings cannot be read; nil if there is none.
    public let settingsFault: String?
    /// Whether tokenizer and model fit together; nil if one of them is missing or unknown.
    public let fit: TokenizerFit?
    /// The model's files, sorted by name.
    public let files: [File]
    /// Warnings about the model, one sentence each.
    public let notes: [String]
    /// The most tokens of a text, and the reason for this limit.
    public let length: TextLengthLimit

    /// The number of parameters.
    public var parameterCount: Int { blocks.reduce(0) { $0 + $1.parameters } }

    /// The most tokens of a text that model and tokenizer allow, independent of the length of training.
    public var contextLength: Int? { length.tokens }

    /// An estimate of its memory.
    public var memory: MemoryEstimate {
        MemoryEstimate(blocks: blocks, configuration: configuration, length: contextLength)
    }

    /// Inspects a model.
    ///
    /// - Parameter path: A folder in the Hub's layout or a `.gguf` or `.attune` file.
    /// - Throws: `ModelError` if nothing exists there; `CheckpointError` if its weights cannot be opened.
    public init(path: String) throws {
        self.path = path
        let source = try Source(path)
        architecture = source.architecture
        (configuration, configurationFault) = (source.configuration, source.configurationFault)
        (tokenizer, tokenizerFault) = (source.tokenizer, source.tokenizerFault)
        (settings, settingsFault) = (source.settings, source.settingsFault)
        files = source.files
        length = TextLengthLimit(
            requested: nil,
            tokenizer: source.tokenizer?.modelMaxLength,
            positions: source.configuration?.positionLimit
        )
        let isKnownFamily = isKnown(source.configuration)
        notes =
            source.notes + source.checkpoint.notes
            + (isKnownFamily ? (try? source.configuration?.notes()) ?? [] : [])
            + (source.tokenizer?.notes ?? [])
        if let tokenizer = source.tokenizer, let configuration = source.configuration {
            fit = try? TokenizerFit(tokenizer, configuration)
        } else {
            fit = nil
        }
        (unreadFields, unsupported) = Self.fields(of: source.configuration, isKnownFamily)
        let checkpoint = source.checkpoint
        // Numeric order: layer 10 comes after layer 9.
        tensors = checkpoint.tensorNames.sorted { $0.compare($1, options: .numeric) == .orderedAscending }
            .compactMap { name in
                checkpoint.info(name).map {
                    InspectedTensor(name: name, shape: $0.shape, storage: $0.storage)
                }
            }
        blocks = ParameterBlock.grouping(tensors)
        var counts: [String: Storage] = [:]
        for tensor in tensors where !tensor.isBuffer {
            var storage = counts[tensor.storage] ?? Storage(name: tensor.storage, tensors: 0, parameters: 0)
            storage.tensors += 1
            storage.parameters += tensor.parameters
            counts[tensor.storage] = storage
        }
        storages = counts.values.sorted { ($1.parameters, $0.name) < ($0.parameters, $1.name) }
    }

    /// The fields that nothing reads, or the reason that the model is not supported.
    private static func fields(
        of configuration: ModelConfiguration?,
        _ isKnownFamily: Bool
    ) -> (unread: [String], unsupported: String?) {
        guard isKnownFamily, let configuration else { return ([], nil) }
        do { return (try configuration.unreadFields(), nil) } catch { return ([], "\(error)") }
    }
}

private func isKnown(_ configuration: ModelConfiguration?) -> Bool { configuration?.isKnownFamily ?? false }

/// The parts of a model, each of which may be missing.
private struct Source {
    var architecture: String?
    var configuration: ModelConfiguration?
    var configurationFault: String?
    var checkpoint: any Checkpoint
    var tokenizer: Tokenizer?
    var tokenizerFault: String?
    var settings: ClassifierSettings?
    var settingsFault: String?
    var files: [ModelInspection.File]
    var notes: [String] = []

    init(_ path: String) throws {
        switch try ModelPlace(path) {
        case .folder(let folder): try self.init(folder: folder)
        case .gguf(let url): try self.init(gguf: url)
        case .single(let url): try self.init(single: url)
        case .adapter(let folder): try self.init(adapter: folder)
        }
    }

    private init(folder place: ModelFolder) throws {
        let folder = place.url
        try place.requireKnownLayout()
        notes = place.notes
        do throws(ModelError) {
            configuration = try ModelConfiguration(folder: folder)
        } catch {
            configurationFault = error.code == .missingFile ? "there is no config.json" : error.message
        }
        architecture = configuration?["architectures"].array?.first?.string
        let stored = try openCheckpoint(folder: folder)
        checkpoint = try configuration?.readingQuantized(stored) ?? stored
        do {
            let own = try Tokenizer(folder: folder)
            tokenizer = configuration.map(own.fitted) ?? own
        } catch { tokenizerFault = "\(error)" }
        do {
            let saved = try ClassifierSettings(folder: folder)
            settings = saved == ClassifierSettings() ? nil : saved
        } catch { settingsFault = error.message }
        files = try Self.files(of: folder)
    }

    /// An adapter is shown without its base model, which may be elsewhere.
    private init(adapter place: ModelFolder) throws {
        let folder = place.url
        let (adapter, notes) = try AdapterConfiguration.read(folder: folder)
        self.notes = place.notes + notes
        let base = adapter.baseModel.map { " of \($0)" } ?? ""
        configurationFault =
            "it is an adapter\(base) (\(adapter.usesMagnitudes ? "DoRA" : "LoRA"), rank \(adapter.rank))"
        checkpoint = try SafetensorsFile(contentsOf: containedFile(AdapterFile.weightsName, in: folder))
        if place.hasTokenizer {
            do { tokenizer = try Tokenizer(folder: folder) } catch { tokenizerFault = "\(error)" }
        } else {
            tokenizerFault = "that of the base model"
        }
        settings = try ClassifierSettings(folder: folder)
        files = try Self.files(of: folder)
    }

    private init(single url: URL) throws {
        let file = try AttuneFile(contentsOf: url)
        let embedded = EmbeddedFiles(file)
        do throws(ModelError) {
            configuration = try embedded.configuration()
        } catch { configurationFault = error.message }
        architecture = configuration?["architectures"].array?.first?.string
        let stored = try file.weights()
        checkpoint = try configuration?.readingQuantized(stored) ?? stored
        files = file.members.map { ModelInspection.File(name: $0.name, size: $0.byteCount) }
        do {
            let own = try embedded.tokenizer()
            tokenizer = configuration.map(own.fitted) ?? own
        } catch { tokenizerFault = "\(error)" }
        readSettings(embedded)
    }

    private mutating func readSettings(_ embedded: EmbeddedFiles) {
        do throws(ModelError) {
            let saved = try embedded.settings()
            settings = saved == ClassifierSettings() ? nil : saved
        } catch { settingsFault = error.message }
    }

    private static func files(of folder: URL) throws -> [ModelInspection.File] {
        let files = try FileManager.default.contentsOfDirectory(
            at: folder,
            includingPropertiesForKeys: [.fileSizeKey, .isRegularFileKey],
            options: .skipsHiddenFiles
        )
        return files.compactMap { file in
            // Files in a snapshot of the Hub's cache are links.
            let values = try? file.resolvingSymlinksInPath().resourceValues(forKeys: [
                .fileSizeKey, .isRegularFileKey,
            ])
            guard values?.isRegularFile == true, let size = values?.fileSize else { return nil }
            return ModelInspection.File(name: file.lastPathComponent, size: size)
        }.sorted { $0.name < $1.name }
    }

    private init(gguf url: URL) throws {
        let file = try GGUFFile(contentsOf: url)
        try file.requireWhole()
        do {
            configuration = try ModelConfiguration(gguf: file, source: url.path(percentEncoded: false))
            checkpoint = try HubNamedGGUF(file)
        } catch {
            // Show the tensors under their original names.
            configurationFault = "\(error)"
            checkpoint = file
        }
        architecture =
            configuration?["architectures"].array?.first?.string
            ?? file.metadata["general.architecture"]?.string
        let embedded = EmbeddedFiles(file, path: url.path(percentEncoded: false))
        do {
            tokenizer = try embedded?.tokenizer() ?? Tokenizer(gguf: file.vocabulary())
        } catch { tokenizerFault = "\(error)" }
        let size = try url.resolvingSymlinksInPath().resourceValues(forKeys: [.fileSizeKey]).fileSize
        files = [ModelInspection.File(name: url.lastPathComponent, size: size ?? 0)]
        if let embedded { readSettings(embedded) }
    }
}
