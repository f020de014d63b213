import Classification
import Files
import JSON
import Models

/// The names and values in an exported file that tell a program how to read the logits.
///
/// - Parameter classifier: The classifier.
/// - Returns: Names beginning with `attune.`, with JSON for lists.
func exportMetadata(of classifier: TextClassifier) -> [(name: String, value: String)] {
    var entries: [(name: String, value: String)] = [
        ("version", attuneVersion),
        ("labels", JSONValue.array(classifier.labels.map(JSONValue.string)).compact),
        ("problem_type", classifier.problemType.rawValue),
    ]
    if let limit = classifier.lengthLimit { entries.append(("max_length", "\(limit)")) }
    if let column = classifier.settings.textPairColumn, !column.isEmpty {
        entries.append(("reads_pairs", "true"))
    }
    if let decisions = classifier.decisions,
        let document = try? JSONValue.parse(Array(decisions.formatted.utf8))
    {
        for name in ["temperature", "thresholds"] where document[name] != .null {
            entries.append((name, document[name].compact))
        }
        entries.append(("decisions", document.compact))
    }
    return entries.map { (name: "attune.\($0.name)", value: $0.value) }
}
