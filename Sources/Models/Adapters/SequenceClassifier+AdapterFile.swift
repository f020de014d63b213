package import Checkpoints
import Files
package import Foundation
import JSON
import NN
package import Torch

// Adapters as files: peft's `adapter_model.safetensors` and `adapter_config.json`.
extension SequenceClassifier {
    /// The tensors of the attached adapter by their names in peft's file.
    ///
    /// - Returns: All of them in the model's order; empty without an adapter.
    package func adapterTensors() -> [(name: String, tensor: Tensor)] {
        guard let adapter else { return [] }
        let adapted = Set(adapter.weights.map(\.path))
        let whole = adapter.wholeParameters.compactMap { parameters[$0] }
        let thin = adapter.parameters.map { (AdapterKey.prefix + $0.name, $0.value) }
        return thin
            + whole.map { parameter in
                // The bias of a layer with an adapter belongs to peft's inner layer.
                let parts = parameter.name.split(separator: ".")
                let path = parts.dropLast().joined(separator: ".")
                let isInner = adapted.contains(path)
                let name = isInner ? "\(path).base_layer.\(parts[parts.count - 1])" : parameter.name
                return (AdapterKey.prefix + name, parameter.value)
            }
    }

    /// Writes the adapter's two files, each atomically.
    ///
    /// - Parameters:
    ///   - folder: The destination, created if needed.
    ///   - metadata: More entries of the safetensors header.
    ///   - isPlain: Whether an adapter that was taken from the weights is written as plain LoRA of twice the rank, which
    ///     works on the unchanged model.
    ///   - purpose: The purpose; for resumption the files bypass the system's cache.
    /// - Throws: `CheckpointError` or `FileError` if a file cannot be written.
    package func saveAdapter(
        to folder: URL,
        metadata: [String: String],
        asPlain isPlain: Bool = false,
        for purpose: SavingPurpose = .use
    ) throws {
        guard let adapter else { return }
        let replaced = isPlain ? try plainFactors() : [:]
        try writeSafetensors(
            adapterTensors().map { ($0.name, try (replaced[$0.name] ?? $0.tensor).to(dtype: .float32)) },
            to: folder.appending(path: AdapterFile.weightsName),
            metadata: metadata.merging(["format": "pt"]) { _, format in format },
            bypassesCache: purpose == .resumption
        )
        let configuration = isPlain ? adapter.configuration.asPlain : adapter.configuration
        let text = configuration.formatted(
            targets: adapter.writtenTargets,
            isTransposed: adapter.weights.contains { $0.kind == .transposed }
        )
        try writeAtomically(Data(text.utf8), to: folder.appending(path: AdapterConfiguration.fileName))
    }

    /// The factors of plain LoRA by their names in the file: W - s·B₀·A₀ + s·B·A is W + s·[B, -B₀]·[A; A₀].
    private func plainFactors() throws(TorchError) -> [String: Tensor] {
        var factors: [String: Tensor] = [:]
        for own in adapter?.weights.compactMap(\.adapter) ?? [] {
            guard let (a, b) = own.subtracted else { continue }
            factors[AdapterKey.prefix + own.a.name] = try .concatenated([own.a.value.detached(), a])
            factors[AdapterKey.prefix + own.b.name] = try .concatenated(
                [own.b.value.detached(), b * -1],
                dimension: 1
            )
        }
        return factors
    }

    /// Sets the parameters of the attached adapter from a file.
    ///
    /// - Parameters:
    ///   - file: The tensors under peft's names.
    ///   - source: The folder, for messages.
    ///   - keepsHead: Whether the file's head is used; false leaves the model's fresh head.
    ///   - resuming: Whether values are copied into the parameters' own memory, which an optimizer refers to. Otherwise the model's
    ///     own parameters get new memory, because theirs may be a mapped file or belong to another classifier, too.
    ///   - refusesNonFinite: Whether NaN and infinite values are refused.
    /// - Throws: `.mismatchedCheckpoint` for a missing, unknown or misshapen tensor.
    package func loadAdapter(
        _ file: any Checkpoint,
        source: String,
        keepsHead: Bool = true,
        resuming: Bool = false,
        refusesNonFinite: Bool = true
    ) throws {
        guard let adapter else { return }
        var owners: [String: Parameter] = [:]
        for weight in adapter.weights {
            for parameter in weight.adapter?.parameters ?? [] { owners[parameter.name] = parameter }
        }
        let keys = try ModelFamily.of(configuration).keys
        // A head for other labels is not used.
        let ignored = Set(keepsHead ? [] : adapter.wholeParameters.filter(keys.isHead))
        let places = try AdapterFile(file, source: source).places(
            thin: Set(owners.keys),
            of: parameters,
            required: adapter.wholeParameters.filter { !ignored.contains($0) },
            ignored: ignored
        )
        for (name, key) in places where keepsHead || !keys.isHead(name) {
            guard let parameter = owners[name] ?? parameters[name] else { continue }
            let tensor = try file.tensor(key)
            if refusesNonFinite { try requireFinite(tensor, name: key) }
            if resuming || owners[name] != nil {
                try parameter.value.assign(tensor)
            } else {
                let (dtype, device) = (parameter.value.dtype, parameter.value.device)
                try parameter.set(tensor.to(dtype: dtype, device: device).copy())
            }
        }
        // A file may hold more of the model, such as a resized embedding; it is saved again.
        let further = places.keys.filter { owners[$0] == nil && !adapter.wholeParameters.contains($0) }
        self.adapter?.wholeParameters += further.sorted()
    }
}

extension AttachedAdapter {
    /// The targets as peft reads them: a choice that only Attune has becomes the last parts of the layers' names.
    var writtenTargets: AdapterConfiguration.Targets {
        switch configuration.targets {
        case .pattern, .names: configuration.targets
        case .familyDefault, .allLinear: .names(ModulePath.lastNames(of: weights.map(\.path)))
        }
    }
}
