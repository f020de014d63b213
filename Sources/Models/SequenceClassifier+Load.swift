public import Checkpoints
import Files
import NN
public import Torch

extension SequenceClassifier {
    /// The supported values of `model_type`.
    public static var knownModelTypes: [String] { ModelFamily.all.map(\.modelType) }

    /// Builds the network that a configuration describes, and loads its weights from a checkpoint.
    ///
    /// - Parameters:
    ///   - checkpoint: The weights of a classifier or a base model.
    ///   - configuration: The model's configuration.
    ///   - options: Labels, head, types and device.
    ///   - random: The stream to draw a fresh head from.
    /// - Returns: The classifier, and a report of loaded, fresh and ignored tensors.
    /// - Throws: ``ModelError`` if checkpoint, configuration and labels do not match; `CheckpointError`; `TorchError`.
    public static func load(
        _ checkpoint: any Checkpoint,
        configuration: ModelConfiguration,
        options: LoadOptions = LoadOptions(),
        random: RandomSource
    ) throws -> (classifier: SequenceClassifier, report: LoadReport) {
        try load(checkpoint, configuration: configuration, options: options, random: random, sharing: nil)
    }

    /// Builds and loads a network whose frozen weights may be those of a loaded classifier.
    ///
    /// - Parameters:
    ///   - checkpoint: The weights of a classifier or a base model.
    ///   - configuration: The model's configuration.
    ///   - options: Labels, head, types and device.
    ///   - random: The stream to draw a fresh head from.
    ///   - base: Loaded weights of the same checkpoint; nil reads all.
    /// - Returns: The classifier, and a report of loaded, fresh and ignored tensors.
    /// - Throws: As ``load(_:configuration:options:random:)``.
    package static func load(
        _ checkpoint: any Checkpoint,
        configuration: ModelConfiguration,
        options: LoadOptions,
        random: RandomSource,
        sharing base: SharedBase?
    ) throws -> (classifier: SequenceClassifier, report: LoadReport) {
        guard options.weightsDType == .float32 || options.weightsDType == .bfloat16 else {
            throw ModelError(
                .unsupported,
                "weights must be float32 or bfloat16, not \(options.weightsDType.rawValue)"
            )
        }
        let keepsHead = try keepsHead(of: configuration, options: options) && !options.headComesLater
        let family = try ModelFamily.of(configuration)
        let storedRows = try configuration.embeddingRows()
        let wanted = try configuration.withEmbeddingRows(options.embeddingRows)
        let padTokenID = family.padTokenID(configuration)
        try configuration.requireQuantized(checkpoint)
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
        let (filled, blockWeights) = try fill(contents, from: checkpoint, family, options, random, base)
        var report = filled
        report.unreadFields = unreadFields
        report.notes = reader.notes + report.notes
        if keepsHead, let note = configuration.labelNote { report.notes.append(note) }
        let classifier = SequenceClassifier(
            configuration: resolved,
            parameters: parameters,
            network: network,
            options: options
        )
        classifier.blockWeights = blockWeights
        return (classifier, report)
    }

    /// Returns the configuration of the requested classifier.
    static func resolve(
        _ configuration: ModelConfiguration,
        _ family: ModelFamily,
        padTokenID: Int32?,
        _ options: LoadOptions
    ) throws(ModelError) -> ModelConfiguration {
        try configuration.requireKnownQuantization()
        if options.labels == nil, let fault = configuration.labelFault {
            throw ModelError(.mismatchedLabels, fault)
        }
        let labels = options.labels ?? configuration.labels
        let problemType = options.problemType ?? configuration.problemType
        guard labels.count > 1 || (problemType != .singleLabel && labels.count == 1) else {
            throw ModelError(
                .mismatchedLabels,
                "a single-label classifier needs at least two labels, but got \(listed(labels))"
            )
        }
        guard Set(labels.map { Array($0.utf8) }).count == labels.count else {
            throw ModelError(
                .mismatchedLabels,
                "two labels have the same name; give each label a unique name: \(listed(labels))"
            )
        }
        guard labels.count == 1 || problemType != .regression else {
            throw ModelError(
                .mismatchedLabels,
                "regression needs exactly one label, but the model has \(counted(labels.count, "label")): \(listed(labels))"
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

    /// Returns whether the checkpoint's head is kept; throws if the head is for other labels or another problem type.
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
                    + "use data with the model's labels, or start a new head with --reinit-head"
            )
        }
        if let wanted = options.problemType, wanted != configuration.problemType {
            throw ModelError(
                .mismatchedLabels,
                "the model's head is for \(configuration.problemType.rawValue), but \(wanted.rawValue) was requested; "
                    + "start a new head with --reinit-head"
            )
        }
        return true
    }

    private static func listed(_ labels: [String]) -> String {
        let shown = labels.prefix(12).map { "\"\($0)\"" }.joined(separator: ", ")
        return labels.count > 12 ? "\(shown), … (\(counted(labels.count, "label")))" : shown
    }

    /// Throws for a padding token outside of the embedding, as PyTorch does.
    private static func requirePaddingToken(
        of configuration: ModelConfiguration,
        _ embedding: Embedding
    ) throws(ModelError) {
        guard let id = configuration.padTokenID, embedding.isPaddingOutside else { return }
        throw ModelError(
            .badConfiguration,
            "\(configuration.source): `pad_token_id` is \(id), but the model's embedding has "
                + "\(counted(embedding.weight.shape[0], "row")); correct it to the "
                + "tokenizer's padding token, or train with --resize-embeddings if the tokenizer has that token"
        )
    }

    /// The parameters to load from a checkpoint.
    private struct Contents {
        let store: ParameterStore
        let keys: KeyMap
        let keepsHead: Bool
        /// The labels of the head's rows.
        let labels: [String]
        /// The token embedding's name and its number of rows in the checkpoint, if it needs more rows.
        let grown: (name: String, rows: Int)?

        /// Returns the shape that the checkpoint's tensor must have.
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
        _ random: RandomSource,
        _ base: SharedBase?
    ) throws -> (report: LoadReport, blockWeights: (any BlockWeights)?) {
        let store = contents.store
        var report = LoadReport()
        report.notes = checkpoint.notes
        var sources = try sources(of: contents, in: checkpoint, &report)
        addTiedSources(&sources, of: contents, in: checkpoint, &report)
        // Check everything before reading the first tensor.
        try requireFit(contents, checkpoint, sources, &report)
        let quantizable = QuantizableMatrices(of: store, contents.keys, options)
        let blockWeights = try blockWeights(of: store, options) { [sources] parameter in
            try quantizable.specs(of: parameter, sources[parameter.name], in: checkpoint)
                ?? [TensorSpec(shape: parameter.shape, dtype: weightsDType(of: parameter, family, options))]
        }
        let packing = try ProductPacking(of: store, contents.keys, options)
        func load(_ parameter: Parameter) throws {
            guard let source = sources[parameter.name] else {
                try parameter.initialize(random: random)
                try parameter.set(parameter.value.to(device: options.device))
                report.fresh.append(parameter.name)
                return
            }
            let dtype = weightsDType(of: parameter, family, options)
            if contents.grown?.name != parameter.name, let base, try base.share(parameter, as: dtype, options)
            {
                report.loaded.append(source)
                return
            }
            if contents.grown?.name != parameter.name,
                let matrix = try quantizable.read(
                    parameter,
                    source,
                    in: checkpoint,
                    refusesNonFinite: options.refusesNonFiniteWeights
                )
            {
                try parameter.set(matrix, device: options.device)
                report.loaded.append(source)
                return
            }
            let tensor = try checkpoint.tensor(source)
            if options.refusesNonFiniteWeights { try requireFinite(tensor, name: source) }
            report.loaded.append(source)
            guard let grown = contents.grown, grown.name == parameter.name else {
                try parameter.set(usable(tensor, dtype, options))
                if !options.mapsWeights { checkpoint.release(source) }
                return
            }
            let table = try tensor.withRowsAdded(upTo: parameter.shape[0], random: random)
            try parameter.set(table.to(dtype: dtype, device: options.device))
            report.notes.append(
                "the token embedding has grown from \(grown.rows) to \(counted(parameter.shape[0], "row"))"
            )
        }
        for parameter in store.parameters {
            try load(parameter)
            if try packing?.pack(parameter, device: options.device) == true,
                let source = sources[parameter.name]
            {
                checkpoint.release(source)
            }
            try blockWeights?.take(parameter)
            // The codes of a divided matrix are at another place now.
            if options.shard != nil, parameter.quantized != nil, let source = sources[parameter.name] {
                checkpoint.release(source)
            }
        }
        return (report, blockWeights)
    }

    /// Returns the type of a parameter.
    static func weightsDType(of parameter: Parameter, _ family: ModelFamily, _ options: LoadOptions) -> DType
    {
        // The head and its pooler are always computed in float32.
        let isHead = family.keys.isHead(parameter.name) || family.keys.isOptional(parameter.name)
        return parameter.shape.count > 1 && !isHead ? options.weightsDType : .float32
    }

    /// Finds the checkpoint's tensor for each parameter, without those of a replaced head.
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
                    "the checkpoint contains \"\(own)\" twice, as \"\(other)\" and as \"\(name)\""
                )
            }
        }
        return sources
    }

    /// Finds tied parameters that were saved under another parameter's name.
    ///
    /// safetensors' `save_model` keeps one of several tied names and lists the others in the header, so a language model's
    /// embedding may be stored as its head. transformers ties them for a language model, but would initialize the embedding
    /// of a classifier, which lacks that head.
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
                "\"\(own)\" was tied to \"\(stored.prefix(120))\" when the checkpoint was saved, and is loaded from there"
            )
        }
    }

    /// Throws unless the checkpoint has every parameter except a fresh head, in the right shape.
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
                // A classifier checkpoint must contain every parameter.
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
                        "config.json names \(counted(contents.labels.count, "label")) (\(listed(contents.labels))), but the "
                            + "checkpoint's head has \(counted(rows, "row")) (\(source)): give each row one name in "
                            + "id2label, or start a new head with --reinit-head"
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
                (["the checkpoint does not match its config.json: \(report.summary)"] + report.notes)
                    .joined(separator: "; ")
            )
        }
    }

    /// Returns the tensor in the requested type and on the device; a copy unless it may stay mapped, because the pages of a
    /// mapped file cannot be written to.
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
