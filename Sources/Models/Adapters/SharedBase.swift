import Checkpoints
import NN
import Torch

/// The frozen weights of a loaded classifier with an adapter, which another adapter on the same base uses, too.
///
/// Predictions never change them, so both may refer to the same tensors.
package struct SharedBase {
    private let classifier: SequenceClassifier
    private let ownParameters: Set<String>

    /// Creates a value.
    ///
    /// - Parameters:
    ///   - classifier: The loaded classifier.
    ///   - ownParameters: The parameters that the other adapter's file holds, which are therefore not shared.
    package init(_ classifier: SequenceClassifier, except ownParameters: Set<String>) {
        (self.classifier, self.ownParameters) = (classifier, ownParameters)
    }

    /// Lets a parameter refer to the values of the loaded classifier, if they are those of the base in the same form.
    ///
    /// - Parameters:
    ///   - parameter: The parameter, without values.
    ///   - dtype: The wanted type.
    ///   - options: The options of loading.
    /// - Returns: Whether it has values now.
    /// - Throws: `.failed` if the shapes differ.
    func share(
        _ parameter: Parameter,
        as dtype: DType,
        _ options: SequenceClassifier.LoadOptions
    ) throws(TorchError) -> Bool {
        guard let adapter = classifier.adapter, classifier.frozenStorage == options.frozenStorage,
            classifier.productQuantization == options.productQuantization,
            classifier.device == options.device, !adapter.configuration.initialization.changesBase,
            !ownParameters.contains(parameter.name), let loaded = classifier.parameters[parameter.name],
            loaded.isFrozen, loaded.shape == parameter.shape
        else { return false }
        if let quantized = loaded.quantized {
            try parameter.set(quantized, device: options.device)
            parameter.keptEnds = loaded.keptEnds
        } else if loaded.value.dtype == dtype {
            try parameter.set(loaded.value)
        } else {
            return false
        }
        return true
    }
}
