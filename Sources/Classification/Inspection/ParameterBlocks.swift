/// A group of parameters: the embeddings, layers of one kind, or a head.
public struct ParameterBlock: Sendable, Equatable {
    /// The role of a block.
    public enum Role: String, Sendable, CaseIterable {
        case embeddings
        case layers
        case norm = "final norm"
        case pooler
        case other
        /// A head that a classifier does not use.
        case languageModelHead = "language-model head"
        case head = "classification head"
    }

    /// A part that every layer has.
    public struct Part: Sendable, Equatable {
        /// `attention`, `feed-forward` or `norms`.
        public var name: String
        /// The number of its parameters in all layers of this kind.
        public var parameters: Int
    }

    /// The block's role.
    public var role: Role
    /// The common prefix of its tensors' names, `model.layers` for example.
    public var place: String
    /// The number of layers of this kind; 1 for other blocks.
    public var count = 1
    /// The number of its parameters, in all its layers.
    public var parameters = 0
    /// The parts of layers; empty for other blocks.
    public var parts: [Part] = []

    /// Groups a checkpoint's tensors by name, also for unknown families.
    ///
    /// - Parameter tensors: The tensors' names and shapes.
    /// - Returns: The blocks, in the order of a forward pass.
    static func grouping(_ tensors: [InspectedTensor]) -> [ParameterBlock] {
        var single: [Role: ParameterBlock] = [:]
        var layers: [Layer.Key: Layer] = [:]
        for tensor in tensors where !tensor.isBuffer {
            let steps = tensor.name.split(separator: ".").map(String.init)
            if let place = steps.firstIndex(where: { $0.allSatisfy(\.isNumber) }), place + 1 < steps.count,
                let index = Int(steps[place])
            {
                let key = Layer.Key(place: steps[..<place].joined(separator: "."), index: index)
                layers[key, default: Layer()].add(tensor, named: steps[(place + 1)...].joined(separator: "."))
                continue
            }
            let role = Role(ofSteps: steps)
            let place = steps.dropLast().joined(separator: ".")
            var block = single[role] ?? ParameterBlock(role: role, place: place)
            block.place = commonSteps(block.place, place)
            block.parameters += tensor.parameters
            single[role] = block
        }
        var blocks = Role.allCases.filter { $0 != .layers }.compactMap { single[$0] }
        let start = blocks.firstIndex { $0.role != .embeddings } ?? blocks.count
        blocks.insert(contentsOf: kinds(of: layers), at: start)
        return blocks
    }

    /// Groups layers with equal tensors, in the order of each kind's first layer.
    private static func kinds(of layers: [Layer.Key: Layer]) -> [ParameterBlock] {
        var blocks: [ParameterBlock] = []
        var places: [[String]: Int] = [:]
        for (key, layer) in layers.sorted(by: { ($0.key.place, $0.key.index) < ($1.key.place, $1.key.index) })
        {
            let signature = [key.place] + layer.shapes.sorted()
            if let place = places[signature] {
                blocks[place].count += 1
                blocks[place].parameters += layer.parameters
                for part in blocks[place].parts.indices {
                    blocks[place].parts[part].parameters += layer.parts[blocks[place].parts[part].name] ?? 0
                }
            } else {
                places[signature] = blocks.count
                let parts = Layer.partNames.compactMap { name in
                    layer.parts[name].map { Part(name: name, parameters: $0) }
                }
                blocks.append(
                    ParameterBlock(
                        role: .layers,
                        place: key.place,
                        parameters: layer.parameters,
                        parts: parts
                    )
                )
            }
        }
        return blocks
    }
}

/// The tensors of one layer.
private struct Layer {
    struct Key: Hashable {
        var place: String
        var index: Int
    }

    static let partNames = ["attention", "feed-forward", "norms"]

    var parameters = 0
    var shapes: [String] = []
    var parts: [String: Int] = [:]

    mutating func add(_ tensor: InspectedTensor, named name: String) {
        parameters += tensor.parameters
        shapes.append("\(name) \(tensor.shape)")
        parts[Self.part(name.lowercased()), default: 0] += tensor.parameters
    }

    private static func part(_ name: String) -> String {
        let isNorm = name.contains("norm") || name.split(separator: ".").contains { $0.hasPrefix("ln") }
        if isNorm { return "norms" }
        return name.contains("attn") || name.contains("attention") ? "attention" : "feed-forward"
    }
}

extension ParameterBlock.Role {
    /// The role that a name outside the layers indicates.
    fileprivate init(ofSteps steps: [String]) {
        let languageModelHeads: Set = [
            "lm_head", "embed_out", "cls", "generator_predictions", "generator_lm_head",
            "discriminator_predictions", "lm_predictions", "mask_predictions", "vocab_transform",
            "vocab_layer_norm", "vocab_projector",
        ]
        let heads: Set = ["score", "classifier", "pre_classifier", "head", "classification_head"]
        let embeddings: Set = ["wte", "wpe", "shared"]
        let name = steps.joined(separator: ".").lowercased()
        // A decoder that is a single linear layer, not a stack.
        let isLinearDecoder = steps.first == "decoder" && steps.count == 2
        if let first = steps.first, languageModelHeads.contains(first) || isLinearDecoder {
            self = .languageModelHead
        } else if let first = steps.first, heads.contains(first) {
            self = .head
        } else if name.contains("pooler") {
            self = .pooler
        } else if name.contains("embed") || !embeddings.isDisjoint(with: steps) {
            self = .embeddings
        } else if name.contains("norm") || steps.contains("ln_f") {
            self = .norm
        } else {
            self = .other
        }
    }
}

/// The common leading parts of two dotted names.
private func commonSteps(_ a: String, _ b: String) -> String {
    zip(a.split(separator: "."), b.split(separator: ".")).prefix { $0 == $1 }.map { String($0.0) }
        .joined(separator: ".")
}
