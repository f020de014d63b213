public import Checkpoints
import Files
public import Foundation
public import NN
public import Torch

/// A language model with a classification head: packed token ids in, one row of logits per example out.
///
/// It never sees text; `Classification` does. It holds tensors, so it has one owner.
public final class SequenceClassifier {
    /// Its `config.json`.
    public let configuration: ModelConfiguration
    /// Its weights by checkpoint name.
    public let parameters: ParameterStore
    /// Where it runs.
    public let device: Device
    private let network: any ClassifierNetwork

    /// What the logits mean.
    public var problemType: ProblemType { configuration.problemType }

    /// The label names by id.
    public var labels: [String] { configuration.labels }

    /// How to make a classifier from a checkpoint.
    public struct LoadOptions: Sendable {
        /// The labels wanted; nil takes those of the checkpoint.
        public var labels: [String]?
        /// The tokenizer's padding token, which overrides the configuration's.
        public var padTokenID: Int32?
        /// What the logits are to mean; nil takes the checkpoint's word, else one of several labels.
        public var problemType: ProblemType?
        /// The type in which matrices are kept: float32, or bfloat16 at half the memory and less precision.
        public var weightsDType = DType.float32
        /// Whether a head that is there shall be thrown away.
        public var reinitializesHead = false
        /// Where to run.
        public var device = Device.cpu

        /// The checkpoint as it is, on the CPU.
        public init() {}
    }

    private init(
        configuration: ModelConfiguration,
        parameters: ParameterStore,
        network: any ClassifierNetwork,
        device: Device
    ) {
        self.configuration = configuration
        self.parameters = parameters
        self.network = network
        self.device = device
    }

    /// Builds the network that a configuration describes and fills it from a checkpoint, in float32.
    ///
    /// - Parameters:
    ///   - checkpoint: The weights, a classifier's or a base model's.
    ///   - configuration: The model's.
    ///   - options: Labels, head and device.
    ///   - random: Where a fresh head draws from.
    /// - Returns: The classifier, and what was loaded, made fresh and left.
    /// - Throws: ``ModelError`` where checkpoint, configuration and labels do not fit; `CheckpointError`; `TorchError`.
    public static func load(
        _ checkpoint: any Checkpoint,
        configuration: ModelConfiguration,
        options: LoadOptions = LoadOptions(),
        random: RandomSource
    ) throws -> (classifier: SequenceClassifier, report: LoadReport) {
        let family = try ModelFamily.of(configuration)
        let keepsHead = try keepsHead(of: configuration, options: options)
        let labels = options.labels ?? configuration.labels
        let problemType = options.problemType ?? configuration.problemType
        guard labels.count > 1 || problemType == .regression else {
            throw ModelError(
                .mismatchedLabels,
                "a classifier needs at least two labels, and these are \(listed(labels))"
            )
        }
        let resolved = configuration.asClassifier(
            labels: labels,
            architecture: family.classifierArchitecture,
            padTokenID: options.padTokenID,
            problemType: problemType
        )
        let parameters = ParameterStore()
        let network = try family.make(ParameterScope(parameters), resolved)
        let report = try fill(
            parameters,
            from: checkpoint,
            family: family,
            keepsHead: keepsHead,
            device: options.device,
            random: random
        )
        let classifier = SequenceClassifier(
            configuration: resolved,
            parameters: parameters,
            network: network,
            device: options.device
        )
        return (classifier, report)
    }

    /// Whether the checkpoint's own head is kept; refuses a head of other labels.
    private static func keepsHead(
        of configuration: ModelConfiguration,
        options: LoadOptions
    ) throws(ModelError) -> Bool {
        guard configuration.isClassifier, !options.reinitializesHead else { return false }
        if let wanted = options.labels, wanted != configuration.labels {
            throw ModelError(
                .mismatchedLabels,
                "the model classifies into \(listed(configuration.labels)), the data into \(listed(wanted)); "
                    + "use data with the model's labels, or --reinit-head to start a new head for the data's"
            )
        }
        return true
    }

    private static func listed(_ labels: [String]) -> String {
        let shown = labels.prefix(12).map { "\"\($0)\"" }.joined(separator: ", ")
        return labels.count > 12 ? "\(shown), … (\(labels.count) labels)" : shown
    }

    private static func fill(
        _ store: ParameterStore,
        from checkpoint: any Checkpoint,
        family: ModelFamily,
        keepsHead: Bool,
        device: Device,
        random: RandomSource
    ) throws -> LoadReport {
        let names = Set(checkpoint.tensorNames)
        // A bare base model's checkpoint has no prefix before the backbone's names.
        let isBare = !names.contains { $0.hasPrefix(family.backbonePrefix) }
        var report = LoadReport()
        var used: Set<String> = []
        for parameter in store.parameters {
            let isHead = family.headNames.contains(parameter.name)
            if isHead && !keepsHead {
                try parameter.initialize(random: random)
                try parameter.set(parameter.value.to(device: device))
                report.fresh.append(parameter.name)
                continue
            }
            let bareName =
                isBare ? String(parameter.name.dropFirst(family.backbonePrefix.count)) : parameter.name
            let name = isHead ? parameter.name : bareName
            guard let info = checkpoint.info(name) else {
                report.missing.append(parameter.name)
                continue
            }
            used.insert(name)
            guard info.shape == parameter.shape else {
                report.mismatched.append(
                    LoadReport.Mismatch(name: name, expected: parameter.shape, found: info.shape)
                )
                continue
            }
            try parameter.set(trainable(checkpoint.tensor(name), on: device))
            report.loaded.append(name)
        }
        report.unexpected = names.subtracting(used).subtracting(family.dropped.keys)
            .subtracting(keepsHead ? [] : family.headNames).filter { !$0.hasSuffix("rotary_emb.inv_freq") }
            .sorted()
        guard report.missing.isEmpty, report.mismatched.isEmpty else {
            throw ModelError(
                .mismatchedCheckpoint,
                "the checkpoint does not fit its config.json: \(report.summary)"
            )
        }
        return report
    }

    /// A float32 copy that may be written: a mapped file's pages may not.
    private static func trainable(_ tensor: Tensor, on device: Device) throws(TorchError) -> Tensor {
        tensor.dtype == .float32 && device == .cpu
            ? try tensor.copy() : try tensor.to(dtype: .float32, device: device)
    }

    /// Scores every example for every label.
    ///
    /// - Parameters:
    ///   - batch: B examples on ``device``.
    ///   - context: How to run.
    /// - Returns: `[B, K]`, float32.
    /// - Throws: `.indexOutOfRange` for a token id outside the vocabulary; `.outOfMemory`.
    public func logits(
        _ batch: PackedBatch,
        _ context: ForwardContext = ForwardContext()
    ) throws(TorchError) -> Tensor {
        try network.logits(batch, context)
    }

    /// Writes `config.json` and the weights in the Hub's layout, each file whole or not at all.
    ///
    /// - Parameter folder: Made if need be.
    /// - Throws: `CheckpointError` or `FileError` where it cannot be written.
    public func save(to folder: URL) throws {
        try saveSafetensors(parameters.parameters.map { ($0.name, $0.value) }, toFolder: folder)
        try writeAtomically(Data(configuration.formatted.utf8), to: folder.appending(path: "config.json"))
    }
}
