import Datasets
import Models
import Training

extension FineTuning {
    /// The rows to train on and those to measure on.
    ///
    /// - Parameter emit: Told what was read.
    /// - Returns: The second is nil where nothing is measured.
    /// - Throws: `DatasetError`, `TrainingError`; what `emit` throws.
    func rows(_ emit: (Event) throws -> Void) throws -> (train: LabelledTexts, held: LabelledTexts?) {
        var data = try read(dataset, split: split, emit)
        try emit(.note("read \(data.count) rows from \(dataset)"))
        if let sample {
            data = try data.sample(sample, stratifyBy: sampleStratifyBy, seed: sampleSeed)
            try emit(.note("kept a sample of \(data.count)"))
        }
        data = try cleaned(data, emit)
        let type = try problemType(of: data, emit)
        if type == .singleLabel, labelColumns.count == 1,
            try data.unique(labelColumn).count(where: { $0 != .missing }) < 2
        {
            throw TrainingError(
                .badData,
                "\(dataset): column \"\(labelColumn)\" holds one label only; a classifier needs at least two"
            )
        }
        switch held {
        case .nothing: return (try texts(data, type), nil)
        case .file(let path, let split):
            return (try texts(data, type), try measuredRows(path, split, type, emit))
        case .split(let split): return (try texts(data, type), try measuredRows(dataset, split, type, emit))
        case .held(let size, let column, let seed):
            let (train, test) = try data.trainTestSplit(testSize: size, stratifyBy: column, seed: seed)
            return (try texts(train, type), try texts(test, type))
        }
    }

    /// What was asked for; else several labels where the data gives them, and one where it does not.
    private func problemType(of data: Dataset, _ emit: (Event) throws -> Void) throws -> ProblemType {
        if let problemType { return problemType }
        if labelColumns.count > 1 {
            try emit(.note("\(labelColumns.count) label columns: a text may have several labels, or none"))
            return .multiLabel
        }
        let feature = try data.feature(of: labelColumn)
        if case .list = feature {
            try emit(
                .note("column \"\(labelColumn)\" holds lists: a text may have several labels, or none")
            )
            return .multiLabel
        }
        // A head that is kept says what its answers mean.
        if let head = try keptHead(), head.isProblemTypeStated, head.problemType != .singleLabel {
            return head.problemType
        }
        if feature == .value(.float64) {
            try emit(
                .note(
                    "column \"\(labelColumn)\" holds numbers, and each different one is taken for a class; "
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
    ) throws -> LabelledTexts {
        // A folder that holds both has its own rows to measure on.
        let isFolder = try split == nil && Dataset.splitNames(of: path).contains("test")
        let rows = try read(path, split: isFolder ? "test" : split, emit)
        return try texts(cleaned(rows, emit), type)
    }

    /// Reads the columns that a job needs; all of them are looked for before any work is done.
    private func read(_ path: String, split: String?, _ emit: (Event) throws -> Void) throws -> Dataset {
        let data = try Dataset(path, split: split, configuration: datasetConfig)
            .readingLabelVectors(in: labelColumns)
        for warning in data.warnings { try emit(.note("warning: \(warning)")) }
        var needed = [textColumn] + labelColumns + [textPairColumn].compactMap { $0 }
        if path == dataset, split == self.split {
            let drawing = if case .held(_, let column, _) = held { column } else { nil as String? }
            needed += [drawing, sampleStratifyBy].compactMap { $0 }
        }
        return try data.selectColumns(
            needed.enumerated().filter { !needed[..<$0.offset].contains($0.element) }.map(\.element)
        )
    }

    private func cleaned(_ data: Dataset, _ emit: (Event) throws -> Void) throws -> Dataset {
        let loaded = try data.loaded()
        for column in labelColumns { try loaded.requireKnownClasses(in: column) }
        let (rows, notes) = try loaded.cleaned(
            textColumn: textColumn,
            labelColumns: labelColumns,
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
