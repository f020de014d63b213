public import Torch

/// A checkpoint with matrices in bitsandbytes' 4-bit or 8-bit form, shown under their plain names.
///
/// Each matrix is one tensor `[out, in]` with the storage `NF4`, `FP4` or `INT8`. The tensors that hold its scales are hidden.
///
/// Source: bitsandbytes 0.50 (bitsandbytes/nn/modules.py, `QuantState` in bitsandbytes/functional.py).
public struct BitsAndBytesCheckpoint: Checkpoint {
    /// Names of all tensors, sorted, without the parts of quantized matrices.
    public let tensorNames: [String]
    private let base: any Checkpoint
    /// Names of the other tensors.
    private let plain: Set<String>
    /// The quantized matrices by name.
    private let layers: [String: BitsAndBytesLayer]
    /// Names of matrices that are `[in, out]` in the unquantized checkpoint.
    private let transposed: Set<String>

    /// Returns whether a checkpoint has parts of matrices in bitsandbytes' form.
    ///
    /// - Parameter checkpoint: A checkpoint.
    /// - Returns: True if at least one tensor has a name that only bitsandbytes uses.
    public static func isQuantized(_ checkpoint: any Checkpoint) -> Bool {
        checkpoint.tensorNames.contains { name in
            name.contains(".quant_state.") || lastPart(name) == "SCB"
        }
    }

    /// Wraps a checkpoint, and checks the names, shapes and types of all parts.
    ///
    /// - Parameters:
    ///   - base: The stored tensors.
    ///   - isTransposed: Whether a matrix is `[in, out]` in the unquantized checkpoint, as in GPT-2, whose matrices
    ///     transformers transposes before it quantizes them.
    /// - Throws: `.missing`, `.corrupt` or `.unsupported` with the tensor's name.
    public init(
        _ base: any Checkpoint,
        isTransposed: (String) -> Bool = { _ in false }
    ) throws(CheckpointError) {
        let kinds = try Self.fourBitKinds(base.tensorNames)
        var layers: [String: BitsAndBytesLayer] = [:]
        var hidden: Set<String> = []
        for weight in Self.eightBitWeights(base) {
            layers[weight] = try .eightBits(weight, in: base)
            hidden.formUnion(
                ["SCB", "weight_format"].compactMap { BitsAndBytesLayer.neighbor($0, of: weight) }
            )
        }
        for (weight, kind) in kinds.sorted(by: { $0.key < $1.key }) {
            guard layers[weight] == nil else {
                throw BitsAndBytesLayer.damaged(weight, "has the parts of a 4-bit and of an 8-bit matrix")
            }
            layers[weight] = try .fourBits(weight, kind: kind, in: base)
        }
        for name in base.tensorNames where !hidden.contains(name) {
            if try Self.isPart(name, of: kinds) { hidden.insert(name) }
        }
        for name in base.tensorNames where layers[name] == nil && !hidden.contains(name) {
            try Self.requirePlain(name, base.info(name))
        }
        self.base = base
        self.layers = layers
        tensorNames = base.tensorNames.filter { !hidden.contains($0) }
        plain = Set(tensorNames).subtracting(layers.keys)
        transposed = Set(layers.keys.filter(isTransposed))
    }

    // MARK: Names

    private static func lastPart(_ name: String) -> Substring {
        name[(name.lastIndex(of: ".").map(name.index(after:)) ?? name.startIndex)...]
    }

    /// Returns the 4-bit type of each matrix, from the names of the JSON texts.
    private static func fourBitKinds(_ names: [String]) throws(CheckpointError) -> [String: String] {
        var kinds: [String: String] = [:]
        for name in names where name.contains(".quant_state.") {
            guard
                let kind = QuantizationState.kinds.map(\.name).first(where: {
                    name.hasSuffix(BitsAndBytesLayer.statePrefix + $0)
                })
            else {
                throw CheckpointError(
                    .unsupported,
                    "tensor \(quoted(name)) describes an unknown quantization; supported are nf4 and fp4 of bitsandbytes"
                )
            }
            let weight = String(name.dropLast(BitsAndBytesLayer.statePrefix.count + kind.count))
            if let other = kinds.updateValue(kind, forKey: weight) {
                throw BitsAndBytesLayer.damaged(weight, "is described as \(other) and as \(kind)")
            }
        }
        return kinds
    }

    /// Returns the names of 8-bit matrices: those in I8, and those with a scale or a format.
    private static func eightBitWeights(_ base: any Checkpoint) -> [String] {
        let weights = base.tensorNames.compactMap { name -> String? in
            switch lastPart(name) {
            case "SCB": String(name.dropLast(3)) + "weight"
            case "weight_format": String(name.dropLast(7))
            case "weight" where base.info(name)?.storage == "I8": name
            default: nil
            }
        }
        return Set(weights).sorted()
    }

    /// Returns whether a tensor is a part of a 4-bit matrix.
    ///
    /// - Throws: `.corrupt` if its name begins with that of a 4-bit matrix but is not one of its parts.
    private static func isPart(_ name: String, of kinds: [String: String]) throws(CheckpointError) -> Bool {
        for point in name.indices where name[point] == "." {
            let weight = String(name[..<point])
            guard let kind = kinds[weight] else { continue }
            let known = (BitsAndBytesLayer.parts + BitsAndBytesLayer.nestedParts).map { "\(weight).\($0)" }
            guard known.contains(name) || name == BitsAndBytesLayer.stateName(weight, kind) else {
                throw BitsAndBytesLayer.damaged(name, "is not a part of a 4-bit matrix")
            }
            return true
        }
        return false
    }

    /// Throws if a tensor looks like a part of a quantized matrix that has no description.
    private static func requirePlain(_ name: String, _ info: TensorInfo?) throws(CheckpointError) {
        var weight: String?
        for part in BitsAndBytesLayer.parts + BitsAndBytesLayer.nestedParts
        where name.hasSuffix("weight.\(part)") {
            weight = String(name.dropLast(part.count + 1))
        }
        if lastPart(name) == "weight", info?.storage == "U8" { weight = name }
        guard let weight else { return }
        throw CheckpointError(
            .missing,
            "tensor \(quoted(BitsAndBytesLayer.stateName(weight, "nf4"))) (or …fp4) is missing, without which "
                + "\(quoted(name)) cannot be used; download the model again, or save it again with bitsandbytes"
        )
    }

    // MARK: Reading

    /// The checkpoint's files, sorted by name; empty if it is in memory.
    public var files: [CheckpointFile] { base.files }

    /// Maps the names of tied weights that were left out when saving to the names that hold their values.
    public var aliases: [String: String] { base.aliases }

    /// Warnings about a checkpoint that can be read, one sentence each.
    public var notes: [String] { base.notes }

    /// Returns a tensor's shape and storage without reading it.
    ///
    /// - Parameter name: A name in ``tensorNames``.
    /// - Returns: Shape and storage, or nil if there is no such tensor.
    public func info(_ name: String) -> TensorInfo? {
        guard let layer = layers[name] else { return plain.contains(name) ? base.info(name) : nil }
        var info = layer.info(name, in: base)
        if transposed.contains(name) { info.shape.reverse() }
        return info
    }

    /// Reads a tensor; dequantizes a quantized matrix to float32.
    ///
    /// - Parameter name: A name in ``tensorNames``.
    /// - Returns: The tensor, on the CPU; `[in, out]` for a matrix that is transposed.
    /// - Throws: `.missing` if there is no such tensor; `.corrupt` if its scales are NaN, infinite or too large.
    public func tensor(_ name: String) throws(CheckpointError) -> Tensor {
        guard let matrix = try quantized(name) else { return try base.tensor(name) }
        return try BitsAndBytesLayer.naming(name) { () throws(TorchError) in
            let values = try matrix.dequantized()
            return transposed.contains(name) ? try values.transposed(0, 1).contiguous() : values
        }
    }

    /// Drops a tensor's pages from this process's memory; they are read again when they are used again.
    ///
    /// - Parameter name: A name in ``tensorNames``.
    public func release(_ name: String) {
        for part in layers[name]?.names(name) ?? [name] { base.release(part) }
    }

    /// Returns a quantized matrix `[out, in]` as it is stored.
    ///
    /// Its parts may map the file.
    ///
    /// - Parameter name: A name in ``tensorNames``.
    /// - Returns: The matrix; nil if the tensor is not quantized.
    /// - Throws: `.missing` if there is no such tensor; `.corrupt` if its scales are NaN, infinite or too large.
    public func quantized(_ name: String) throws(CheckpointError) -> QuantizedMatrix? {
        if let layer = layers[name] { return try layer.matrix(name, in: base) }
        guard info(name) != nil else {
            throw CheckpointError(.missing, "the checkpoint has no tensor \(quoted(name))")
        }
        return nil
    }
}
