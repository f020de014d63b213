import Attune
import JSON

/// A description as one JSON object.
///
/// Rows count from 1, as in all output of the command.
struct DescriptionJSON {
    private let description: DatasetDescription
    private let source: DescribedSource

    /// The maximum number of rows listed for an example; a text may occur in every row.
    private static let mostRows = 100

    init(_ description: DatasetDescription, _ source: DescribedSource) {
        self.description = description
        self.source = source
    }

    /// The whole description.
    var object: JSONValue {
        var object: JSONObject = [
            "dataset": .string(source.dataset),
            "rows": .int(description.rows),
            "columns": .array(
                description.columns.map {
                    .object(["name": .string($0.name), "feature": .string("\($0.feature)")])
                }
            ),
            "nested_columns": .array(
                description.nestedColumns.map {
                    .object([
                        "name": .string($0.name), "kind": .string($0.kind.rawValue),
                        "parts": strings($0.parts),
                    ])
                }
            ),
            "left_out_columns": strings(description.leftOutColumns),
            "warnings": strings(description.warnings),
            "findings": .array(description.findings.map(finding)),
        ]
        if let rows = description.evaluationRows { object["evaluation_rows"] = .int(rows) }
        if let labels = description.labels { object["labels"] = self.labels(labels) }
        if let texts = description.texts { object["texts"] = self.texts(texts) }
        return .object(object)
    }

    private func labels(_ labels: LabelCounts) -> JSONValue {
        .object([
            "columns": strings(source.labelColumns),
            "classes": .array(
                labels.classes.map {
                    var object: JSONObject = ["name": .string($0.name), "count": .int($0.count)]
                    if let held = $0.evaluationCount { object["evaluation_count"] = .int(held) }
                    return .object(object)
                }
            ),
            "missing": .int(labels.missing),
            "multi_label": .bool(labels.isMultiLabel),
            "unlabelled": .int(labels.unlabelled),
            "similar_names": .array(labels.similarNames.map(strings)),
            "lookalike_names": .array(labels.lookalikeNames.map(strings)),
            "joined_names": strings(labels.joinedNames),
        ])
    }

    private func texts(_ texts: DatasetDescription.Texts) -> JSONValue {
        var object: JSONObject = [
            "missing": .int(texts.missing),
            "empty": .int(texts.blank),
            "repeated_texts": .int(texts.repeated.texts),
            "repeated_rows": .int(texts.repeated.repeatedRows),
            "conflicting_texts": .int(texts.repeated.conflictingTexts),
            "conflicting_rows": .int(texts.repeated.conflictingRows),
            "characters": lengths(texts.characters),
        ]
        if let tokens = texts.tokens { object["tokens"] = lengths(tokens) }
        if let cut = texts.truncation {
            object["truncation"] = .object([
                "max_length": .int(cut.maxLength),
                "model_limit": cut.limit.map(JSONValue.int) ?? .null,
                "texts": .int(cut.cut),
                "lost_tokens": .int(cut.lostTokens),
                "classes": .array(
                    cut.byClass.map {
                        .object([
                            "name": .string($0.name), "count": .int($0.count), "cut": .int($0.cut),
                            "share": .double($0.share),
                        ])
                    }
                ),
            ])
        }
        if let overlap = texts.overlap {
            object["evaluation"] = .object([
                "dataset": .string(source.evaluation ?? ""),
                "rows": .int(overlap.evaluationRows),
                "shared_rows": .int(overlap.sharedRows),
                "conflicting_rows": .int(overlap.conflictingRows),
            ])
        }
        return .object(object)
    }

    private func lengths(_ lengths: TextLengths) -> JSONValue {
        .object([
            "total": .int(lengths.total),
            "quartiles": .array(lengths.quartiles.map(JSONValue.int)),
            "percentile_95": .int(lengths.percentile95),
            "percentile_99": .int(lengths.percentile99),
            "histogram": .array(
                lengths.histogram.map {
                    .object(["from": .int($0.from), "through": .int($0.through), "count": .int($0.count)])
                }
            ),
        ])
    }

    private func finding(_ finding: Finding) -> JSONValue {
        .object([
            "kind": .string(finding.kind.rawValue),
            "count": .int(finding.count),
            "message": .string(finding.message),
            "remedy": .string(finding.remedy),
            "examples": .array(finding.examples.map(example)),
        ])
    }

    private func example(_ example: Finding.Example) -> JSONValue {
        var object: JSONObject = [:]
        if !example.rows.isEmpty {
            object["rows"] = .array(example.rows.prefix(Self.mostRows).map { .int($0 + 1) })
            object["row_count"] = .int(example.rows.count)
        }
        if let row = example.evaluationRow { object["evaluation_row"] = .int(row + 1) }
        if let text = example.text { object["text"] = .string(text) }
        if !example.labels.isEmpty { object["labels"] = strings(example.labels) }
        if !example.spellings.isEmpty { object["spellings"] = strings(example.spellings) }
        return .object(object)
    }

    private func strings(_ texts: [String]) -> JSONValue { .array(texts.map(JSONValue.string)) }
}
