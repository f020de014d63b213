import Files

extension DatasetDescription {
    /// Everything that should be fixed, most serious first; empty if nothing was found.
    public var findings: [Finding] {
        var list = FindingList()
        list.add(
            .repeatedHeader,
            repeatedHeaderRows.count,
            "\(counted(repeatedHeaderRows.count, "row repeats", "rows repeat")) the header, as if files had been concatenated",
            do:
                "delete \(repeatedHeaderRows.count == 1 ? "it" : "them"): the column names would count as a text and its label",
            [Finding.Example(rows: repeatedHeaderRows)]
        )
        if let labels {
            if let spelledLabels {
                list.add(
                    .spelledLabels,
                    spelledLabels.count,
                    spelledLabels.message,
                    do: SpelledLabels.remedy,
                    [Finding.Example(rows: spelledLabels.rows)]
                )
            }
            Self.addUnfitLabels(labels, rows: rows, to: &list)
            guard !list.all.contains(where: { $0.kind == .tooManyClasses }) else { return list.all }
        }
        addEvaluationColumns(to: &list)
        if let texts {
            Self.addEmptyTexts(texts, to: &list)
            Self.addRepeatedTexts(texts.repeated, to: &list)
            if let overlap = texts.overlap { Self.addOverlap(overlap, to: &list) }
            if let cut = texts.truncation {
                Self.addTruncation(cut, of: rows, tokens: texts.tokens, to: &list)
            }
        }
        if let labels {
            // The size of a single class does not matter.
            if !list.all.contains(where: { $0.kind == .oneClass }) { Self.addClassSizes(labels, to: &list) }
            list.add(
                .similarNames,
                labels.similarNames.count,
                "\(counted(labels.similarNames.count, "group of label names differs", "groups of label names differ")) "
                    + "in case or spaces only",
                do: "give each group one name, unless the names are meant to differ",
                labels.similarNames.map { Finding.Example(labels: $0) }
            )
            Self.addOddNames(labels, to: &list)
        }
        return list.all
    }
}

// Findings about texts.
extension DatasetDescription {
    private static func addEmptyTexts(_ texts: Texts, to list: inout FindingList) {
        let remedy = "leave them out: nothing can be learned from them"
        list.add(
            .missingTexts,
            texts.missing,
            "\(counted(texts.missing, "row has", "rows have")) no text",
            do: remedy,
            [Finding.Example(rows: texts.missingRows)]
        )
        list.add(
            .emptyTexts,
            texts.blank,
            "\(counted(texts.blank, "text is", "texts are")) empty or only white space",
            do: remedy,
            [Finding.Example(rows: texts.blankRows)]
        )
    }

    private static func addRepeatedTexts(_ repeated: RepeatedTexts, to list: inout FindingList) {
        func example(_ group: RepeatedTexts.Group) -> Finding.Example {
            Finding.Example(rows: group.rows, text: group.text, labels: group.labels)
        }
        list.add(
            .conflictingLabels,
            repeated.conflictingTexts,
            "\(counted(repeated.conflictingTexts, "text has", "texts have")) different labels in different rows "
                + "(\(counted(repeated.conflictingRows, "row")))",
            do:
                "decide which label is right, or leave these rows out: no prediction can be right for all of them",
            repeated.conflictExamples.map(example)
        )
        list.add(
            .repeatedTexts,
            repeated.repeatedRows,
            "\(counted(repeated.repeatedRows, "row repeats", "rows repeat")) the text of an earlier one "
                + "(\(counted(repeated.texts, "text")))",
            do: "keep one row of each before you split: a text in both parts of a split inflates the metrics",
            repeated.examples.map(example)
        )
    }

    private static func addOverlap(_ overlap: SplitOverlap, to list: inout FindingList) {
        let differing =
            overlap.conflictingRows > 0
            ? ", \(grouped(overlap.conflictingRows)) of them with another label" : ""
        list.add(
            .textsInBothSplits,
            overlap.sharedRows,
            "\(counted(overlap.sharedRows, "evaluation row has", "evaluation rows have")) a text that is also in the "
                + "training data (\(percentage(overlap.sharedRows, of: overlap.evaluationRows))\(differing))",
            do:
                "leave them out of one part: the model may have memorized them, which inflates the metrics",
            overlap.examples.map {
                Finding.Example(
                    rows: [$0.trainRow],
                    evaluationRow: $0.evaluationRow,
                    text: $0.text,
                    labels: $0.labels
                )
            }
        )
    }

    private static func addTruncation(
        _ cut: TruncatedTexts,
        of rows: Int,
        tokens: TextLengths?,
        to list: inout FindingList
    ) {
        let worst = cut.byClass.first.map { "; \(percentage($0.cut, of: $0.count)) of \"\($0.name)\"" } ?? ""
        list.add(
            .truncatedTexts,
            cut.cut,
            "\(counted(cut.cut, "text is", "texts are")) longer than \(counted(cut.maxLength, "token")) "
                + "(\(percentage(cut.cut, of: rows))\(worst))",
            do: longerLength(than: cut, of: rows, tokens: tokens)
                + "the model never sees what is cut off, which does no harm if the beginning shows the class"
        )
    }

    /// Advice on a longer length that keeps 95 % of the texts whole, or as many as the model allows.
    private static func longerLength(than cut: TruncatedTexts, of rows: Int, tokens: TextLengths?) -> String {
        let enough = tokens?.percentile95 ?? 0
        if let limit = cut.limit, limit <= cut.maxLength {
            return
                "the model accepts at most \(counted(limit, "token")): shorten or split the texts, or choose a model that "
                + "accepts longer ones; "
        }
        if let limit = cut.limit, enough > limit {
            let whole = percentage(rows - cut.cutAtLimit, of: rows)
            return
                "--max-length \(limit), the model's maximum, keeps \(whole) of all texts whole but takes more time and memory; "
        }
        return enough > cut.maxLength
            ? "--max-length \(enough) keeps 95 % of all texts whole but takes more time and memory; " : ""
    }
}

// Findings about labels.
extension DatasetDescription {
    /// Classes with fewer rows are called small: a 20 % hold-out would contain fewer than two of them.
    private static let smallClass = 10
    /// The largest class may have this many times as many rows as the smallest.
    private static let mostUnequal = 4

    private static func addUnfitLabels(_ labels: LabelCounts, rows: Int, to list: inout FindingList) {
        let used = labels.classes.filter { $0.count > 0 }
        list.add(
            .oneClass,
            used.count < 2 && !labels.isMultiLabel ? 1 : 0,
            used.isEmpty ? "no row has a label" : "all rows have the same label, \"\(used[0].name)\"",
            do: "choose another label column: a classifier needs two classes"
        )
        list.add(
            .tooManyClasses,
            labels.isLikeIDs ? used.count : 0,
            "there are \(grouped(used.count)) different labels in \(counted(rows, "row"))",
            do: "choose another label column: this one seems to hold no classes"
        )
        list.add(
            .missingLabels,
            labels.missing,
            "\(counted(labels.missing, "row has", "rows have")) no label",
            do: "label them or leave them out: they cannot be trained on",
            [Finding.Example(rows: labels.missingRows)]
        )
        list.add(
            .negativeClasses,
            labels.negativeClasses.count,
            "\(labels.negativeClasses.joined(separator: " and ")) \(labels.negativeClasses.count == 1 ? "is a class" : "are classes") "
                + "like 0 and 1, because the column has no class names",
            do: "if it means \"no label\", empty these cells or leave the rows out",
            [Finding.Example(labels: labels.negativeClasses)]
        )
        list.add(
            .joinedNames,
            labels.joinedNames.count,
            "\(counted(labels.joinedNames.count, "label name combines", "label names combine")) other names, "
                + "and each counts as a class",
            do: "if a text may have several labels, write lists such as [\"a\", \"b\"] into these cells",
            [Finding.Example(labels: labels.joinedNames)]
        )
    }

    private static func addOddNames(_ labels: LabelCounts, to list: inout FindingList) {
        list.add(
            .lookalikeNames,
            labels.lookalikeNames.count,
            "\(counted(labels.lookalikeNames.count, "group of label names looks", "groups of label names look")) the same but "
                + "\(labels.lookalikeNames.count == 1 ? "differs" : "differ"): accents as one character or two, or invisible "
                + "characters",
            do: "give each group one spelling, for example Unicode NFC without invisible characters",
            labels.lookalikeNames.map { Finding.Example(labels: $0, spellings: $0.map(NameGroups.spelled)) }
        )
        list.add(
            .listsOfOne,
            labels.hasOneLabelEach ? 1 : 0,
            "every row has exactly one label, though each may have several",
            do: "to learn one label per text, use --problem-type single-label"
        )
    }

    /// Adds the findings about columns and labels that the evaluation data lacks.
    private func addEvaluationColumns(to list: inout FindingList) {
        func named(_ columns: [String]) -> String {
            (columns.count == 1 ? "column " : "columns ")
                + columns.map { "\"\($0)\"" }.joined(separator: ", ")
        }
        list.add(
            .evaluationWithoutTextColumn,
            missingEvaluationTextColumns.count,
            "the evaluation data has no \(named(missingEvaluationTextColumns))",
            do: "give the column the same name there: without texts nothing can be evaluated"
        )
        list.add(
            .evaluationWithoutLabelColumn,
            missingEvaluationLabelColumns.count,
            "the evaluation data has no \(named(missingEvaluationLabelColumns))",
            do: "choose evaluation data with labels: without them nothing can be evaluated"
        )
        let missing = labels?.missingInEvaluation ?? 0
        list.add(
            .missingEvaluationLabels,
            missing,
            "\(counted(missing, "evaluation row has", "evaluation rows have")) no label"
                + (missing == evaluationRows ? " (all of them)" : ""),
            do: missing == evaluationRows
                ? "choose another split for the evaluation: without labels nothing can be evaluated"
                : "label them or leave them out: they cannot be evaluated"
        )
    }

    private static func addClassSizes(_ labels: LabelCounts, to list: inout FindingList) {
        let absent = labels.classes.filter { $0.count == 0 }
        let isMeasured = absent.contains { $0.evaluationCount ?? 0 > 0 }
        list.add(
            .classesWithoutRows,
            absent.count,
            "\(counted(absent.count, "class has", "classes have")) no training row"
                + (isMeasured ? ", but the evaluation data has some" : ""),
            do: isMeasured
                ? "add rows, or leave the class out of the evaluation: the model can never predict it"
                : "remove the name, or add rows: the class cannot be learned",
            [Finding.Example(labels: absent.map(\.name))]
        )
        let lonely = labels.classes.filter { $0.count == 1 }
        list.add(
            .classesOfOneRow,
            lonely.count,
            "\(counted(lonely.count, "class has", "classes have")) only one row, but a stratified split needs two",
            do:
                "add rows, merge the class into another, or leave it out; without --stratify-by one part lacks it",
            [Finding.Example(labels: lonely.map(\.name))]
        )
        let small = labels.classes.filter { 2..<smallClass ~= $0.count }
        list.add(
            .smallClasses,
            small.count,
            "\(counted(small.count, "class has", "classes have")) fewer than \(smallClass) rows",
            do:
                "add rows or merge classes: a 20 % hold-out would get about one such row, so its score would mean nothing",
            [Finding.Example(labels: small.map(\.name))]
        )
        let used = labels.classes.filter { $0.count > 0 }
        guard let most = used.first, let least = used.last else { return }
        list.add(
            .unequalClasses,
            most.count > mostUnequal * least.count ? most.count / least.count : 0,
            "\"\(most.name)\" has \(grouped(most.count / least.count)) times as many rows as \"\(least.name)\"",
            do: labels.isMultiLabel
                ? "look at the metrics of each class rather than at their averages"
                : "try --class-weights balanced, and look at the balanced accuracy"
        )
    }
}
