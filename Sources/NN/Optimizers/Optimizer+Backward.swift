public import Torch

/// The result of a step within the backward pass.
public enum StepInBackward: Sendable, Equatable {
    /// All parameters were updated; the gradient norm is the L2 norm before clipping.
    case moved(norm: Double)
    /// A gradient is NaN or infinite. Parameters earlier in the pass, closer to the loss, may have been updated.
    case notFinite(parameter: String, hasMoved: Bool)
}

// The optimizer within the backward pass: a block's gradients are used and freed before those of the previous block.
extension Optimizer {
    /// Updates every parameter as soon as its gradient is known, so that only one block's gradients exist at a time, in
    /// addition to those of parameters outside the blocks.
    ///
    /// Weights are bit-identical to those of `backward()` and ``step(learningRate:gradientScale:)``. Clipping needs the norm
    /// of all gradients before the first update, so it runs the backward pass twice.
    ///
    /// - Parameters:
    ///   - loss: The recorded loss of the whole step.
    ///   - parameters: All trained parameters in the model's order, which is also the order of the norm's sum.
    ///   - maxNorm: The maximum gradient norm; 0 for no clipping.
    ///   - learningRate: The learning rate of this step.
    ///   - isInBlock: Whether a parameter is used in only one block; others are updated at the end of the pass.
    ///   - normFound: Called between the two passes, if there are two.
    /// - Returns: The result of the step.
    /// - Throws: `.failed` or `.outOfMemory`.
    ///
    /// Source: Lv et al. 2023, "Full parameter fine-tuning for large language models with limited resources" (LOMO).
    public func stepInBackward(
        of loss: Tensor,
        parameters: [Parameter],
        maxNorm: Double,
        learningRate: Double,
        isInBlock: (Parameter) -> Bool,
        normFound: () throws(TorchError) -> Void = { () throws(TorchError) in }
    ) throws(TorchError) -> StepInBackward {
        let places = Dictionary(
            uniqueKeysWithValues: groups.indices.flatMap { group in
                groups[group].parameters.enumerated().map { ($1.name, (group: group, index: $0)) }
            }
        )
        var norms = [Float?](repeating: nil, count: parameters.count)
        var factor = 1.0
        if maxNorm > 0 {
            try forEachGradient(of: parameters, in: loss, keepingGraph: true, isInBlock) {
                (index, gradient) throws(TorchError) in norms[index] = Float(try totalNorm([gradient]))
            }
            if let lost = norms.firstIndex(where: { !($0?.isFinite ?? true) }) {
                return .notFinite(parameter: parameters[lost].name, hasMoved: false)
            }
            factor = clippingFactor(try Self.total(norms), to: maxNorm)
            try normFound()
        }
        stepCount += 1
        var lost: Int?
        var hasMoved = false
        try forEachGradient(of: parameters, in: loss, keepingGraph: false, isInBlock) {
            (index, gradient) throws(TorchError) in
            guard lost == nil else { return }
            if maxNorm <= 0 {
                let norm = Float(try totalNorm([gradient]))
                guard norm.isFinite else { return lost = index }
                norms[index] = norm
            }
            guard let place = places[parameters[index].name] else { return }
            hasMoved = true
            try update(
                [parameterUpdate(parameters[index], gradient, states[place.group][place.index])],
                numbers(of: groups[place.group], learningRate, factor)
            )
        }
        if let lost { return .notFinite(parameter: parameters[lost].name, hasMoved: hasMoved) }
        return .moved(norm: try Self.total(norms))
    }

    /// Runs the backward pass and passes every complete gradient to `body` once, then clears it.
    private func forEachGradient(
        of parameters: [Parameter],
        in loss: Tensor,
        keepingGraph: Bool,
        _ isInBlock: (Parameter) -> Bool,
        _ body: (Int, Tensor) throws(TorchError) -> Void
    ) throws(TorchError) {
        func handOut(_ index: Int) throws(TorchError) {
            guard let gradient = try parameters[index].updatableGradient() else { return }
            if let block = parameters[index].block { offload?.begin(block) }
            try body(index, gradient)
            try parameters[index].clearGradient()
        }
        // Each checkpointed block has its own backward pass, which would report parameters that several blocks share.
        let early = parameters.indices.filter { isInBlock(parameters[$0]) }
        try loss.backward(keepingGraph: keepingGraph, tellingOf: early.map { parameters[$0].value }) {
            (place) throws(TorchError) in try handOut(early[place])
        }
        for index in parameters.indices { try handOut(index) }
    }

    /// Returns the norm of norms, in float32 like the norm of all gradients together.
    private static func total(_ norms: [Float?]) throws(TorchError) -> Double {
        let known = norms.compactMap(\.self)
        return try totalNorm([Tensor(known, shape: [known.count])])
    }
}
