import Checkpoints
import Foundation
import JSON
public import Models
public import Tokenization

/// What a model on disk is, told from its configuration, its checkpoint's header and its tokenizer: no weight is read.
///
/// A family that is not known here is inspected all the same.
public struct ModelInspection: Sendable {
    /// A file of the model.
    public struct File: Sendable, Equatable {
        /// Its name.
        public var name: String
        /// Its bytes.
        public var size: Int
    }

    /// How many parameters are stored in one way.
    public struct Storage: Sendable, Equatable {
        /// `F32`, `BF16`, `Q4_1`.
        public var name: String
        /// Tensors stored so.
        public var tensors: Int
        /// Their parameters.
        public var parameters: Int
    }

    /// The folder or file.
    public let path: String
    /// The name of the model's class, as its configuration has it; of a GGUF the file's own word where the family is unknown.
    public let architecture: String?
    /// The configuration; nil where there is none, or none that can be read.
    public let configuration: ModelConfiguration?
    /// Why there is no configuration.
    public let configurationFault: String?
    /// Whether classifiers of the family can be made here.
    public var isKnownFamily: Bool { isKnown(configuration) }
    /// Fields of the configuration of which nothing is known here; empty for a family that is not known.
    public let unreadFields: [String]
    /// Why a model of a known family cannot be computed here all the same.
    public let unsupported: String?
    /// All tensors by name.
    public let tensors: [InspectedTensor]
    /// The parameters, by what they are for.
    public let blocks: [ParameterBlock]
    /// The parameters, by how they are stored, the most first.
    public let storages: [Storage]
    /// The tokenizer; nil where there is none, or none that can be read.
    public let tokenizer: Tokenizer?
    /// Why there is no tokenizer.
    public let tokenizerFault: String?
    /// The settings of its training, from `attune.json`; nil if there is none, or none that can be read.
    public let settings: ClassifierSettings?
    /// Why the settings cannot be read; nil if there is no fault.
    public let settingsFault: String?
    /// How tokenizer and model go together; nil if one of them is missing or not known.
    public let fit: TokenizerFit?
    /// The model's files by name.
    public let files: [File]
    /// What a person should know of the model although it can be read, a sentence each.
    public let notes: [String]
    /// How many tokens of a text it sees, and what decides that.
    public let length: TextLengthLimit

    /// The number of parameters.
    public var parameterCount: Int { blocks.reduce(0) { $0 + $1.parameters } }

    /// Tokens of a text at the most: what model and tokenizer allow, whatever the length of training.
    public var contextLength: Int? { length.tokens }

    /// About how much memory it needs.
    public var memory: MemoryEstimate {
        MemoryEstimate(blocks: blocks, configuration: configuration, length: contextLength)
    }

    /// Looks at a model.
    ///
    /// - Parameter path: A folder in the Hub's layout or a `.gguf` file.
    /// - Throws: `ModelError` where there is nothing there; `CheckpointError` where its weights cannot be opened.
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
        if let fault = source.fault {
            unreadFields = []
            unsupported = fault
        } else {
            (unreadFields, unsupported) = Self.fields(of: source.configuration, isKnownFamily)
        }
        let checkpoint = source.checkpoint
        // Layer 10 after layer 9.
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

    /// The fields that nothing reads, or why the model cannot be computed.
    private static func fields(
        of configuration: ModelConfiguration?,
        _ isKnownFamily: Bool
    ) -> (unread: [String], unsupported: String?) {
        guard isKnownFamily, let configuration else { return ([], nil) }
        do { return (try configuration.unreadFields(), nil) } catch { return ([], "\(error)") }
    }
}

private func isKnown(_ configuration: ModelConfiguration?) -> Bool { configuration?.isKnownFamily ?? false }

/// A model's parts, each there or not.
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
    /// Why the model cannot be trained although its parts can be read.
    var fault: String?

    init(_ path: String) throws {
        switch try ModelPlace(path) {
        case .folder(let folder): try self.init(folder: folder)
        case .gguf(let url): try self.init(gguf: url)
        }
    }

    private init(folder place: ModelFolder) throws {
        let folder = place.url
        do throws(ModelError) {
            try place.requireKnownLayout()
        } catch {
            // A whole model beside an adapter can be shown, and why it cannot be trained.
            guard place.hasConfiguration else { throw error }
            fault = error.message
        }
        notes = place.notes
        do throws(ModelError) {
            configuration = try ModelConfiguration(folder: folder)
        } catch {
            configurationFault = error.code == .missingFile ? "there is no config.json" : error.message
        }
        architecture = configuration?["architectures"].array?.first?.string
        checkpoint = try openCheckpoint(folder: folder)
        do {
            let own = try Tokenizer(folder: folder)
            tokenizer = configuration.map(own.fitted) ?? own
        } catch { tokenizerFault = "\(error)" }
        do {
            let saved = try ClassifierSettings(folder: folder)
            settings = saved == ClassifierSettings() ? nil : saved
        } catch { settingsFault = error.message }
        let files = try FileManager.default.contentsOfDirectory(
            at: folder,
            includingPropertiesForKeys: [.fileSizeKey, .isRegularFileKey],
            options: .skipsHiddenFiles
        )
        self.files = files.compactMap { file in
            // A snapshot of the Hub's cache links to its files.
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
            // The tensors under their own names.
            configurationFault = "\(error)"
            checkpoint = file
        }
        architecture =
            configuration?["architectures"].array?.first?.string
            ?? file.metadata["general.architecture"]?.string
        do { tokenizer = try Tokenizer(gguf: file.vocabulary()) } catch { tokenizerFault = "\(error)" }
        let size = try url.resolvingSymlinksInPath().resourceValues(forKeys: [.fileSizeKey]).fileSize
        files = [ModelInspection.File(name: url.lastPathComponent, size: size ?? 0)]
    }
}
