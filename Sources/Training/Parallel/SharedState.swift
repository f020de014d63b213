import Checkpoints
import Classification
import Files
import JSON
import Models
import NN
import ProcessGroups
import Torch

/// The state that the ranks of a group have in common: rank 0's.
///
/// Only rank 0 reads checkpoints. The others need equal data, settings and frozen weights, which are compared first.
struct SharedState {
    let group: ProcessGroup

    /// Creates the state of a group.
    ///
    /// - Parameter group: The ranks.
    init(_ group: ProcessGroup) { self.group = group }

    /// Compares the ranks' data, settings and frozen weights.
    ///
    /// The others then wait longer for rank 0, which may read a checkpoint, until ``shareStart(_:optimizer:_:isResumed:)``.
    ///
    /// - Parameters:
    ///   - trainer: The run, with frozen parameters as its arguments say.
    ///   - identity: The identity of the run.
    /// - Throws: `DistributedError` that names a difference, its rank and both values; `TorchError`.
    func agree(on trainer: Trainer, _ identity: RunIdentity?) throws {
        let model = trainer.classifier.model
        let parameters = model.parameters.parameters
        let changed = Set(model.changedByAdapter.map(\.name))
        let frozen = parameters.filter {
            (!$0.isTrainable || model.shardedBlocks?.contains($0) == true) && !changed.contains($0.name)
        }
        var values = identity?.agreedValues ?? []
        values += trainer.arguments.agreedValues
        values += [
            AgreedValue(
                name: "the custom metrics",
                value: trainer.metrics.map(\.name).joined(separator: ", ")
            ),
            AgreedValue(
                name: "the number of trained parameters",
                value: "\(model.parameters.trainable.count)"
            ),
            AgreedValue(name: "the model's parameters", value: Self.layout(of: parameters)),
            AgreedValue(
                name: "the fingerprint of the frozen weights",
                value: try WeightsFingerprint(frozen).text
            ),
        ]
        try group.agree(on: values, about: "the run")
        if group.isFirst { try group.announce("reading the weights") }
    }

    /// A fingerprint of the parameters' names, shapes and types.
    private static func layout(of parameters: [Parameter]) -> String {
        var hash = Fingerprint()
        for parameter in parameters {
            let trained = parameter.isTrainable ? "trained" : "frozen"
            let form = parameter.quantized?.storage ?? parameter.dtype.rawValue
            hash.add(
                Array("\(parameter.name) \(parameter.shape) \(form) \(trained)".utf8)
            )
        }
        return "\(counted(parameters.count, "tensor")), fingerprint \(hash.text)"
    }

    /// Gives rank 0's state, trained weights and product routes to all ranks.
    ///
    /// - Parameters:
    ///   - classifier: The classifier, on rank 0 with the weights of the checkpoint, if there is one.
    ///   - optimizer: The optimizer, whose moments are shared if the run resumes; nil for a divided one.
    ///   - state: The state, on rank 0 that of the checkpoint.
    ///   - isResumed: Whether rank 0 has read a checkpoint; ignored on other ranks.
    /// - Returns: Whether rank 0 has read a checkpoint.
    /// - Throws: `DistributedError`; `TorchError`.
    func shareStart(
        _ classifier: TextClassifier,
        optimizer: Optimizer?,
        _ state: inout TrainerState,
        isResumed: Bool
    ) throws -> Bool {
        let activity = "sharing the weights"
        let model = classifier.model
        // One run has one way of rounding, whichever processor its ranks have.
        if group.isFirst { state.productRoutes = model.productRoutes }
        let own = group.isFirst ? Array(state.shared(isResumed: isResumed).compact.utf8) : []
        let document = try JSONValue.parse(group.shared(own, activity))
        let isResumed = document["is_resumed"].bool ?? false
        if !group.isFirst {
            state.adopt(shared: document)
            if let routes = state.productRoutes { model.productRoutes = routes }
        }
        try shareWeights(model, activity)
        if isResumed, let optimizer {
            try group.copy(optimizer.state.map { (tensor: $0.tensor, root: 0) }, activity)
            optimizer.resume(after: state.step)
        }
        if group.isFirst { try group.announce(nil) }
        return isResumed
    }

    /// Gives rank 0's trained weights to all ranks.
    ///
    /// - Parameters:
    ///   - model: The model.
    ///   - activity: What the ranks are doing, for messages while one waits.
    /// - Throws: `DistributedError`; `TorchError`.
    func shareWeights(_ model: SequenceClassifier, _ activity: String = "sharing the weights") throws {
        // A decomposition of the base may differ in its last digits, or in signs, between processors.
        let shared = (model.parameters.trainable + model.changedByAdapter).filter {
            // The values of these belong to one rank.
            model.shardedBlocks?.contains($0) != true
        }
        try group.copy(shared.map { (tensor: $0.value, root: 0) }, activity)
    }

    /// Gives rank 0's choice of the best model to all ranks, because last digits may differ between processors.
    ///
    /// - Parameters:
    ///   - state: The state after an evaluation.
    ///   - isBest: Whether that evaluation is the best.
    /// - Returns: Rank 0's `isBest`.
    /// - Throws: `DistributedError`.
    func shareSelection(_ state: inout TrainerState, isBest: Bool) throws -> Bool {
        let own = JSONValue.object(["is_best": .bool(isBest), "selection": state.selectionState])
        let bytes = group.isFirst ? Array(own.compact.utf8) : []
        let document = try JSONValue.parse(group.shared(bytes, "evaluating"))
        if !group.isFirst { state.adopt(selection: document["selection"]) }
        return document["is_best"].bool ?? false
    }
}

extension SequenceClassifier {
    /// The frozen matrices from which an adapter has taken its start values.
    fileprivate var changedByAdapter: [Parameter] {
        guard let adapter, adapter.configuration.initialization.changesBase else { return [] }
        return adapter.weights.map(\.weight).filter { !$0.isTrainable && $0.quantized == nil }
    }
}

extension ProcessGroup {
    /// Replaces tensors by those of one rank each.
    ///
    /// - Parameters:
    ///   - tensors: Tensors of equal shapes and types on equal devices of all ranks, and the rank whose values they get.
    ///   - activity: What the ranks are doing, for messages while one waits.
    /// - Throws: `DistributedError`; `TorchError`.
    func copy(_ tensors: [(tensor: Tensor, root: Int)], _ activity: String) throws {
        let sent = try tensors.map { target, root in
            let plain = try target.detached()
            let source = try (plain.device == .mps ? plain.to(device: .cpu) : plain).contiguous()
            return (source: source, root: root, isInPlace: source === plain)
        }
        try broadcast(sent.map { (tensor: $0.source, root: $0.root) }, activity)
        for ((target, root), (source, _, isInPlace)) in zip(tensors, sent) where root != rank {
            if isInPlace { try target.countChange() } else { try target.assign(source) }
        }
    }
}

extension Tensor {
    /// Counts a change of the values that libtorch has not seen, so that copies of them are made again.
    fileprivate func countChange() throws(TorchError) {
        // Views share the counter, and every operation in place counts.
        try detached().reshaped([count]).narrowed(0, to: 0..<0).fill(0)
    }
}

extension TrainingArguments {
    /// The settings that all ranks must have in common.
    fileprivate var agreedValues: [AgreedValue] {
        Mirror(reflecting: self).children.compactMap { child in
            guard let name = child.label, name != "writesReplayFile", name != "ddpTimeout" else { return nil }
            // As in recipes: `learning_rate`.
            var (words, follows) = ("", false)
            for letter in name {
                if letter.isUppercase, follows { words += "_" }
                words += letter.lowercased()
                follows = letter.isLowercase
            }
            return AgreedValue(name: words, value: "\(child.value)")
        }
    }
}
