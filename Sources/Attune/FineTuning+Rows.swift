import Datasets
import Files
import Models
import Training

extension FineTuning {
    /// The training rows and the evaluation rows.
    ///
    /// - Parameter emit: Receives notes on the data.
    /// - Returns: Both sets; `held` is nil without evaluation.
    /// - Throws: `DatasetError`, `TrainingError`; the errors of `emit`.
    func rows(_ emit: (Event) throws -> Void) throws -> (train: LabelledTexts, held: LabelledTexts?) {
        // Two splits of one folder give the same notes.
        var told: Set<String> = []
        func note(_ event: Event) throws {
            if case .note(let text) = event, !told.insert(text).inserted { return }
            try emit(event)
        }
        var data = try read(dataset, split: split, note)
        try note(.note("read \(counted(data.count, "row")) from \(dataset)"))
        let type = try problemType(of: data, note)
        if let sample {
            // Stratifying a sample by label needs a label in every row.
            if missingLabels == .drop, let sampleStratifyBy, labelColumns.contains(sampleStratifyBy) {
                data = try cleaned(data, type, note)
            }
            data = try data.sample(sample, stratifyBy: sampleStratifyBy, seed: sampleSeed)
            try note(.note("kept a sample of \(counted(data.count, "row"))"))
        }
        data = try cleaned(data, type, note)
        if type == .singleLabel, labelColumns.count == 1,
            try data.unique(labelColumn).count(where: { $0 != .missing }) < 2
        {
            throw TrainingError(
                .badData,
                "\(dataset): column \"\(labelColumn)\" has only one label; a classifier needs at least two"
            )
        }
        let measured: Dataset? =
            switch held {
            case .nothing, .held: nil
            case .file(let path, let split): try measuredRows(path, split, type, note)
            case .split(let split): try measuredRows(dataset, split, type, note)
            }
        // The checks take more than two seconds.
        if data.count >= 1_000_000 { try note(.note("checking \(grouped(data.count)) rows")) }
        try tellFindings(data, measured, type, note)
        if held == .nothing { try emit(.note(Self.nothingHeldOut)) }
        guard case .held(let size, let stratification, let seed) = held else {
            return (try texts(data, type), try measured.map { try texts($0, type) })
        }
        let (train, test) = try holdOut(data, size, stratification, seed: seed, type, emit)
        return (try texts(train, type), try texts(test, type))
    }

    /// Emits a warning for each of the most serious findings of `data describe`.
    ///
    /// - Throws: `TrainingError` for a label column that seems to hold ids; the errors of `emit`.
    private func tellFindings(
        _ data: Dataset,
        _ measured: Dataset?,
        _ type: ProblemType,
        _ emit: (Event) throws -> Void
    ) throws {
        var options = DescriptionOptions(
            textColumn: textColumn,
            labelColumns: type == .regression ? [] : labelColumns
        )
        options.textPairColumn = textPairColumn
        options.evaluation = measured
        options.exampleCount = 1
        let description = try DatasetDescription(data, options)
        if let labels = description.labels, labels.isLikeIDs, !allowsManyClasses {
            let used = labels.classes.count { $0.count > 0 }
            let isNumber = labels.classes.allSatisfy { Double($0.name) != nil }
            throw TrainingError(
                .badData,
                "\(dataset): column \"\(labelColumn)\" has \(grouped(used)) different labels in \(counted(data.count, "row")), "
                    + "like a column of ids or texts; choose another --label-column"
                    + (isNumber ? ", learn numbers with --problem-type regression" : "")
                    + ", or train anyway with --allow-many-classes"
            )
        }
        var kinds: Set<Finding.Kind> = [
            .conflictingLabels, .textsInBothSplits, .classesOfOneRow, .similarNames, .lookalikeNames,
            .joinedNames, .negativeClasses,
        ]
        if case .held = held { kinds.insert(.repeatedTexts) }
        if problemType == nil { kinds.insert(.listsOfOne) }
        for finding in description.findings where kinds.contains(finding.kind) {
            try emit(.note("warning: \(finding.line)"))
        }
    }

    /// The given problem type; else multi-label if the data has several labels per text, or single-label.
    private func problemType(of data: Dataset, _ emit: (Event) throws -> Void) throws -> ProblemType {
        if let problemType { return problemType }
        if labelColumns.count > 1 {
            try emit(
                .note(
                    "\(labelColumns.count) label columns: multi-label, so a text may have several labels, or none"
                )
            )
            return .multiLabel
        }
        let feature = try data.feature(of: labelColumn)
        if case .list = feature {
            try emit(
                .note(
                    "column \"\(labelColumn)\" holds lists: multi-label, so a text may have several labels, or none"
                )
            )
            return .multiLabel
        }
        // A kept head determines the problem type.
        if let head = try keptHead(), head.isProblemTypeStated, head.problemType != .singleLabel {
            return head.problemType
        }
        if feature == .value(.float64) {
            try emit(
                .note(
                    "column \"\(labelColumn)\" holds numbers, and each different number becomes a class; "
                        + "--problem-type regression learns them as numbers"
                )
            )
        }
        return .singleLabel
    }

    private func measuredRows(
        _ path: String,
        _ split: String?,
        _ type: ProblemType,
        _ emit: (Event) throws -> Void
    ) throws -> Dataset {
        // If a folder has train and test, evaluate on test.
        let isFolder = try split == nil && Dataset.splitNames(of: path).contains("test")
        let rows = try read(path, split: isFolder ? "test" : split, emit)
        return try cleaned(rows, type, emit)
    }

    /// Reads the columns that a job needs, and checks first that all of them exist.
    private func read(_ path: String, split: String?, _ emit: (Event) throws -> Void) throws -> Dataset {
        let data = try Dataset(path, split: split, configuration: datasetConfig)
            .readingLabelVectors(in: labelColumns)
        for warning in data.warnings { try emit(.note("warning: \(warning)")) }
        if let note = try data.repeatedHeaderNote(lookingFirstAt: labelColumns.first) {
            try emit(.note("warning: \(note)"))
        }
        var needed = [textColumn] + labelColumns + [textPairColumn].compactMap { $0 }
        if path == dataset, split == self.split {
            let drawing = if case .held(_, let choice, _) = held { choice.column } else { nil as String? }
            needed += [drawing, sampleStratifyBy].compactMap { $0 }
        }
        return try data.selectColumns(
            needed.enumerated().filter { !needed[..<$0.offset].contains($0.element) }.map(\.element)
        )
    }

    private func cleaned(
        _ data: Dataset,
        _ type: ProblemType,
        _ emit: (Event) throws -> Void
    ) throws -> Dataset {
        let (rows, notes) = try data.loaded().cleaned(
            textColumn: textColumn,
            labelColumns: labelColumns,
            problemType: type,
            missingLabels: missingLabels,
            emptyTexts: emptyTexts
        )
        for note in notes { try emit(.note(note)) }
        return rows
    }

    private func texts(_ dataset: Dataset, _ type: ProblemType) throws -> LabelledTexts {
        try LabelledTexts(
            dataset,
            textColumn: textColumn,
            textPairColumn: textPairColumn,
            labelColumns: labelColumns,
            problemType: type
        )
    }
}
