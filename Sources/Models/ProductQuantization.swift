import Files
import NN
import Torch

/// A type of integers for the products of linear layers, to predict faster with less memory.
///
/// Only for prediction on a CPU: such a model can be neither trained nor saved.
public enum ProductQuantization: String, Sendable, CaseIterable {
    /// 8 bits: weights with a scale per output, quantized while loading, and inputs with a scale per token.
    ///
    /// Sums are 32-bit integers. Everything else stays in floating point: embeddings, norms, attention and the head.
    case int8
}

/// The layers and numbers that integer products leave in floating point, to lose less accuracy.
package struct IntegerProducts: Sendable, Equatable {
    /// The last parts of the paths of layers that are not quantized, such as `down_proj`.
    package var floatLayers: [String] = []
    /// The factor on the mean magnitude of a token's inputs beyond which a few of them are multiplied in float32; 0 for none.
    ///
    /// Large language models have a few inputs that are many times as large as the others, and would determine the scale.
    package var outlierFactor: Float = 12

    package init() {}
}

/// Quantizes the matrices of linear layers for integer products, one after another.
struct ProductPacking {
    private let kinds: [String: AdaptedWeight.Kind]
    private let outlierFactor: Float

    /// Chooses the matrices; nil if integer products are not wanted, or if all weights change after loading.
    ///
    /// - Parameters:
    ///   - store: The model's parameters.
    ///   - keys: The family's names; the head and modules that a base model may lack stay in floating point.
    ///   - options: The wanted products, and the modules that an adapter's file replaces after loading.
    /// - Throws: ``ModelError`` for options that do not allow them.
    init?(
        of store: ParameterStore,
        _ keys: KeyMap,
        _ options: SequenceClassifier.LoadOptions
    ) throws(ModelError) {
        guard let quantization = options.productQuantization else { return nil }
        let flag = "--quantize \(quantization.rawValue)"
        guard options.device == .cpu else {
            throw ModelError(
                .unsupported,
                "\(flag) multiplies on the CPU, not on \(options.device); add --device cpu, or leave it out"
            )
        }
        guard options.offloadFolder == nil, options.shard == nil else {
            throw ModelError(.unsupported, "\(flag) is for prediction with all weights in memory")
        }
        guard !options.weightsChangeLater else { return nil }
        let choice = options.integerProducts
        var kinds: [String: AdaptedWeight.Kind] = [:]
        for matrix in store.adaptedWeights where matrix.kind != .table {
            let name = matrix.weight.name
            let isKept = choice.floatLayers.contains { matrix.path == $0 || matrix.path.hasSuffix("." + $0) }
            let isReplaced = options.trainedModules.contains { WholeModule.covers(name, $0) }
            let columns = matrix.kind.widths(of: matrix.weight.shape).input
            guard !isKept, !isReplaced, !keys.isHead(name), !keys.isOptional(name),
                columns <= Int8Panels.mostColumns
            else { continue }
            kinds[name] = matrix.kind
        }
        self.kinds = kinds
        outlierFactor = choice.outlierFactor
    }

    /// Replaces a parameter's values by quantized ones, whatever form they have.
    ///
    /// - Parameters:
    ///   - parameter: A parameter with values.
    ///   - device: The model's device.
    /// - Returns: Whether it is one of the matrices.
    /// - Throws: ``ModelError`` for a matrix that cannot be quantized.
    @discardableResult
    func pack(_ parameter: Parameter, device: Device) throws(ModelError) -> Bool {
        guard let kind = kinds[parameter.name] else { return false }
        if parameter.quantized?.isPacked == true { return true }
        do throws(TorchError) {
            // The loaded values tell models apart, not the rounded ones.
            let ends = try parameter.sampledEnds()
            try parameter.set(packed(parameter, kind), device: device)
            parameter.keptEnds = ends
        } catch {
            throw ModelError(
                .unsupported,
                "--quantize \(ProductQuantization.int8.rawValue): \(parameter.name): \(error.message)"
            )
        }
        return true
    }

    private func packed(
        _ parameter: Parameter,
        _ kind: AdaptedWeight.Kind
    ) throws(TorchError) -> QuantizedMatrix {
        if let stored = parameter.quantized { return try stored.packed(outlierFactor: outlierFactor) }
        let values = parameter.value
        return try .packing(
            kind == .transposed ? values.transposed(0, 1) : values,
            outlierFactor: outlierFactor
        )
    }
}

extension SequenceClassifier {
    /// Quantizes the matrices that loading has left in floating point, because an adapter was to change or replace them.
    ///
    /// - Parameter options: The options of loading.
    /// - Throws: ``ModelError`` for a matrix that cannot be quantized.
    package func packProducts(_ options: LoadOptions) throws(ModelError) {
        let keys = try ModelFamily.of(configuration).keys
        var options = options
        (options.weightsChangeLater, options.trainedModules) = (false, [])
        guard let packing = try ProductPacking(of: parameters, keys, options) else { return }
        for parameter in parameters.parameters { try packing.pack(parameter, device: device) }
    }

    /// A sentence about the layers with integer products; nil if there are none.
    public var productQuantizationNote: String? {
        guard let productQuantization else { return nil }
        let matrices = parameters.parameters.compactMap(\.quantized).filter(\.isPacked)
        let bytes = matrices.reduce(0) { $0 + $1.byteCount }
        let full = matrices.reduce(0) { $0 + $1.shape.reduce(1, *) * 4 }
        return
            "--quantize \(productQuantization.rawValue): \(counted(matrices.count, "layer")) in 8-bit integers, "
            + "\(formattedSize(bytes)) instead of \(formattedSize(full)) in float32"
    }

    /// Throws if the weights are quantized for integer products, so that they are no longer those of the checkpoint.
    ///
    /// - Parameter purpose: The use of the weights, such as `saved`.
    /// - Throws: ``ModelError`` with the remedy.
    package func requireFloatProducts(toBe purpose: String) throws(ModelError) {
        guard let productQuantization else { return }
        throw ModelError(
            .unsupported,
            "the model was loaded for prediction in \(productQuantization.rawValue) and cannot be \(purpose); load it without "
                + "productQuantization (--quantize)"
        )
    }
}
