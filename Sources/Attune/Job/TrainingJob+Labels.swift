import Classification
import Datasets
import Files
import Models
import Training

// The labels that a run trains for: those of the kept head, matched by name, or those of the data.
extension TrainingJob {
    /// The head that the run keeps; nil for a base model or a fresh head.
    func keptHead() throws -> ClassifierHead? {
        recipe.reinitializesHead
            ? nil : try ClassifierHead(model: model, base: base, labelNames: recipe.labelNames)
    }

    /// The label names by id.
    ///
    /// - Parameters:
    ///   - train: The training rows.
    ///   - measured: The evaluation rows.
    ///   - emit: Receives notes on the kept head and settings.
    /// - Returns: The labels of the kept head, else those of the data.
    /// - Throws: ``UnknownLabel`` naming file and row if a kept head lacks a label; `TrainingError` for fewer than two
    ///   labels.
    func labels(
        of train: LabelledTexts,
        _ measured: LabelledTexts?,
        _ emit: (Event) throws -> Void = { _ in }
    ) throws -> [String] {
        if let length = try ClassifierSettings(model: model).maxLength, recipe.maxLength == nil {
            try emit(
                .note(
                    "texts are cut to \(counted(length, "token")), the length used in training; --max-length changes that"
                )
            )
        }
        if let teacher = try teacherHead() {
            try requireSameHead(as: teacher)
            return teacher.labels
        }
        if let head = try keptHead() { return try labels(of: head, train, measured, emit) }
        return try dataLabels(train, measured)
    }

    /// The label names of the data by id.
    ///
    /// - Parameters:
    ///   - train: The training rows.
    ///   - measured: The evaluation rows.
    /// - Returns: The names, in the data's own order if it has one, else sorted.
    /// - Throws: `TrainingError` for fewer than two labels.
    func dataLabels(_ train: LabelledTexts, _ measured: LabelledTexts?) throws(TrainingError) -> [String] {
        // A random hold-out may take every row of a rare label, so its labels count too; a separate evaluation file may not add
        // labels.
        let drawn = if case .holdOut = recipe.evaluation { measured?.names ?? [] } else { [String]() }
        // If the data itself defines the order of its classes, the ids follow it.
        let labels = train.hasOwnClasses ? train.names : ClassLabel(values: train.names + drawn).names
        guard labels.count > 1 || train.problemType == .regression else {
            throw TrainingError(
                .badData,
                "column \"\(labelColumn)\" has \(labels.isEmpty ? "no label" : "only one label, \"\(labels[0])\""); "
                    + "a classifier needs at least two"
            )
        }
        return labels
    }

    /// The labels of the kept head, after checking that they include the data's labels.
    private func labels(
        of head: ClassifierHead,
        _ train: LabelledTexts,
        _ measured: LabelledTexts?,
        _ emit: (Event) throws -> Void
    ) throws -> [String] {
        // Loading refuses a head of another problem type.
        guard train.problemType != .regression, head.problemType != .regression else { return head.labels }
        let match: LabelMatch
        do { match = try train.match(among: head.labels) } catch {
            throw located(error, in: dataset, recipe.data.split)
        }
        let shown = head.labels.prefix(12).joined(separator: ", ") + (head.labels.count > 12 ? ", …" : "")
        try emit(
            .note(
                "the model is a classifier and keeps its head: \(shown); --reinit-head starts with a fresh head"
            )
        )
        if let note = match.note(head.labels) { try emit(.note(note)) }
        if let measured {
            do { _ = try measured.match(among: head.labels) } catch {
                let (path, split) = measuredSource
                throw located(error, in: path, split)
            }
        }
        return head.labels
    }

    /// The file and the split of the evaluation rows.
    private var measuredSource: (path: String, split: String?) {
        switch recipe.evaluation {
        case .none, .holdOut: return (dataset, recipe.data.split)
        case .split(let split): return (dataset, split)
        case .data(let source):
            let path = evaluationDataset ?? source.name
            return (path, source.split ?? ((try? Self.hasTestSplit(path)) == true ? "test" : nil))
        }
    }

    /// The same error with the row number of the file, because sampling, splitting and dropping rows change row numbers.
    private func located(_ error: UnknownLabel, in path: String, _ split: String?) -> UnknownLabel {
        var located = error
        located.canStartNewHead = true
        return located.located(
            in: path,
            split: split,
            configuration: recipe.data.configuration,
            columns: recipe.labels
        )
    }
}

extension UnknownLabel {
    /// The same error with file and row.
    ///
    /// - Parameters:
    ///   - path: The file, folder or pattern of the rows.
    ///   - split: The split of the folder.
    ///   - configuration: The configuration of the folder.
    ///   - columns: The label columns.
    /// - Returns: The located error; the unchanged error if the label is not found there.
    public func located(
        in path: String,
        split: String?,
        configuration: String?,
        columns: [String]
    ) -> UnknownLabel {
        // Rows read from files already know their file and row.
        guard source == nil,
            let data = try? Dataset(path, split: split, configuration: configuration)
                .readingLabelVectors(in: columns),
            let labels = try? RowLabels(data, columns: columns),
            let id = labels.names.firstIndex(of: label),
            let row = labels.codes.firstIndex(where: { $0 >= 0 && labels.sets[Int($0)].contains(Int32(id)) })
        else { return self }
        var located = self
        (located.source, located.row) = (path, row)
        return located
    }
}

extension LabelledTexts {
    /// Finds the rows' labels among a model's labels.
    ///
    /// - Parameter labels: The model's labels by id.
    /// - Returns: The ids of the rows' labels, and the labels that no row has.
    /// - Throws: ``UnknownLabel`` naming the first row whose label the model lacks.
    public func match(among labels: [String]) throws(UnknownLabel) -> LabelMatch {
        var isUsed = [Bool](repeating: false, count: names.count)
        switch rows {
        case .numbers, .taught: break
        case .classes(let classes): for id in classes { isUsed[id] = true }
        case .labelSets(let sets): for id in sets.joined() { isUsed[id] = true }
        }
        if let match = LabelMatch(names, isUsed: isUsed, among: labels) { return match }
        let isKnown = ClassLabel(names: labels).encode(names).map { $0 != nil }
        // The first unknown label of every row.
        let unknown: [(row: Int, id: Int)] =
            switch rows {
            case .numbers, .taught: []
            case .classes(let classes): classes.enumerated().filter { !isKnown[$1] }.map { ($0, $1) }
            case .labelSets(let sets):
                sets.enumerated().compactMap { row, set in set.first { !isKnown[$0] }.map { (row, $0) } }
            }
        let place = unknown.first.flatMap { source.place(ofRow: $0.row) }
        throw UnknownLabel(
            label: unknown.first.map { names[$0.id] } ?? "",
            rowCount: unknown.count,
            modelLabels: labels,
            dataLabels: zip(names, isUsed).compactMap { $1 ? $0 : nil },
            source: place?.path,
            row: place?.row ?? unknown.first?.row ?? 0
        )
    }
}

extension TrainingJob {
    /// The label names as settings for loading the model.
    var labelNameChoice: ClassifierSettings {
        var choice = ClassifierSettings()
        choice.labelNames = recipe.labelNames
        return choice
    }

    /// The settings of this run that are saved with its model.
    ///
    /// They replace the settings of the original model.
    ///
    /// - Parameter loss: The training loss.
    /// - Returns: The settings to save.
    func settingsToKeep(_ loss: LossSettings?) -> ClassifierSettings {
        var settings = ClassifierSettings()
        settings.loss = loss?.ofLabels
        settings.textColumn = recipe.text
        settings.textPairColumn = recipe.textPair
        settings.labelColumns = recipe.labels.isEmpty ? nil : recipe.labels
        settings.longText = longText
        settings.emptyTexts = recipe.emptyTexts
        settings.missingLabels = recipe.missingLabels == .keep ? .refuse : recipe.missingLabels
        return settings
    }
}
