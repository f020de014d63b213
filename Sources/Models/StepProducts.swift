import NN
package import Torch

/// A linear layer in one forward pass.
package struct LayerUse: Sendable, Equatable {
    /// The name of the layer's weight, for example `model.layers.0.self_attn.q_proj.weight`.
    package var weight: String
    /// The index of its block; nil for a layer outside of the blocks.
    package var block: Int?
    /// The number of rows of its input.
    package var rows: Int
    /// Width of its input.
    package var inputs: Int
    /// Width of its output.
    package var outputs: Int

    /// Creates a use.
    ///
    /// - Parameters:
    ///   - weight: The name of the layer's weight.
    ///   - block: The index of its block.
    ///   - rows: The number of rows of its input.
    ///   - inputs: Width of its input.
    ///   - outputs: Width of its output.
    package init(weight: String, block: Int?, rows: Int, inputs: Int, outputs: Int) {
        (self.weight, self.block) = (weight, block)
        (self.rows, self.inputs, self.outputs) = (rows, inputs, outputs)
    }

    /// The layer's name within its block, for example `self_attn.q_proj`.
    var layer: String {
        var parts = weight.split(separator: ".").map(String.init)
        if parts.last == "weight" { parts.removeLast() }
        guard let block, let place = parts.firstIndex(of: "\(block)"), place + 1 < parts.count else {
            return parts.last ?? weight
        }
        return parts[(place + 1)...].joined(separator: ".")
    }
}

/// The work for which a model computes matrix products.
package enum StepWork: String, Sendable, CaseIterable {
    /// A training step: every layer computes its output and both gradients.
    case training
    /// The prediction of a batch: every layer computes its output.
    case prediction

    /// The products that a layer computes.
    package var kinds: [ProductShape.Kind] { self == .training ? ProductShape.Kind.allCases : [.forward] }
}

/// The matrix products of linear layers in a step, by shape.
///
/// The products of attention are not among them, nor the gradients that a frozen layer does not need.
package struct StepProducts: Sendable, Equatable {
    /// A product, and its place in the model.
    package struct Product: Sendable, Equatable {
        /// Its shape.
        package let shape: ProductShape
        /// The names of the layers that compute it, as within a block.
        package let layers: [String]
        /// The number of times that a step computes it.
        package let count: Int

        /// The floating-point operations of all of them.
        package var flop: Double { Double(count) * shape.flop }
    }

    /// The number of texts in a step.
    package let texts: Int
    /// The number of tokens of each text.
    package let tokens: Int
    /// The products, each shape once; those of one layer follow each other, large layers first.
    package let products: [Product]

    /// Collects the products of a forward pass and its backward pass.
    ///
    /// - Parameters:
    ///   - uses: The layers of a forward pass, of a model with all blocks, or with two blocks of which the first represents all
    ///     but the last.
    ///   - blocks: The number of blocks of the whole model.
    ///   - texts: The number of texts in the pass.
    ///   - tokens: The number of tokens of each text.
    package init(_ uses: [LayerUse], blocks: Int, texts: Int, tokens: Int) {
        (self.texts, self.tokens) = (texts, tokens)
        let isShortened = blocks > Set(uses.compactMap(\.block)).count
        var found: [ProductShape: (layers: [String], count: Int)] = [:]
        for use in uses {
            let shape = ProductShape(.forward, rows: use.rows, inputs: use.inputs, outputs: use.outputs)
            var (layers, count) = found[shape] ?? ([], 0)
            if !layers.contains(use.layer) { layers.append(use.layer) }
            count += isShortened && use.block == 0 ? blocks - 1 : 1
            found[shape] = (layers, count)
        }
        let forward = found.map { Product(shape: $0.key, layers: $0.value.layers, count: $0.value.count) }
        products = forward.sorted(by: Self.precedes).flatMap { product in
            ProductShape.Kind.allCases.map { kind in
                var shape = product.shape
                shape.kind = kind
                return Product(shape: shape, layers: product.layers, count: product.count)
            }
        }
    }

    /// More operations first; the same order every time for equal numbers.
    private static func precedes(_ one: Product, _ other: Product) -> Bool {
        func key(_ product: Product) -> [Int] {
            [Int(product.flop), product.shape.rows, product.shape.inputs, product.shape.outputs]
        }
        return key(other).lexicographicallyPrecedes(key(one))
    }

    /// The products of some work.
    ///
    /// - Parameter work: Training or prediction.
    /// - Returns: The products, in order.
    package func products(of work: StepWork) -> [Product] {
        products.filter { work.kinds.contains($0.shape.kind) }
    }

    /// The floating-point operations of some work.
    ///
    /// - Parameter work: Training or prediction.
    /// - Returns: The number for the whole step.
    package func flop(of work: StepWork) -> Double {
        products(of: work).reduce(0) { $0 + $1.flop }
    }
}

extension SequenceClassifier {
    /// Computes one batch and lists the linear layers as they were used.
    ///
    /// - Parameters:
    ///   - texts: The number of texts.
    ///   - tokens: The number of tokens of each text.
    /// - Returns: The layers in order.
    /// - Throws: `.indexOutOfRange` for more tokens than the model has positions; `.outOfMemory`.
    package func layerUses(texts: Int, tokens: Int) throws(TorchError) -> [LayerUse] {
        let padding = configuration.padTokenID
        let batch = try PackedBatch(
            // Any token but padding: the head of some models reads the last one that is not padding.
            ids: [Int32](repeating: padding == 0 ? 1 : 0, count: texts * tokens),
            cuSeqlens: (0...texts).map { Int32($0 * tokens) },
            padTokenID: padding,
            device: device
        )
        var uses: [LayerUse] = []
        var context = ForwardContext()
        let blocks = Dictionary(uniqueKeysWithValues: parameters.parameters.map { ($0.name, $0.block) })
        context.inspect = { (weight, input, output, _) throws(TorchError) in
            let (inputs, outputs) = (input.shape.last ?? 1, output.shape.last ?? 1)
            uses.append(
                LayerUse(
                    weight: weight,
                    block: blocks[weight] ?? nil,
                    rows: input.count / max(inputs, 1),
                    inputs: inputs,
                    outputs: outputs
                )
            )
        }
        _ = try logits(batch, context)
        return uses
    }
}
