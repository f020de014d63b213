import Attune
import Foundation
import JSON

/// The differences that products in integers make to the neutral texts whose logits are in the model's folder.
struct QuantizationEffect {
    private let quantization: ProductQuantization
    private let report: ParityReport
    private let problemType: ProblemType

    /// Computes the logits of the texts again.
    ///
    /// Nil for a model without such products, and if its folder has no record for the same labels.
    ///
    /// - Parameters:
    ///   - model: The classifier.
    ///   - folder: The folder of its `parity.json`, or its file.
    ///   - matmulDType: The type of the products that are not in integers.
    /// - Throws: `TorchError`.
    init?(on model: TextClassifier, folder: String, matmulDType: DType) throws {
        guard let quantization = model.model.productQuantization,
            let record = try? ParityRecord(model: folder), record.labels == model.labels,
            record.problemType == model.problemType
        else { return nil }
        self.init(quantization, try record.compare(model, matmulDType: matmulDType), model.problemType)
    }

    init(_ quantization: ProductQuantization, _ report: ParityReport, _ problemType: ProblemType) {
        (self.quantization, self.report, self.problemType) = (quantization, report, problemType)
    }

    /// The differences in one sentence.
    var text: String {
        let count = report.rows.count
        let difference = String(format: "%.2g", report.scoreDifference)
        let flag = "--quantize \(quantization.rawValue):"
        guard problemType != .regression else {
            return
                "\(flag) the largest difference of a prediction for \(counted(count, "parity text")) is \(difference)"
        }
        let kept = count - report.changed.count
        return
            "\(flag) \(kept) of \(counted(count, "parity text")) keep their \(problemType == .multiLabel ? "labels" : "label"), "
            + "largest difference of a score \(difference)"
    }

    /// The same as JSON.
    var object: JSONValue {
        .object([
            "type": .string(quantization.rawValue), "parity_texts": .int(report.rows.count),
            "changed": .int(report.changed.count),
            "score_difference": report.scoreDifference.isFinite ? .double(report.scoreDifference) : .null,
        ])
    }
}
