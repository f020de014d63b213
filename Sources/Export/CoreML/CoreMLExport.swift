public import Classification
import Files
public import Foundation
import Models
public import Torch

/// The Core ML writer.
public enum CoreMLExport {
    /// Writes a classifier as a Core ML package with an ML program, for iOS 16, macOS 13 and later.
    ///
    /// The program computes one text at a time. Inputs are `input_ids`, `attention_mask` and, for models with token types,
    /// `token_type_ids`; all are int32 `[1, tokens]` of any length up to the classifier's limit, with padding on either side. The
    /// output is `logits`, float32 `[1, labels]`. Labels and decisions are in the metadata. The tokenizer's files and settings are
    /// in the package's folder `Data/attune/classifier`.
    ///
    /// The package appears whole or not at all.
    ///
    /// - Parameters:
    ///   - classifier: A classifier in floating point; an adapter must be merged.
    ///   - package: A folder that does not exist or is empty, with the ending `.mlpackage`.
    ///   - dtype: float16 or float32: the type of weights and states. In float16, positions, counts, and the squares of RMS norms
    ///     are float32.
    /// - Returns: The written files and notes about them.
    /// - Throws: ``ExportError``, `ModelError`, `FileError` or `TorchError`.
    public static func write(
        _ classifier: TextClassifier,
        to package: URL,
        dtype: DType = .float16
    ) throws -> ExportReport {
        try check(package, dtype)
        let model = classifier.model
        var lowering = CoreMLLowering(
            try model.graph(),
            model.parameters,
            dtype == .float16 ? .float16 : .float32
        )
        try lowering.run()
        let longest = classifier.lengthLimit ?? model.maxLength ?? unlimitedLength
        let contents = CoreMLPackage(
            model: lowering.modelMessage(of: classifier, longest: longest),
            weights: lowering.builder.weights
        )
        try StagedFolder.fill(package) { staged in
            try contents.write(to: staged)
            _ = try classifier.writeExportCompanions(to: CoreMLPackage.companions(of: staged))
        }
        return ExportReport(
            format: .coreml,
            files: CoreMLPackage.files(of: package)
                + StagedFolder.files(of: CoreMLPackage.companions(of: package)),
            weightBytesBefore: classifier.weightBytes,
            notes: notes(classifier, dtype, longest: longest)
        )
    }

    /// The most tokens of a text for a classifier without a limit; Core ML needs one.
    private static let unlimitedLength = 4096

    private static func check(_ package: URL, _ dtype: DType) throws(ExportError) {
        guard package.pathExtension == "mlpackage" else {
            throw ExportError(
                .badOption,
                "Core ML opens packages with the ending .mlpackage only: name it \(package.lastPathComponent).mlpackage"
            )
        }
        guard dtype == .float16 || dtype == .float32 else {
            throw ExportError(.badOption, "Core ML has no \(dtype.rawValue): choose float16 or float32")
        }
    }

    /// Facts and warnings about the package, one sentence each.
    private static func notes(_ classifier: TextClassifier, _ dtype: DType, longest: Int) -> [String] {
        [
            "opens on macOS 13, iOS 16 or later; not run here, so compare some texts on the device with parity.json",
            "computes one text at a time, of at most \(grouped(longest)) tokens; for speed, pad texts to few different lengths",
            "the tokenizer's files are in \(CoreMLPackage.companionsPath); copy them into the app",
        ] + classifier.notesOnLogits(inFloat16: dtype == .float16)
    }
}
