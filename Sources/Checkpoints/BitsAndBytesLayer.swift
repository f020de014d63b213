import Torch

/// The tensors that hold one quantized matrix, checked by their names, shapes and types.
///
/// Source: `Linear4bit` and `Linear8bitLt` of bitsandbytes 0.50 (bitsandbytes/nn/modules.py).
enum BitsAndBytesLayer: Sendable {
    /// The tensors `weight`, `weight.absmax`, `weight.quant_map` and more.
    case fourBits(QuantizationState)
    /// The tensors `weight`, `SCB` and `weight_format`; the sizes of the matrix.
    case eightBits(rows: Int, columns: Int)

    // MARK: Names

    /// The end of the name of a 4-bit matrix's JSON, before the type.
    static let statePrefix = ".quant_state.bitsandbytes__"
    /// Parts of a 4-bit matrix, after its name and a point.
    static let parts = ["absmax", "quant_map"]
    static let nestedParts = ["nested_absmax", "nested_quant_map"]

    static func stateName(_ weight: String, _ kind: String) -> String { weight + statePrefix + kind }

    /// Returns the name of a part next to an 8-bit matrix's weight; nil if the name does not end with `weight`.
    static func neighbor(_ part: String, of weight: String) -> String? {
        guard weight == "weight" || weight.hasSuffix(".weight") else { return nil }
        return weight.dropLast("weight".count) + part
    }

    /// The names of the tensors that hold a matrix; some may be missing.
    ///
    /// - Parameter weight: The name of the matrix.
    /// - Returns: The names, first that of the codes.
    func names(_ weight: String) -> [String] {
        switch self {
        case .fourBits(let state):
            [weight, Self.stateName(weight, state.kind)]
                + (Self.parts + Self.nestedParts).map { "\(weight).\($0)" }
        case .eightBits: ["weight", "SCB", "weight_format"].compactMap { Self.neighbor($0, of: weight) }
        }
    }

    // MARK: Checking

    /// Reads and checks the layout of a 4-bit matrix.
    ///
    /// - Parameters:
    ///   - weight: The name of the matrix.
    ///   - kind: The type that the name of the JSON states.
    ///   - checkpoint: The stored tensors.
    /// - Returns: The layout.
    /// - Throws: `.missing` or `.corrupt` with the tensor's name.
    static func fourBits(
        _ weight: String,
        kind: String,
        in checkpoint: any Checkpoint
    ) throws(CheckpointError) -> BitsAndBytesLayer {
        let name = stateName(weight, kind)
        let info = try checkpoint.require(name, of: weight)
        guard info.storage == "U8", info.shape.count == 1, info.shape[0] <= QuantizationState.longestText
        else {
            throw damaged(name, "is \(info.storage) \(info.shape) instead of a short text in U8")
        }
        let text = try bytes(of: name, in: checkpoint)
        let state: QuantizationState
        do throws(QuantizationState.Problem) {
            state = try QuantizationState(parsing: text, kind: kind)
        } catch { throw damaged(name, error.message) }
        let codes = try checkpoint.require(weight, of: weight)
        guard codes.shape.count == 2, codes.shape[1] == 1, codes.byteCount == (state.count + 1) / 2 else {
            throw damaged(
                weight,
                "is \(codes.storage) \(codes.shape), but 4-bit codes of a matrix [\(state.rows), \(state.columns)] take "
                    + "\((state.count + 1) / 2) bytes"
            )
        }
        func expect(_ part: String, _ storage: String, _ count: Int) throws(CheckpointError) {
            let name = "\(weight).\(part)"
            let info = try checkpoint.require(name, of: weight)
            guard info == TensorInfo(shape: [count], storage: storage) else {
                throw damaged(name, "is \(info.storage) \(info.shape) instead of \(storage) [\(count)]")
            }
        }
        try expect("quant_map", "F32", 16)
        try expect("absmax", state.nesting == nil ? "F32" : "U8", state.blocks)
        if let nesting = state.nesting {
            try expect("nested_absmax", "F32", (state.blocks + nesting.blockSize - 1) / nesting.blockSize)
            try expect("nested_quant_map", "F32", 256)
        } else if let part = nestedParts.first(where: { checkpoint.info("\(weight).\($0)") != nil }) {
            throw damaged("\(weight).\(part)", "is unexpected, because \(quoted(name)) has no nested keys")
        }
        return .fourBits(state)
    }

    /// Checks the layout of an 8-bit matrix.
    ///
    /// - Parameters:
    ///   - weight: The name of the matrix.
    ///   - checkpoint: The stored tensors.
    /// - Returns: The layout.
    /// - Throws: `.missing` or `.corrupt` with the tensor's name; `.unsupported` for an older order of elements.
    static func eightBits(
        _ weight: String,
        in checkpoint: any Checkpoint
    ) throws(CheckpointError) -> BitsAndBytesLayer {
        let info = try checkpoint.require(weight, of: weight)
        guard info.storage == "I8", info.shape.count == 2, info.shape.allSatisfy({ $0 > 0 }) else {
            throw damaged(weight, "is \(info.storage) \(info.shape) instead of a matrix in I8")
        }
        let (rows, columns) = (info.shape[0], info.shape[1])
        guard let scales = neighbor("SCB", of: weight), let format = neighbor("weight_format", of: weight)
        else {
            throw damaged(weight, "is I8, but its name does not end with \"weight\"")
        }
        let found = try checkpoint.require(scales, of: weight)
        guard found == TensorInfo(shape: [rows], storage: "F32") else {
            throw damaged(scales, "is \(found.storage) \(found.shape) instead of F32 [\(rows)]")
        }
        guard let info = checkpoint.info(format) else { return .eightBits(rows: rows, columns: columns) }
        guard info.storage == "U8", info.shape.reduce(1, *) == 1, info.shape.count <= 1 else {
            throw damaged(format, "is \(info.storage) \(info.shape) instead of one number in U8")
        }
        let number = try bytes(of: format, in: checkpoint)
        guard number == [0] else {
            throw CheckpointError(
                .unsupported,
                "tensor \(quoted(format)) is \(number[0]): the matrix is in the order of one kind of GPU; load and save the "
                    + "model with bitsandbytes 0.45 or later, which stores rows"
            )
        }
        return .eightBits(rows: rows, columns: columns)
    }

    /// Shape, storage and size, without reading the matrix.
    func info(_ weight: String, in checkpoint: any Checkpoint) -> TensorInfo {
        let bytes = names(weight).reduce(0) { $0 + (checkpoint.info($1)?.byteCount ?? 0) }
        return switch self {
        case .fourBits(let state):
            TensorInfo(
                shape: [state.rows, state.columns],
                storage: state.kind.uppercased(),
                partBytes: bytes
            )
        case .eightBits(let rows, let columns):
            TensorInfo(shape: [rows, columns], storage: "INT8", partBytes: bytes)
        }
    }

    // MARK: Reading

    /// Returns the matrix, whose parts may map the file.
    ///
    /// - Throws: `.corrupt` for values that are NaN, infinite or do not belong to the type.
    func matrix(_ weight: String, in checkpoint: any Checkpoint) throws(CheckpointError) -> QuantizedMatrix {
        switch self {
        case .fourBits(let state):
            let map = "\(weight).quant_map"
            let values = try Self.numbers(of: map, in: checkpoint)
            guard zip(values, state.map.values).allSatisfy({ abs($0 - $1) <= 1e-6 }) else {
                throw Self.damaged(map, "does not hold the values of \(state.kind)")
            }
            let codes = FourBitCodes(
                map: state.map,
                codes: try Self.bytes(as: [(state.count + 1) / 2, 1], of: weight, in: checkpoint),
                scales: try Self.scales(state, weight, in: checkpoint),
                blockSize: state.blockSize,
                rows: state.rows,
                columns: state.columns
            )
            return QuantizedMatrix(codes, originalDType: state.dtype)
        case .eightBits:
            let name = Self.neighbor("SCB", of: weight) ?? weight
            let scales = try checkpoint.tensor(name)
            // A code of -128 times the scale must not overflow.
            try Self.requireMagnitude(of: scales, name, atMost: Float.greatestFiniteMagnitude / 128)
            let codes = try checkpoint.tensor(weight)
            return QuantizedMatrix(EightBitCodes(codes: codes, scales: scales), originalDType: nil)
        }
    }

    private static func scales(
        _ state: QuantizationState,
        _ weight: String,
        in checkpoint: any Checkpoint
    ) throws(CheckpointError) -> FourBitCodes.Scales {
        let name = "\(weight).absmax"
        let scales = try checkpoint.tensor(name)
        guard let nesting = state.nesting else {
            try requireFinite(scales, name: name)
            return .plain(scales)
        }
        let (mapName, nestedName) = ("\(weight).nested_quant_map", "\(weight).nested_absmax")
        let (map, nested) = (try checkpoint.tensor(mapName), try checkpoint.tensor(nestedName))
        try requireMagnitude(of: map, mapName, atMost: 1)
        // The sum with the offset must not overflow.
        try requireMagnitude(of: nested, nestedName, atMost: Float.greatestFiniteMagnitude / 2)
        guard nesting.offset.magnitude <= Float.greatestFiniteMagnitude / 2 else {
            throw damaged(stateName(weight, state.kind), "has the \"nested_offset\" \(nesting.offset)")
        }
        return .nested(
            FourBitCodes.NestedScales(
                codes: scales,
                map: map,
                scales: nested,
                offset: nesting.offset,
                blockSize: nesting.blockSize
            )
        )
    }

    private static func requireMagnitude(
        of tensor: Tensor,
        _ name: String,
        atMost limit: Float
    ) throws(CheckpointError) {
        try requireFinite(tensor, name: name)
        let values = try naming(name) { () throws(TorchError) in try tensor.array(of: Float.self) }
        if let large = values.first(where: { $0.magnitude > limit }) {
            throw damaged(name, "holds \(large), but its values are at most \(limit)")
        }
    }

    private static func numbers(
        of name: String,
        in checkpoint: any Checkpoint
    ) throws(CheckpointError) -> [Float] {
        let tensor = try checkpoint.tensor(name)
        return try naming(name) { () throws(TorchError) in try tensor.array(of: Float.self) }
    }

    private static func bytes(
        of name: String,
        in checkpoint: any Checkpoint
    ) throws(CheckpointError) -> [UInt8] {
        let tensor = try checkpoint.tensor(name)
        return try naming(name) { () throws(TorchError) in try tensor.array(of: UInt8.self) }
    }

    /// Returns a view of a tensor's memory as bytes: bitsandbytes may declare codes as any type (`quant_storage`).
    private static func bytes(
        as shape: [Int],
        of name: String,
        in checkpoint: any Checkpoint
    ) throws(CheckpointError) -> Tensor {
        let tensor = try checkpoint.tensor(name)
        guard tensor.dtype != .uint8 else { return tensor }
        return try naming(name) { () throws(TorchError) in
            let tensor = try tensor.to(device: .cpu).contiguous()
            guard let start = tensor.memory.baseAddress else { return try Tensor.empty(shape, dtype: .uint8) }
            return try Tensor(borrowing: start, shape: shape, dtype: .uint8, owner: tensor)
        }
    }

    // MARK: Errors

    /// Runs a closure and turns its error into one that names a tensor.
    static func naming<Result>(
        _ name: String,
        _ body: () throws(TorchError) -> Result
    ) throws(CheckpointError) -> Result {
        do throws(TorchError) {
            return try body()
        } catch { throw CheckpointError(.inputOutput, "tensor \(quoted(name)): \(error)") }
    }

    /// The error for a tensor of a quantized matrix that does not fit the others.
    static func damaged(_ name: String, _ problem: String) -> CheckpointError {
        CheckpointError(
            .corrupt,
            "tensor \(quoted(name)) \(problem); the file is damaged, or another program wrote it: "
                + "download the model again, or quantize it again with bitsandbytes"
        )
    }
}

extension Checkpoint {
    /// Returns the shape and storage of a part of a quantized matrix.
    fileprivate func require(_ name: String, of weight: String) throws(CheckpointError) -> TensorInfo {
        if let info = info(name) { return info }
        throw CheckpointError(
            .missing,
            "tensor \(quoted(name)) is missing, without which \(quoted(weight)) cannot be dequantized; "
                + "download the model again, or save it again with bitsandbytes"
        )
    }
}
