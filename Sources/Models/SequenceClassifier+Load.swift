public import Checkpoints
import Files
import NN
public import Torch

extension SequenceClassifier {
    /// The `model_type`s that are known.
    public static var knownModelTypes: [String] { ModelFamily.all.map(\.modelType) }

    /// How to make a classifier from a checkpoint.
    public struct LoadOptions: Sendable {
        /// The labels wanted; nil takes those of the checkpoint.
        public var labels: [String]?
        /// The tokenizer's padding token, which overrides the configuration's.
        public var padTokenID: Int32?
        /// What the logits are to mean; nil takes the checkpoint's word, else one of several labels.
        public var problemType: ProblemType?
        /// The type in which matrices are kept: float32, or bfloat16 at half the memory and less precision.
        ///
        /// Norms, biases and the head are float32 always.
        public var weightsDType = DType.float32
        /// Whether weights may stay where they are, in the mapped file, where type and device allow: for prediction, since
        /// such weights must not be written.
        public var mapsWeights = false
        /// Whether a head that is there shall be thrown away.
        public var reinitializesHead = false
        /// Whether the token embedding gets rows for all tokens of the tokenizer, if it has fewer.
        ///
        /// New rows start in the midst of those there are, as by transformers' `resize_token_embeddings`. It counts where the
        /// tokenizer is known: `TextClassifier.load`.
        public var resizesEmbeddings = false
        /// Rows that the token embedding is to have at least; nil takes those of the checkpoint.
        package var embeddingRows: Int?
        /// Whether weights that are infinite or not numbers are refused; what looks for their origin takes them.
        package var refusesNonFiniteWeights = true
        /// Where to run.
        public var device = Device.cpu
        /// How a CPU multiplies: what its instruction sets suggest, unless it was measured (`MeasuredProducts`).
        public var productRoutes = ProductRoutes.suggested

        /// The checkpoint as it is, on the CPU.
        public init() {}
    }

    /// Builds the network that a configuration describes and fills it from a checkpoint.
    ///
    /// - Parameters:
    ///   - checkpoint: The weights, a classifier's or a base model's.
    ///   - configuration: The model's.
    ///   - options: Labels, head, types and device.
    ///   - random: Where a fresh head draws from.
    /// - Returns: The classifier, and what was loaded, made fresh and left.
    /// - Throws: ``ModelError`` where checkpoint, configuration and labels do not fit; `CheckpointError`; `TorchError`.
    public static func load(
        _ checkpoint: any Checkpoint,
        configuration: ModelConfiguration,
        options: LoadOptions = LoadOptions(),
        random: RandomSource
    ) throws -> (classifier: SequenceClassifier, report: LoadReport) {
        guard options.weightsDType == .float32 || options.weightsDType == .bfloat16 else {
            throw ModelError(
                .unsupported,
                "weights are kept in float32 or bfloat16, not in \(options.weightsDType.rawValue)"
            )
        }
        let keepsHead = try keepsHead(of: configuration, options: options)
        let family = try ModelFamily.of(configuration)
        let storedRows = try configuration.embeddingRows()
        let wanted = try configuration.withEmbeddingRows(options.embeddingRows)
        let padTokenID = family.padTokenID(configuration)
        let resolved = try resolve(
            wanted,
            family,
            padTokenID: options.padTokenID ?? padTokenID,
            options
        )
        let parameters = ParameterStore()
        let reader = ConfigurationReader(resolved, paddingIndex: padTokenID.map(Int.init))
        let network = try family.make(ParameterScope(parameters), reader)
        let unreadFields = try reader.unreadFields()
        try requirePaddingToken(of: wanted, network.backbone.tokenEmbedding)
        let embedding = network.backbone.tokenEmbedding.weight
        let contents = Contents(
            store: parameters,
            keys: family.keys,
            keepsHead: keepsHead,
            labels: resolved.labels,
            grown: embedding.shape[0] > storedRows ? (embedding.name, storedRows) : nil
        )
        var report = try fill(contents, from: checkpoint, family, options, random)
        report.unreadFields = unreadFields
        report.notes = reader.notes + report.notes
        if keepsHead, let note = configuration.labelNote { report.notes.append(note) }
        let classifier = SequenceClassifier(
            configuration: resolved,
            parameters: parameters,
            network: network,
            device: options.device,
            productRoutes: options.productRoutes
        )
        return (classifier, report)
    }

    /// The configuration of the classifier that is wanted.
    static func resolve(
        _ configuration: ModelConfiguration,
        _ family: ModelFamily,
        padTokenID: Int32?,
        _ options: LoadOptions
    ) throws(ModelError) -> ModelConfiguration {
        if options.labels == nil, let fault = configuration.labelFault {
            throw ModelError(.mismatchedLabels, fault)
        }
        let labels = options.labels ?? configuration.labels
        let problemType = options.problemType ?? configuration.problemType
        guard labels.count > 1 || (problemType != .singleLabel && labels.count == 1) else {
            throw ModelError(
                .mismatchedLabels,
                "a classifier needs at least two labels, and these are \(listed(labels))"
            )
        }
        guard Set(labels.map { Array($0.utf8) }).count == labels.count else {
            throw ModelError(
                .mismatchedLabels,
                "two labels have the same name, and results are told apart by it: \(listed(labels))"
            )
        }
        guard labels.count == 1 || problemType != .regression else {
            throw ModelError(
                .mismatchedLabels,
                "regression has one number, and the model has \(counted(labels.count, "label")): \(listed(labels))"
            )
        }
        return configuration.asClassifier(
            labels: labels,
            architecture: family.classifierArchitecture,
            padTokenID: padTokenID,
            problemType: problemType,
            weightsDType: options.weightsDType
        )
    }

    /// Whether the checkpoint's own head is kept; refuses a head of other labels or of another kind.
    private static func keepsHead(
        of configuration: ModelConfiguration,
        options: LoadOptions
    ) throws(ModelError) -> Bool {
        guard configuration.isClassifier, !options.reinitializesHead else { return false }
        if let fault = configuration.labelFault { throw ModelError(.mismatchedLabels, fault) }
        if let wanted = options.labels, wanted != configuration.labels {
            throw ModelError(
                .mismatchedLabels,
                "the model classifies into \(listed(configuration.labels)), the data into \(listed(wanted)); "
                    + "use data with the model's labels, or --reinit-head to start a new head for the data's"
            )
        }
        if let wanted = options.problemType, wanted != configuration.problemType {
            throw ModelError(
                .mismatchedLabels,
                "the model's head is for \(configuration.problemType.rawValue), and \(wanted.rawValue) is asked for; "
                    + "--reinit-head starts a new head"
            )
        }
        return true
    }

    private static func listed(_ labels: [String]) -> String {
        let shown = labels.prefix(12).map { "\"\($0)\"" }.joined(separator: ", ")
        return labels.count > 12 ? "\(shown), … (\(counted(labels.count, "label")))" : shown
    }

    /// Refuses a padding token that the embedding has no row for, as PyTorch does.
    private static func requirePaddingToken(
        of configuration: ModelConfiguration,
        _ embedding: Embedding
    ) throws(ModelError) {
        guard let id = configuration.padTokenID, embedding.isPaddingOutside else { return }
        throw ModelError(
            .badConfiguration,
            "\(configuration.source): `pad_token_id` is \(id), and the model's embedding has "
                + "\(counted(embedding.weight.shape[0], "row")); correct it to the "
                + "tokenizer's padding token, or train with --resize-embeddings if the tokenizer has that token"
        )
    }

    /// What a checkpoint is to fill.
    private struct Contents {
        let store: ParameterStore
        let keys: KeyMap
        let keepsHead: Bool
        /// Names of the head's rows.
        let labels: [String]
        /// The token embedding and the checkpoint's rows of it, if it is to have more.
        let grown: (name: String, rows: Int)?

        /// The shape that the checkpoint's tensor must have.
        func storedShape(of parameter: Parameter) -> [Int] {
            guard let grown, grown.name == parameter.name else { return parameter.shape }
            return [grown.rows] + parameter.shape.dropFirst()
        }
    }

    private static func fill(
        _ contents: Contents,
        from checkpoint: any Checkpoint,
        _ family: ModelFamily,
        _ options: LoadOptions,
        _ random: RandomSource
    ) throws -> LoadReport {
        let store = contents.store
        var report = LoadReport()
        report.notes = checkpoint.notes
        var sources = try sources(of: contents, in: checkpoint, &report)
        addTiedSources(&sources, of: contents, in: checkpoint, &report)
        // All that is amiss is found before the first tensor is read.
        try requireFit(contents, checkpoint, sources, &report)
        for parameter in store.parameters {
            guard let source = sources[parameter.name] else {
                try parameter.initialize(random: random)
                try parameter.set(parameter.value.to(device: options.device))
                report.fresh.append(parameter.name)
                continue
            }
            let dtype = weightsDType(of: parameter, family, options)
            let tensor = try checkpoint.tensor(source)
            if options.refusesNonFiniteWeights { try requireFinite(tensor, name: source) }
            report.loaded.append(source)
            guard let grown = contents.grown, grown.name == parameter.name else {
                try parameter.set(usable(tensor, dtype, options))
                continue
            }
            let table = try tensor.withRowsAdded(upTo: parameter.shape[0], random: random)
            try parameter.set(table.to(dtype: dtype, device: options.device))
            report.notes.append(
                "the token embedding has grown from \(grown.rows) to \(counted(parameter.shape[0], "row"))"
            )
        }
        return report
    }

    /// The type in which a parameter is kept.
    static func weightsDType(of parameter: Parameter, _ family: ModelFamily, _ options: LoadOptions) -> DType
    {
        // The head, and the pooler that belongs to it, are computed in float32 always.
        let isHead = family.keys.isHead(parameter.name) || family.keys.isOptional(parameter.name)
        return parameter.shape.count > 1 && !isHead ? options.weightsDType : .float32
    }

    /// Which of the checkpoint's tensors each parameter is; those of a head that is not kept are left out.
    private static func sources(
        of contents: Contents,
        in checkpoint: any Checkpoint,
        _ report: inout LoadReport
    ) throws(ModelError) -> [String: String] {
        let (keys, keepsHead) = (contents.keys, contents.keepsHead)
        let known = Set(contents.store.parameters.map(\.name))
        var sources: [String: String] = [:]
        for name in checkpoint.tensorNames {
            guard let own = keys.classifierName(name, among: known) else {
                if keys.isIgnored(name) {
                    report.computed.append(name)
                } else if let reason = keys.reasonToDrop(name) {
                    report.dropped.append(LoadReport.Dropped(name: name, reason: reason))
                } else if !keys.isHead(name) || keepsHead {
                    report.unexpected.append(name)
                }
                continue
            }
            if keys.isHead(own), !keepsHead { continue }
            if let other = sources.updateValue(name, forKey: own) {
                throw ModelError(
                    .mismatchedCheckpoint,
                    "the checkpoint holds \"\(own)\" twice, as \"\(other)\" and as \"\(name)\""
                )
            }
        }
        return sources
    }

    /// Finds parameters whose values were saved under another parameter's name, because both were one.
    ///
    /// safetensors' `save_model` keeps one of several tied names and tells of the others in the header. So a language model's
    /// embeddings may be found as its head. transformers ties them for a language model; for a classifier, which lacks that
    /// head, it would draw the embeddings anew.
    private static func addTiedSources(
        _ sources: inout [String: String],
        of contents: Contents,
        in checkpoint: any Checkpoint,
        _ report: inout LoadReport
    ) {
        let (store, keys, keepsHead) = (contents.store, contents.keys, contents.keepsHead)
        let shapes = Dictionary(
            store.parameters.map { ($0.name, $0.shape) },
            uniquingKeysWith: { first, _ in first }
        )
        let known = Set(shapes.keys)
        for (alias, stored) in checkpoint.aliases.sorted(by: { $0.key < $1.key }) {
            guard let own = keys.classifierName(alias, among: known), sources[own] == nil,
                checkpoint.info(stored)?.shape == shapes[own], keepsHead || !keys.isHead(own)
            else { continue }
            sources[own] = stored
            report.dropped.removeAll { $0.name == stored }
            report.unexpected.removeAll { $0 == stored }
            report.notes.append(
                "\"\(own)\" was tied to \"\(stored.prefix(120))\" when the checkpoint was saved, and is read from there"
            )
        }
    }

    /// Every parameter but a fresh head's is there, in its shape.
    private static func requireFit(
        _ contents: Contents,
        _ checkpoint: any Checkpoint,
        _ sources: [String: String],
        _ report: inout LoadReport
    ) throws(ModelError) {
        let (keys, keepsHead) = (contents.keys, contents.keepsHead)
        for parameter in contents.store.parameters {
            if keys.isHead(parameter.name), !keepsHead { continue }
            guard let source = sources[parameter.name], let info = checkpoint.info(source) else {
                // A classifier's own checkpoint lacks nothing: what it says it computed, it must be able to compute again.
                if keepsHead || !keys.isOptional(parameter.name) { report.missing.append(parameter.name) }
                continue
            }
            let expected = contents.storedShape(of: parameter)
            if info.shape != expected {
                if keys.isHead(parameter.name), expected.first == contents.labels.count,
                    expected.dropFirst() == info.shape.dropFirst(), let rows = info.shape.first
                {
                    throw ModelError(
                        .mismatchedLabels,
                        "config.json names \(counted(contents.labels.count, "label")) (\(listed(contents.labels))), and the checkpoint's "
                            + "head has \(counted(rows, "row")) (\(source)): give each row one name in id2label, or start a new head "
                            + "with --reinit-head"
                    )
                }
                report.mismatched.append(
                    LoadReport.Mismatch(name: source, expected: expected, found: info.shape)
                )
            }
        }
        guard report.missing.isEmpty, report.mismatched.isEmpty else {
            throw ModelError(
                .mismatchedCheckpoint,
                (["the checkpoint does not fit its config.json: \(report.summary)"] + report.notes)
                    .joined(separator: "; ")
            )
        }
    }

    /// The tensor in the run's type and place; a copy unless it may stay mapped, since a mapped file's pages cannot be
    /// written.
    private static func usable(
        _ tensor: Tensor,
        _ dtype: DType,
        _ options: LoadOptions
    ) throws(TorchError) -> Tensor {
        let isSame = tensor.dtype == dtype && options.device == .cpu
        return isSame && !options.mapsWeights
            ? try tensor.copy() : try tensor.to(dtype: dtype, device: options.device)
    }
}
