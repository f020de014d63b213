import Datasets
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
        if try data.unique(labelColumn).count(where: { $0 != .missing }) < 2 {
            throw TrainingError(
                .badData,
                "\(dataset): column \"\(labelColumn)\" holds one label only; a classifier needs at least two"
            )
        }
        switch held {
        case .nothing: return (try texts(data), nil)
        case .file(let path, let split): return (try texts(data), try measuredRows(path, split, emit))
        case .split(let split): return (try texts(data), try measuredRows(dataset, split, emit))
        case .held(let size, let column, let seed):
            let (train, test) = try data.trainTestSplit(testSize: size, stratifyBy: column, seed: seed)
            return (try texts(train), try texts(test))
        }
    }

    private func measuredRows(
        _ path: String,
        _ split: String?,
        _ emit: (Event) throws -> Void
    ) throws -> LabelledTexts {
        // A folder that holds both has its own rows to measure on.
        let isFolder = try split == nil && Dataset.splitNames(of: path).contains("test")
        let rows = try read(path, split: isFolder ? "test" : split, emit)
        return try texts(cleaned(rows, emit))
    }

    /// Reads the columns that a job needs; all of them are looked for before any work is done.
    private func read(_ path: String, split: String?, _ emit: (Event) throws -> Void) throws -> Dataset {
        let data = try Dataset(path, split: split, configuration: datasetConfig)
        for warning in data.warnings { try emit(.note("warning: \(warning)")) }
        var needed = [textColumn, labelColumn] + [textPairColumn].compactMap { $0 }
        if path == dataset, split == self.split {
            let drawing = if case .held(_, let column, _) = held { column } else { nil as String? }
            needed += [drawing, sampleStratifyBy].compactMap { $0 }
        }
        return try data.selectColumns(
            needed.enumerated().filter { !needed[..<$0.offset].contains($0.element) }.map(\.element)
        )
    }

    private func cleaned(_ data: Dataset, _ emit: (Event) throws -> Void) throws -> Dataset {
        let (rows, notes) = try data.loaded().cleaned(
            textColumn: textColumn,
            labelColumn: labelColumn,
            missingLabels: missingLabels,
            emptyTexts: emptyTexts
        )
        for note in notes { try emit(.note(note)) }
        return rows
    }

    private func texts(_ dataset: Dataset) throws -> LabelledTexts {
        try LabelledTexts(
            dataset,
            textColumn: textColumn,
            textPairColumn: textPairColumn,
            labelColumn: labelColumn
        )
    }
}
