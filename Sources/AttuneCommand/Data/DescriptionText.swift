import Attune

/// A description as text for a terminal.
struct DescriptionText {
    private let description: DatasetDescription
    private let source: DescribedSource

    /// The maximum number of lines of a chart; histograms are shorter.
    private static let mostLines = 60
    /// The maximum number of rows and names that an example lists.
    private static let mostListed = 8
    /// The maximum number of characters of a name in a chart.
    private static let nameWidth = 30

    init(_ description: DatasetDescription, _ source: DescribedSource) {
        self.description = description
        self.source = source
    }

    /// The whole text, with a newline at the end.
    var text: String {
        [head, labels, lengths, truncation, findings].filter { !$0.isEmpty }.joined(separator: "\n")
    }

    private var head: String {
        var text = "\(source.dataset): \(counted(description.rows, "row"))\n"
        if let rows = description.evaluationRows, let name = source.evaluation {
            text += "compared with \(name): \(counted(rows, "row")) for evaluation\n"
        }
        text += "\n"
        // The path of a nested column must be shown in full, because it has to be typed.
        let width = 2 * Self.nameWidth
        let nested = description.nestedColumns.map {
            [
                shortened($0.name, to: width),
                $0.kind.rawValue + ($0.parts.isEmpty ? "" : ", read by its fields"),
            ]
        }
        text +=
            TextTable(
                rows: description.columns.map { [shortened($0.name, to: width), "\($0.feature)"] } + nested,
                indent: 2
            ).text
        if !description.leftOutColumns.isEmpty {
            text +=
                "columns left out because they hold nested values: \(listed(description.leftOutColumns))\n"
        }
        if let choice = source.choice { text += "\n\(choice)\n" }
        for warning in description.warnings { text += "note: \(shortened(warning, to: 400))\n" }
        return text
    }

    private var labels: String {
        guard let labels = description.labels else { return "" }
        let named = source.labelColumns.map { "\"\(shortened($0, to: Self.nameWidth))\"" }
        let columns = named.count == 1 ? named[0] : "\(named.count) columns of 0 and 1"
        var text = "labels in \(columns): \(counted(labels.classes.count, "class", "classes"))"
        if labels.isMultiLabel {
            let all = labels.classes.reduce(0) { $0 + $1.count }
            let labelled = max(description.rows - labels.missing, 1)
            text +=
                ", \(hundredths(all, of: labelled)) per row on average, \(counted(labels.unlabelled, "row")) without any"
        }
        if source.evaluation != nil, labels.classes.contains(where: { $0.evaluationCount != nil }) {
            text += "; columns: training rows, share, evaluation rows"
        }
        text += "\n"
        let most = labels.classes.first?.count ?? 0
        let shown = labels.classes.count > Self.mostLines ? Self.mostLines - 10 : labels.classes.count
        text +=
            TextTable(
                rows: labels.classes.prefix(shown).map { label in
                    [
                        shortened(label.name, to: Self.nameWidth), bar(label.count, of: most),
                        grouped(label.count), percentage(label.count, of: description.rows),
                    ] + (label.evaluationCount.map { [grouped($0)] } ?? [])
                },
                indent: 2,
                rightAligned: [2, 3, 4]
            ).text
        if shown < labels.classes.count {
            let rest = labels.classes.dropFirst(shown)
            text +=
                "  … and \(counted(rest.count, "more class", "more classes")) with \(counted(rest[rest.startIndex].count, "row")) or fewer each\n"
        }
        return text
    }

    private var lengths: String {
        guard let texts = description.texts else { return "" }
        var text = lengths(texts.characters, in: "characters")
        if let tokens = texts.tokens {
            text += "\n" + lengths(tokens, in: "tokens of \(source.model ?? "the model")")
        }
        return text
    }

    private func lengths(_ lengths: TextLengths, in unit: String) -> String {
        let q = lengths.quartiles.map(grouped)
        var text =
            "length in \(unit): \(q[0]) to \(q[4]), half of the texts \(q[1]) to \(q[3]), median \(q[2]), "
        text += "95 % at most \(grouped(lengths.percentile95))\n"
        let most = lengths.histogram.map(\.count).max() ?? 0
        text +=
            TextTable(
                rows: lengths.histogram.map { bin in
                    let range =
                        bin.from == bin.through
                        ? grouped(bin.from) : "\(grouped(bin.from)) to \(grouped(bin.through))"
                    return [range, bar(bin.count, of: most), grouped(bin.count)]
                },
                indent: 2,
                rightAligned: [0, 2]
            ).text
        return text
    }

    private var truncation: String {
        guard let cut = description.texts?.truncation, let tokens = description.texts?.tokens else {
            return ""
        }
        var text =
            "cut at \(counted(cut.maxLength, "token")): \(counted(cut.cut, "text")) (\(percentage(cut.cut, of: description.rows))), "
            + "\(percentage(cut.lostTokens, of: tokens.total)) of all tokens\n"
        let shown = cut.byClass.prefix(cut.cut == 0 ? 0 : Self.mostLines - 10)
        text +=
            TextTable(
                rows: shown.map { label in
                    [
                        shortened(label.name, to: Self.nameWidth), bar(label.cut, of: label.count),
                        percentage(label.cut, of: label.count),
                        "\(grouped(label.cut)) of \(grouped(label.count))",
                    ]
                },
                indent: 2,
                rightAligned: [2, 3]
            ).text
        if cut.cut > 0, shown.count < cut.byClass.count {
            let more = counted(cut.byClass.count - shown.count, "more class", "more classes")
            text += "  … and \(more), cut less often\n"
        }
        return text
    }

    private var findings: String {
        let findings = description.findings
        guard !findings.isEmpty else {
            return source.labelColumns.isEmpty && description.texts == nil ? "" : "nothing to fix\n"
        }
        var text = "to fix:\n"
        for (index, finding) in findings.enumerated() {
            text += "\(index + 1). \(shortened(finding.message, to: 1000))\n"
            for example in finding.examples { text += self.text(example) }
            text += "   → \(finding.remedy)\n"
        }
        return text
    }

    private func text(_ example: Finding.Example) -> String {
        var parts: [String] = []
        if !example.rows.isEmpty {
            let shown = example.rows.prefix(Self.mostListed).map { grouped($0 + 1) }
            let more = example.rows.count - shown.count
            let rows = (shown.count == 1 ? "row " : "rows ") + shown.joined(separator: ", ")
            parts.append(rows + (more > 0 ? " and \(grouped(more)) more" : ""))
        }
        if let row = example.evaluationRow { parts[0] += " and evaluation row \(grouped(row + 1))" }
        let names = example.spellings.isEmpty ? example.labels : example.spellings
        if !names.isEmpty, !(example.text != nil && names.count == 1) {
            parts.append(listed(names.map { "\"\($0)\"" }))
        }
        if let text = example.text { parts.append("“\(text)”") }
        return parts.isEmpty ? "" : "   \(parts.joined(separator: ": "))\n"
    }

    private func listed(_ names: [String]) -> String {
        let shown = names.prefix(Self.mostListed).map { shortened($0, to: Self.nameWidth + 12) }
        return shown.joined(separator: ", ")
            + (names.count > shown.count ? ", … (\(names.count) in all)" : "")
    }

    /// `1.25`.
    private func hundredths(_ part: Int, of whole: Int) -> String {
        let hundredths = Int((Double(part) / Double(whole) * 100).rounded())
        let rest = hundredths % 100
        return "\(hundredths / 100)." + (rest < 10 ? "0" : "") + "\(rest)"
    }
}
