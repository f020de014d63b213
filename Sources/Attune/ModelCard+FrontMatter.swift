import Evaluation
import Foundation
import JSON
import Training

/// The model card's front matter, YAML that the Hub reads.
///
/// Source: https://huggingface.co/docs/hub/model-cards and its `model-index`,
/// [`model_card.md`](https://github.com/huggingface/hub-docs/blob/main/modelcard.md?plain=1)
extension ModelCard {
    /// The YAML lines, without the enclosing dashes.
    var frontMatter: String {
        let adapter = classifier.adapter
        var lines = [
            "pipeline_tag: text-classification", "library_name: \(adapter == nil ? "transformers" : "peft")",
        ]
        let baseModel = adapter.map(\.baseModel) ?? details.baseModel
        if let baseModel { lines.append("base_model: \(quoted(baseModel))") }
        if let dataset = details.dataset { lines += ["datasets:", "- \(quoted(dataset))"] }
        if !details.languages.isEmpty { lines += ["language:"] + details.languages.map { "- \(quoted($0))" } }
        lines += ["tags:", "- text-classification", "- attune"]
        if adapter != nil {
            lines += ["- lora", "- transformers"]
            if let baseModel { lines.append("- \(quoted("base_model:adapter:\(baseModel)"))") }
        }
        let metrics = metrics
        if !metrics.isEmpty {
            lines += ["metrics:"] + distinct(metrics.map { hubMetric($0.name) }).map { "- \($0)" }
            lines += modelIndex(metrics)
        }
        return lines.joined(separator: "\n")
    }

    private func modelIndex(_ metrics: [(name: String, value: Double)]) -> [String] {
        let split: String? = if case .split(let name) = job.recipe.evaluation { name } else { nil }
        return [
            "model-index:", "- name: \(quoted(title))", "  results:", "  - task:",
            "      type: text-classification",
            "      name: Text classification", "    dataset:",
            "      type: \(quoted(details.dataset ?? measuredData))", "      name: \(quoted(measuredData))",
        ] + (split.map { ["      split: \(quoted($0))"] } ?? []) + ["    metrics:"]
            + metrics.flatMap { metric in
                [
                    "    - type: \(hubMetric(metric.name))", "      name: \(quoted(metric.name))",
                    "      value: \(metric.value)",
                ]
            }
    }

    /// The metrics, without non-finite values, which the Hub refuses, and without the baseline, which is not a result.
    private var metrics: [(name: String, value: Double)] {
        guard let evaluation else { return [] }
        let own = evaluation.customMetrics.map { (name: $0.name, value: $0.value) }
        return ([(name: "loss", value: evaluation.loss)] + evaluation.metrics.values + own).filter {
            $0.value.isFinite && $0.name != "majority_baseline"
        }
    }

    /// The Hub's name for a metric, such as `f1` for all averages.
    private func hubMetric(_ name: String) -> String {
        for known in ["f1", "precision", "recall"] where name.hasPrefix("\(known)_") { return quoted(known) }
        return quoted(name == "pearson" ? "pearsonr" : name)
    }

    /// Quotes a text; a JSON string is also a double-quoted YAML string.
    private func quoted(_ text: String) -> String { JSONValue.string(text).oneLineInOrder }

    private func distinct(_ names: [String]) -> [String] {
        var seen: Set<String> = []
        return names.filter { seen.insert($0).inserted }
    }
}
