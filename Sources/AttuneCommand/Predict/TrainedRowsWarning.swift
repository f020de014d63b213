import Attune
import Files
import Foundation

/// A warning that a model is evaluated on the rows it was trained on.
struct TrainedRowsWarning {
    /// The warning in one sentence.
    let text: String

    /// Compares a dataset with the one in the model's `recipe.yaml`; nil if they differ or the model has no recipe.
    ///
    /// - Parameters:
    ///   - model: The model's folder.
    ///   - dataset: The file or folder to evaluate on.
    ///   - split: Its split; nil for the first.
    init?(model: String, dataset: String, split: String?) {
        let file = URL(filePath: model).appending(path: "recipe.yaml")
        guard let yaml = try? String(contentsOf: file, encoding: .utf8),
            let entries = try? RecipeEntry.read(yaml, name: file.lastPathComponent, known: { $0 })
        else { return nil }
        func value(_ name: String) -> String? { entries.first { $0.name == name }?.value.text }
        guard let evaluated = FileIdentity(dataset), let trained = value("dataset"),
            evaluated == FileIdentity(trained), split ?? "train" == value("split") ?? "train"
        else { return nil }
        let hasHoldOut = value("test_size") != nil
        let isEvaluated = hasHoldOut || value("eval_dataset") != nil || value("eval_split") != nil
        text =
            "the model was trained on \(dataset), on \(hasHoldOut ? "all of its rows but those held out" : "its rows")"
            + ": this score is better than that on new texts"
            + (isEvaluated ? "; eval_results.json has the score of the texts held out" : "")
    }
}
