public import Torch

/// How a step that moved parameters within the backward pass went.
public enum StepInBackward: Sendable, Equatable {
    /// All were moved; the gradients' L2 norm before clipping.
    case moved(norm: Double)
    /// A gradient is no number. The parameters before this one in the pass, those closer to the loss, may have been moved.
    case notFinite(parameter: String, hasMoved: Bool)
}

// The optimizer within the backward pass: a block's gradients are used and forgotten before those of the block below come.
extension Optimizer {
    /// Moves every parameter as soon as its gradient is known, so that never more than a block's gradients exist, besides
    /// those of parameters outside the blocks.
    ///
    /// Weights end with the same bytes as by `backward()` and ``step(learningRate:gradientScale:)``. Clipping needs the norm
    /// of all gradients before the first weight moves, and runs the backward pass twice for it.
    ///
    /// - Parameters:
    ///   - loss: The whole step's, recorded.
    ///   - parameters: All that are trained, in the model's order, in which the norm is summed.
    ///   - maxNorm: The gradients' largest norm; 0 leaves them as they are.
    ///   - learningRate: This step's.
    ///   - isInBlock: Whether a parameter is used in one block only; the others wait for the end of the pass.
    ///   - normFound: Called between the two passes, where there are two.
    /// - Returns: How it went.
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

    /// Runs the backward pass and hands out every gradient once, when it is whole, then forgets it.
    private func forEachGradient(
        of parameters: [Parameter],
        in loss: Tensor,
        keepingGraph: Bool,
        _ isInBlock: (Parameter) -> Bool,
        _ body: (Int, Tensor) throws(TorchError) -> Void
    ) throws(TorchError) {
        func handOut(_ index: Int) throws(TorchError) {
            guard let gradient = try parameters[index].updatableGradient() else { return }
            try body(index, gradient)
            try parameters[index].clearGradient()
        }
        // A checkpointed block has a backward pass of its own: what several blocks share would be told of by each.
        let early = parameters.indices.filter { isInBlock(parameters[$0]) }
        try loss.backward(keepingGraph: keepingGraph, tellingOf: early.map { parameters[$0].value }) {
            (place) throws(TorchError) in try handOut(early[place])
        }
        for index in parameters.indices { try handOut(index) }
    }

    /// The norm of norms, in float32 as that of all gradients at once.
    private static func total(_ norms: [Float?]) throws(TorchError) -> Double {
        let known = norms.compactMap(\.self)
        return try totalNorm([Tensor(known, shape: [known.count])])
    }
}
