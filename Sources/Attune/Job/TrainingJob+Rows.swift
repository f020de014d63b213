import Datasets
import Files
import Models
import Training

extension TrainingJob {
    /// The training rows and the evaluation rows.
    ///
    /// - Parameter emit: Receives notes on the data.
    /// - Returns: Both sets; `evaluation` is nil without evaluation examples.
    /// - Throws: `DatasetError`, `TrainingError`; the errors of `emit`.
    func rows(_ emit: (Event) throws -> Void) throws -> (train: LabelledTexts, evaluation: LabelledTexts?) {
        // Two splits of one folder give the same notes.
        var told: Set<String> = []
        func note(_ event: Event) throws {
            if case .note(let text) = event, !told.insert(text).inserted { return }
            try emit(event)
        }
        var data = try read(rows, dataset, split: recipe.data.split, forTraining: true, note)
        try note(.note("read \(counted(data.count, "row")) from \(dataset)"))
        let type = try problemType(of: data, note)
        if let sample = recipe.sample {
            // Stratifying a sample by label needs a label in every row.
            if recipe.missingLabels == .drop, let column = sample.stratifyBy, recipe.labels.contains(column) {
                data = try cleaned(data, type, note)
            }
            data = try data.sample(sample.size, stratifyBy: sample.stratifyBy, seed: sample.seed)
            try note(.note("kept a sample of \(counted(data.count, "row"))"))
        }
        data = try cleaned(data, type, note)
        if recipe.teacher == nil, type == .singleLabel, recipe.labels.count == 1,
            try data.unique(labelColumn).count(where: { $0 != .missing }) < 2
        {
            throw TrainingError(
                .badData,
                "\(dataset): column \"\(labelColumn)\" has only one label; a classifier needs at least two"
            )
        }
        let measured: Dataset? =
            switch recipe.evaluation {
            case .none, .holdOut: nil
            case .data(let source):
                try measuredRows(evaluationRows, evaluationDataset ?? source.name, source.split, type, note)
            case .split(let split): try measuredRows(nil, dataset, split, type, note)
            }
        // The checks take more than two seconds.
        if data.count >= 1_000_000 { try note(.note("checking \(grouped(data.count)) rows")) }
        try tellFindings(data, measured, type, note)
        if recipe.evaluation == .none { try emit(.note(Self.nothingHeldOut)) }
        guard case .holdOut(let size, let stratification, let seed) = recipe.evaluation else {
            return (try texts(data, type), try measured.map { try evaluationTexts($0, type, emit) })
        }
        let (train, test) = try holdOut(data, size, stratification, seed: seed, type, emit)
        return (try texts(train, type), try evaluationTexts(test, type, emit))
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
            textColumn: recipe.text,
            labelColumns: type == .regression ? [] : recipe.labels
        )
        options.textPairColumn = recipe.textPair
        options.evaluation = measured
        options.exampleCount = 1
        let description = try DatasetDescription(data, options)
        if let labels = description.labels, labels.isLikeIDs, !recipe.allowsManyClasses {
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
        if case .holdOut = recipe.evaluation { kinds.insert(.repeatedTexts) }
        if recipe.problemType == nil { kinds.insert(.listsOfOne) }
        for finding in description.findings where kinds.contains(finding.kind) {
            try emit(.note("warning: \(finding.line)"))
        }
    }

    /// The given problem type; else multi-label if the data has several labels per text, or single-label.
    private func problemType(of data: Dataset, _ emit: (Event) throws -> Void) throws -> ProblemType {
        if let teacher = try teacherHead() {
            try requireProblemType(of: teacher)
            return teacher.problemType
        }
        if let type = recipe.problemType { return type }
        if recipe.labels.count > 1 {
            try emit(
                .note(
                    "\(recipe.labels.count) label columns: multi-label, so a text may have several labels, or none"
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
        _ given: Dataset?,
        _ path: String,
        _ split: String?,
        _ type: ProblemType,
        _ emit: (Event) throws -> Void
    ) throws -> Dataset {
        // If a folder has train and test, evaluate on test.
        let isFolder = try given == nil && split == nil && Self.hasTestSplit(path)
        let rows = try read(given, path, split: isFolder ? "test" : split, forTraining: false, emit)
        return try cleaned(rows, type, emit)
    }

    /// Whether a path is a folder of which `test` is a split.
    static func hasTestSplit(_ path: String) throws(DatasetError) -> Bool {
        try Dataset.splitNames(of: path).contains("test")
    }

    /// Reads the columns that a job needs, and checks first that all of them exist.
    ///
    /// `given` are the rows, if they are in memory.
    private func read(
        _ given: Dataset?,
        _ path: String,
        split: String?,
        forTraining: Bool,
        _ emit: (Event) throws -> Void
    ) throws -> Dataset {
        let data = try (given ?? Dataset(path, split: split, configuration: recipe.data.configuration))
            .readingLabelVectors(in: recipe.labels)
        for warning in data.warnings { try emit(.note("warning: \(warning)")) }
        if let note = try data.repeatedHeaderNote(lookingFirstAt: recipe.labels.first) {
            try emit(.note("warning: \(note)"))
        }
        var needed = [recipe.text] + recipe.labels + [recipe.textPair].compactMap { $0 }
        if forTraining {
            let drawing =
                if case .holdOut(_, let choice, _) = recipe.evaluation { choice.column } else {
                    nil as String?
                }
            needed += [drawing, recipe.sample?.stratifyBy].compactMap { $0 }
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
            textColumn: recipe.text,
            // A teacher completes missing labels, unless the recipe drops their rows.
            labelColumns: recipe.teacher == nil || recipe.missingLabels == .drop ? recipe.labels : [],
            problemType: type,
            missingLabels: recipe.missingLabels,
            emptyTexts: recipe.emptyTexts
        )
        for note in notes { try emit(.note(note)) }
        return rows
    }

    func texts(_ dataset: Dataset, _ type: ProblemType) throws -> LabelledTexts {
        if let teacher = try teacherHead() {
            return try LabelledTexts(dataset, TextColumns(recipe), taughtBy: teacher)
        }
        return try labelledTexts(dataset, type)
    }

    /// Rows that all have a label.
    func labelledTexts(_ dataset: Dataset, _ type: ProblemType) throws -> LabelledTexts {
        try LabelledTexts(
            dataset,
            textColumn: recipe.text,
            textPairColumn: recipe.textPair,
            labelColumns: recipe.labels,
            problemType: type
        )
    }
}
