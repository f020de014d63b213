import Foundation
import JSON
import Reporting

/// The facts of a finished run that its report names, from the files in its folder.
struct RunFacts {
    /// `trainer_state.json`.
    let state: JSONValue
    /// `all_results.json`, or null.
    let results: JSONValue
    /// `.attune-run.json`, or null.
    let process: JSONValue
    /// `config.json`, or null.
    let configuration: JSONValue
    /// The recipe's settings by name, without those that are null.
    let settings: [String: String]

    /// The label names by id; of a regression, the name of the number.
    var labels: [String] {
        let names = configuration["id2label"].object?.members ?? []
        let sorted = names.sorted { (Int($0.name) ?? 0, $0.name) < (Int($1.name) ?? 0, $1.name) }
        let labels = sorted.compactMap(\.value.string)
        return labels.isEmpty ? (state["run"]["settings"]["labels"].array ?? []).compactMap(\.string) : labels
    }

    /// The step of the saved weights, if the best of several was loaded at the end.
    var bestStep: Int? {
        setting("load_best_model_at_end") == "true" ? state["best_global_step"].int : nil
    }

    /// The metric by which it was chosen.
    var bestMetric: String? { bestStep == nil ? nil : setting("metric_for_best_model") }

    /// The name of the evaluated data, without its folder.
    var evaluatedData: String? {
        if let data = setting("eval_dataset") { return Self.name(data) }
        if let split = setting("eval_split") { return split }
        return setting("dataset").map { "a hold-out of \(Self.name($0))" }
    }

    /// The model and the data, in one line.
    var subtitle: String {
        let data = setting("dataset").map { " fine-tuned on \(Self.name($0))" } ?? ""
        return (setting("model").map(Self.name) ?? "A model") + data
    }

    /// The last part of a path; a Hub id stays whole.
    private static func name(_ path: String) -> String {
        let isPath = path.hasPrefix("/") || path.hasPrefix(".") || path.hasPrefix("~")
        let parts = path.split(separator: "/")
        return isPath || parts.count != 2 || path.hasSuffix("/") || (parts.last?.contains(".") ?? false)
            ? parts.last.map(String.init) ?? path : path
    }

    /// A setting of the recipe, or else of the state.
    private func setting(_ name: String) -> String? {
        if let value = settings[name] { return value.isEmpty ? nil : value }
        let value = state["run"]["settings"][name]
        return value.string ?? value.bool.map { "\($0)" } ?? value.double.map { ReportedNumber.text($0) }
    }

    /// The facts in groups.
    var groups: [ReportContent.FactGroup] {
        [data, model, training, time].filter { !$0.facts.isEmpty }
    }

    private func group(_ name: String, _ facts: [(String, String?)]) -> ReportContent.FactGroup {
        ReportContent.FactGroup(
            name,
            facts.compactMap { name, value in value.map { ReportContent.Fact(name, $0) } }
        )
    }

    private var data: ReportContent.FactGroup {
        let run = state["run"]
        return group(
            "Data",
            [
                ("Training data", setting("dataset").map(Self.name)),
                ("Training texts", run["examples"].int.map(ReportedNumber.grouped)),
                ("Fingerprint", run["data"].string), ("Evaluated on", evaluatedData),
                ("Text column", setting("text_column")), ("Second text", setting("text_pair_column")),
                ("Label column", (setting("label_column") ?? setting("label_columns"))?.trimming("[]")),
                ("Empty texts", setting("empty_texts")), ("Missing labels", setting("missing_labels")),
            ]
        )
    }

    private var model: ReportContent.FactGroup {
        let problem = configuration["problem_type"].string?.replacing("_", with: " ")
        return group(
            "Model",
            [
                ("Base model", setting("model").map(Self.name)),
                ("Architecture", configuration["architectures"].array?.first?.string),
                ("Problem", problem), ("Labels", labels.isEmpty ? nil : ReportedNumber.grouped(labels.count)),
                ("Maximum tokens", setting("max_length")),
                ("Weights", configuration["dtype"].string ?? configuration["torch_dtype"].string),
                ("Adapter", setting("adapter")), ("Teacher", setting("teacher").map(Self.name)),
            ]
        )
    }

    private var training: ReportContent.FactGroup {
        func positive(_ name: String) -> String? {
            setting(name).flatMap(Double.init).flatMap { $0 > 0 ? ReportedNumber.text($0) : nil }
        }
        let warmup =
            positive("warmup_ratio").map { "ratio \($0)" } ?? positive("warmup_steps").map { "\($0) steps" }
        return group(
            "Training",
            [
                ("Steps", state["global_step"].int.map(ReportedNumber.grouped)),
                ("Epochs", state["epoch"].double.map { ReportedNumber.text($0) }),
                ("Batch", (state["run"]["batch_size"].int).map(ReportedNumber.grouped)),
                ("Optimizer", setting("optim")), ("Learning rate", setting("learning_rate")),
                ("Schedule", setting("lr_scheduler_type")), ("Warm-up", warmup),
                ("Weight decay", setting("weight_decay")), ("Class weights", setting("class_weights")),
                ("Precision", setting("precision")), ("Seed", setting("seed")),
            ]
        )
    }

    private var time: ReportContent.FactGroup {
        func seconds(_ name: String) -> String? {
            results[name].double.map(ReportedNumber.duration)
        }
        func rate(_ name: String) -> String? {
            results[name].double.map { "\(ReportedNumber.text($0)) texts/s" }
        }
        return group(
            "Time and versions",
            [
                ("Training", seconds("train_runtime")), ("Training speed", rate("train_samples_per_second")),
                ("Evaluation", seconds("eval_runtime")),
                ("Evaluation speed", rate("eval_samples_per_second")),
                (
                    "Peak memory",
                    process["peak_memory_bytes"].double.map { "\(ReportedNumber.text($0 / 1e9)) GB" }
                ),
                ("Attune", process["attune_version"].string),
                ("transformers of the model", configuration["transformers_version"].string),
            ]
        )
    }
}

extension String {
    /// The text without these characters at its ends.
    fileprivate func trimming(_ characters: String) -> String {
        trimmingCharacters(in: CharacterSet(charactersIn: characters))
    }
}

/// Numbers of facts as text.
enum ReportedNumber {
    /// A number with at most four significant digits.
    static func text(_ value: Double) -> String {
        guard value.isFinite else { return "\(value)" }
        if value.rounded() == value, abs(value) < 1e9 { return grouped(Int(value)) }
        return String(format: "%.4g", value)
    }

    /// Seconds in the two largest units.
    static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e9 else { return "\(seconds) s" }
        guard seconds >= 60 else { return "\(text(seconds)) s" }
        let whole = Int(seconds.rounded())
        return whole < 3600
            ? "\(whole / 60) min \(whole % 60) s" : "\(grouped(whole / 3600)) h \(whole % 3600 / 60) min"
    }

    /// A whole number with commas between groups of three digits.
    static func grouped(_ number: Int) -> String {
        let digits = String(number.magnitude)
        let groups = stride(from: digits.count, to: 0, by: -3).map { end in
            String(digits.prefix(end).suffix(min(3, end)))
        }
        return (number < 0 ? "-" : "") + groups.reversed().joined(separator: ",")
    }
}
