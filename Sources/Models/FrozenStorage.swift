package import Checkpoints
import Files
import NN
public import Torch

/// The form in which the matrices of a frozen model are kept in memory.
///
/// The head, norms, biases, everything that is trained and, unless the file stores it quantized, the token embedding are always
/// kept in floating point.
///
/// Source: Dettmers et al. 2023 (QLoRA).
public enum FrozenStorage: Sendable, Equatable {
    /// In the type of the weights.
    case floatingPoint
    /// As the checkpoint stores them if it is quantized (GGUF, bitsandbytes); the file stays mapped.
    case asStored
    /// Quantized while loading, one matrix at a time; a checkpoint that is quantized already stays as it is stored.
    case quantized(Quantization, isDouble: Bool)
}

extension SequenceClassifier.LoadOptions {
    /// Sets how the matrices under an adapter are kept.
    ///
    /// - Parameters:
    ///   - storage: The wanted form.
    ///   - adapter: The adapter. If it takes its start values from the weights, they are kept in floating point.
    package mutating func keepFrozen(_ storage: FrozenStorage, under adapter: AdapterConfiguration) {
        weightsChangeLater = adapter.initialization.changesBase
        frozenStorage = weightsChangeLater ? .floatingPoint : storage
        trainedModules = adapter.modulesToSave
    }
}

/// The matrices of a model that may be kept quantized.
struct QuantizableMatrices {
    private let kinds: [String: AdaptedWeight.Kind]
    private let storage: FrozenStorage

    /// Chooses the matrices.
    ///
    /// - Parameters:
    ///   - store: The model's parameters.
    ///   - keys: The family's names; the head and modules that a base model may lack are left out.
    ///   - options: The wanted storage, and the modules that are trained whole.
    init(of store: ParameterStore, _ keys: KeyMap, _ options: SequenceClassifier.LoadOptions) {
        storage = options.frozenStorage
        var kinds: [String: AdaptedWeight.Kind] = [:]
        for matrix in store.adaptedWeights where storage != .floatingPoint {
            let name = matrix.weight.name
            let isTrained = options.trainedModules.contains { WholeModule.covers(name, $0) }
            if !isTrained, !keys.isHead(name), !keys.isOptional(name) { kinds[name] = matrix.kind }
        }
        self.kinds = kinds
    }

    /// Reads a matrix in the form in which it is kept.
    ///
    /// - Parameters:
    ///   - parameter: The parameter.
    ///   - source: The matrix's name in the checkpoint.
    ///   - checkpoint: The checkpoint.
    ///   - refusesNonFinite: Whether NaN and infinity are refused.
    /// - Returns: `[out, in]`; nil for a parameter in floating point.
    /// - Throws: `CheckpointError` for a damaged matrix or one that cannot be quantized.
    func read(
        _ parameter: Parameter,
        _ source: String,
        in checkpoint: any Checkpoint,
        refusesNonFinite: Bool
    ) throws -> QuantizedMatrix? {
        guard let kind = kinds[parameter.name], checkpoint.info(source)?.shape == parameter.shape else {
            return nil
        }
        if let stored = try checkpoint.quantized(source) {
            if refusesNonFinite { try stored.requireFinite(name: source) }
            return stored
        }
        guard kind != .table, case .quantized = storage else { return nil }
        let tensor = try checkpoint.tensor(source)
        if refusesNonFinite { try Checkpoints.requireFinite(tensor, name: source) }
        defer { checkpoint.release(source) }
        return try quantize(tensor, kind, name: source)
    }

    /// Returns the tensors that will hold a matrix, without quantizing it.
    ///
    /// - Parameters:
    ///   - parameter: The parameter.
    ///   - source: The matrix's name in the checkpoint; nil for a parameter that the checkpoint lacks.
    ///   - checkpoint: The checkpoint.
    /// - Returns: Nil for a parameter in floating point; empty for a matrix in the blocks of a file, which stays there.
    /// - Throws: `CheckpointError` for a damaged matrix.
    func specs(
        of parameter: Parameter,
        _ source: String?,
        in checkpoint: any Checkpoint
    ) throws -> [TensorSpec]? {
        guard let source, let kind = kinds[parameter.name], checkpoint.info(source)?.shape == parameter.shape
        else { return nil }
        if let stored = try checkpoint.quantized(source) { return stored.tensors.map(\.spec) }
        guard kind != .table, case .quantized(let type, let isDouble) = storage else { return nil }
        return QuantizedMatrix.specs(
            of: kind == .transposed ? parameter.shape.reversed() : parameter.shape,
            as: type,
            isDoubleQuantized: isDouble
        )
    }

    /// Quantizes the values of a parameter; nil for one that stays in floating point.
    func quantized(_ parameter: Parameter) throws -> QuantizedMatrix? {
        guard let kind = kinds[parameter.name], kind != .table, case .quantized = storage else { return nil }
        return try quantize(parameter.value, kind, name: parameter.name)
    }

    private func quantize(
        _ values: Tensor,
        _ kind: AdaptedWeight.Kind,
        name: String
    ) throws -> QuantizedMatrix? {
        guard case .quantized(let type, let isDouble) = storage else { return nil }
        do throws(TorchError) {
            let matrix = kind == .transposed ? try values.transposed(0, 1).contiguous() : values
            let isKnown = [.float32, .bfloat16, .float16].contains(matrix.dtype)
            return try .quantizing(
                isKnown ? matrix : matrix.to(dtype: .float32),
                to: type,
                isDoubleQuantized: isDouble && type != .int8
            )
        } catch {
            throw ModelError(.unsupported, "--quantize \(type.rawValue): \(name): \(error.message)")
        }
    }
}

extension QuantizedMatrix {
    /// Throws an error that names the tensor if a value is NaN or infinite.
    fileprivate func requireFinite(name: String) throws {
        for rows in tiles { try Checkpoints.requireFinite(dequantized(rows: rows), name: name) }
    }
}

extension SequenceClassifier {
    /// Sentences about the matrices that are kept quantized; none if there are no such matrices.
    package var quantizationNotes: [String] {
        let matrices = parameters.parameters.compactMap(\.quantized)
        guard !matrices.isEmpty else { return [] }
        let bytes = matrices.reduce(0) { $0 + $1.byteCount }
        let full = matrices.reduce(0) { $0 + $1.shape.reduce(1, *) * 4 }
        let kinds = Set(matrices.map(\.storage)).sorted()
        var notes = [
            "\(counted(matrices.count, "matrix", "matrices")) kept in \(kinds.joined(separator: ", ")): "
                + "\(formattedSize(bytes)) instead of \(formattedSize(full)) in float32"
        ]
        if case .quantized(let kind, _) = frozenStorage, kinds != [kind.rawValue.uppercased()] {
            notes.append(
                "--quantize \(kind.rawValue) leaves matrices as they are that the checkpoint stores quantized"
            )
        }
        return notes
    }
}
