/// The name of a tensor in an adapter's file, taken apart.
///
/// Source: `get_peft_model_state_dict` of peft 0.21 (utils/save_and_load.py).
package struct AdapterKey: Equatable {
    /// The part of a layer's adapter.
    package enum Part: String, CaseIterable {
        case a = "lora_A.weight"
        case b = "lora_B.weight"
        case biasOfB = "lora_B.bias"
        case magnitude = "lora_magnitude_vector"
        case tableA = "lora_embedding_A"
        case tableB = "lora_embedding_B"
    }

    /// The meaning of a tensor.
    package enum Content: Equatable {
        /// A part of the adapter of the layer with this path.
        case part(Part, path: String)
        /// A whole parameter of the model.
        case parameter(String)
        /// An unused copy of a head's original bias, which peft writes with `bias="all"`.
        case original
    }

    /// The prefix of all names.
    package static let prefix = "base_model.model."

    /// The meaning of the tensor; nil if it does not belong to an adapter.
    package let content: Content?

    /// Takes a name apart.
    ///
    /// - Parameter key: The name in the file. An adapter's own name between the parts is accepted, as in peft.
    package init(_ key: String) {
        guard key.hasPrefix(Self.prefix) else {
            content = nil
            return
        }
        let parts = key.dropFirst(Self.prefix.count).split(separator: ".", omittingEmptySubsequences: false)
        content = Self.content(parts.map(String.init))
    }

    private static func content(_ parts: [String]) -> Content? {
        func path(_ count: Int) -> String { parts.prefix(count).joined(separator: ".") }
        if let index = parts.lastIndex(where: { $0.hasPrefix("lora_") }), index > 0 {
            let tail = Array(parts[index...])
            for part in Part.allCases {
                let own = part.rawValue.split(separator: ".").map(String.init)
                // lora_A.weight, lora_A.default.weight; lora_magnitude_vector, lora_magnitude_vector.default(.weight)
                guard tail[0] == own[0] else { continue }
                let rest = Array(tail.dropFirst())
                let end = Array(own.dropFirst())
                let isNamed =
                    rest.count > end.count && rest.count <= end.count + 1
                    && rest.suffix(end.count) == end[...]
                let isInMemory = end.isEmpty && rest.last == "weight" && rest.count <= 2
                if rest == end || isNamed || isInMemory { return .part(part, path: path(index)) }
            }
            return nil
        }
        if parts.contains("original_module") { return .original }
        if let index = parts.firstIndex(of: "modules_to_save") {
            // score.modules_to_save.weight, score.modules_to_save.default.weight
            let rest = Array(parts[(index + 1)...])
            let name =
                rest.count > 1 && !["dense", "out_proj", "norm"].contains(rest[0])
                ? Array(rest.dropFirst()) : rest
            return .parameter((parts.prefix(index) + name).joined(separator: "."))
        }
        return .parameter(parts.filter { $0 != "base_layer" }.joined(separator: "."))
    }
}
