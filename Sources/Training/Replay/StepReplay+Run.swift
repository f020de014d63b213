import Classification
public import Models
public import NN
import Tokenization
import Torch

extension StepReplay {
    /// Replays the step up to the first non-finite value and records every layer, weight and gradient.
    ///
    /// Weights stay the same.
    ///
    /// - Parameters:
    ///   - model: The model with the weights before the step; its gradients are cleared.
    ///   - precision: The type of matrix products; nil takes that of the run.
    ///   - loss: The loss, needed if the run's loss was custom and therefore not saved.
    /// - Returns: The report.
    /// - Throws: `TorchError`; ``TrainingError`` if the loss was custom and none is given.
    public func run(
        on model: SequenceClassifier,
        precision: Precision? = nil,
        loss: (any ClassificationLoss)? = nil
    ) throws -> ReplayReport {
        guard let loss = loss ?? self.loss.loss else {
            throw TrainingError(
                .badArgument,
                "step \(step) had a custom loss, which is not saved; pass it to StepReplay.run(on:loss:)"
            )
        }
        let frozen = Set(frozen)
        for parameter in model.parameters.parameters {
            parameter.isTrainable = !frozen.contains(parameter.name)
        }
        try model.parameters.setRequiresGradient(true)
        let rerun = Rerun(step: self, model: model, loss: loss, precision: precision ?? self.precision)
        return try rerun.report(withGradients: true)
    }

    /// Replays only the forward pass, for the trainer's error on a non-finite loss.
    func runForward(on model: SequenceClassifier, loss: any ClassificationLoss) throws -> ReplayReport {
        let rerun = Rerun(step: self, model: model, loss: loss, precision: precision)
        return try withNoGradient { try rerun.report(withGradients: false) }
    }
}

/// A replay in progress.
private struct Rerun {
    let step: StepReplay
    let model: SequenceClassifier
    let loss: any ClassificationLoss
    let precision: Precision

    func report(withGradients: Bool) throws -> ReplayReport {
        var report = ReplayReport(weightsLost: [], microBatches: [], examplesWithLostGradients: [])
        for parameter in model.parameters.parameters where try !parameter.value.detached().isFinite() {
            let statistics = try TensorStatistics(parameter.value)
            report.weightsLost.append(.init(name: parameter.name, statistics: statistics))
        }
        let dropout = try RandomSource(.dropout, seed: step.seed, device: model.device)
        // A stream's state from another kind of device cannot be restored; dropout then draws other numbers.
        if step.device == "\(model.device)" { try dropout.restore(step.dropout) }
        try clearGradients()
        let keepsGradients = step.microBatchSizes.count > 1
        for range in step.microBatches {
            let batch = try run(range, dropout, withGradients, keepsGradients)
            report.microBatches.append(batch)
            if !batch.loss.isFinite || batch.gradients.contains(where: { $0.statistics.nonFiniteCount > 0 }) {
                break
            }
        }
        try clearGradients()
        report.origin = origin(report)
        if case .gradient = report.origin,
            let last = step.microBatches.dropFirst(report.microBatches.count - 1).first
        {
            report.examplesWithLostGradients = try last.filter(losesGradientsAlone).map { step.examples[$0] }
        }
        return report
    }

    private func run(
        _ range: Range<Int>,
        _ dropout: RandomSource?,
        _ withGradients: Bool,
        _ keepsGradients: Bool
    ) throws -> ReplayReport.MicroBatch {
        let batch = try step.encoded.batch(
            range,
            padTokenID: model.configuration.padTokenID,
            device: model.device
        )
        var layers: [ReplayReport.Layer] = []
        var isForward = true
        var context = ForwardContext(matmulDType: precision.matmulDType, dropout: dropout)
        context.checkpointsBlocks = step.checkpointsBlocks && withGradients
        context.inspect = { (name, input, output, dtype) throws(TorchError) in
            // With gradient checkpointing blocks run a second time, in the backward pass.
            if isForward { layers.append(try layer(name, input, output, dtype, range)) }
        }
        let logits = try model.logits(batch, context)
        isForward = false
        let wanted = step.encoded.targets?.selecting(range) ?? .classes([])
        let weight = step.hfCompatGradientAccumulation ? loss.totalWeight(of: wanted) : step.windowWeight
        let value = try loss(logits, wanted) * (1 / weight)
        let amount = try value.item()
        return ReplayReport.MicroBatch(
            examples: range.map { step.examples[$0] },
            tokens: Int(batch.cuSeqlens.last ?? 0),
            loss: amount.isNaN ? .nan : amount,
            layers: layers,
            nonFiniteExamples: try lostRows(of: logits).map { step.examples[range.lowerBound + $0] },
            gradients: withGradients && amount.isFinite ? try gradients(of: value, keepsGradients) : []
        )
    }

    private func layer(
        _ name: String,
        _ input: Tensor,
        _ output: Tensor,
        _ dtype: DType,
        _ range: Range<Int>
    ) throws(TorchError) -> ReplayReport.Layer {
        let given = try TensorStatistics(input)
        let made = try TensorStatistics(output, computedIn: dtype)
        let lost = given.nonFiniteCount > 0 ? given : made
        let place = lost.firstLostRow.flatMap { self.place(ofRow: $0, of: lost.shape[0], in: range) }
        return ReplayReport.Layer(name: name, input: given, output: made, firstLost: place)
    }

    /// Every gradient, in the order of the backward pass.
    private func gradients(of loss: Tensor, _ keepsGradients: Bool) throws -> [ReplayReport.Named] {
        let parameters = model.parameters.trainable
        var gradients: [ReplayReport.Named] = []
        try loss.backward(tellingOf: parameters.map(\.value)) { (index) throws(TorchError) in
            guard let gradient = try parameters[index].value.gradient() else { return }
            gradients.append(.init(name: parameters[index].name, statistics: try TensorStatistics(gradient)))
            if !keepsGradients { try parameters[index].value.clearGradient() }
        }
        return gradients
    }

    private func losesGradientsAlone(_ example: Int) throws -> Bool {
        let batch = try run(example..<example + 1, nil, true, false)
        return batch.gradients.contains { $0.statistics.nonFiniteCount > 0 }
    }

    private func clearGradients() throws {
        for parameter in model.parameters.trainable { try parameter.value.clearGradient() }
    }

    private func lostRows(of logits: Tensor) throws -> [Int] {
        let width = logits.shape[1]
        let values = try logits.detached().array(of: Float.self)
        return (0..<logits.shape[0]).filter { row in
            values[row * width..<(row + 1) * width].contains { !$0.isFinite }
        }
    }

    /// The example and token of a row, which is either a token's state or an example's.
    private func place(ofRow row: Int, of rows: Int, in range: Range<Int>) -> ReplayReport.Place? {
        let offsets = step.encoded.encodings.cuSeqlens
        let start = Int(offsets[range.lowerBound])
        if rows == Int(offsets[range.upperBound]) - start {
            guard let index = range.last(where: { Int(offsets[$0]) <= start + row }) else { return nil }
            return .init(example: step.examples[index], token: start + row - Int(offsets[index]))
        }
        return rows == range.count ? .init(example: step.examples[range.lowerBound + row], token: nil) : nil
    }

    private func origin(_ report: ReplayReport) -> ReplayReport.Origin? {
        guard let last = report.microBatches.last else { return nil }
        if !last.loss.isFinite {
            if let weight = report.weightsLost.first { return .weight(weight) }
            for layer in last.layers {
                if layer.input.nonFiniteCount > 0 { return .before(layer) }
                if layer.output.nonFiniteCount > 0 { return .layer(layer) }
            }
            return .loss
        }
        if let gradient = last.gradients.first(where: { $0.statistics.nonFiniteCount > 0 }) {
            return .gradient(gradient)
        }
        // Gradients of several micro-batches are summed, so the last ones are those of the whole step.
        let norms = Dictionary(last.gradients.map { ($0.name, $0.statistics.norm) }) { _, whole in whole }
        let norm = norms.values.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return Float(norm).isFinite ? nil : .norm(norm)
    }
}
