import Classification
import Files
import Foundation
import Models
import NN
import ProcessGroups
import Torch
package import Training

/// The rows of a run, and the same rows as the model reads them.
struct RunData {
    let trainRows: LabelledTexts
    /// The evaluation rows; nil without evaluation.
    var evaluationRows: LabelledTexts?
    /// The training texts, each with all of its windows.
    var texts: EncodedExamples
    var evaluation: EncodedExamples?
    /// Whether the evaluation rows get the teacher's labels, because none has a label.
    let measuresAgreement: Bool

    /// The training examples: each window of a text is a separate example.
    var train: EncodedExamples { texts.windowed }
}

// The teacher's part of a run: its logits, computed once before training.
extension TrainingJob {
    /// The name of the folder of a teacher's logits in an output folder.
    package static let teacherLogitsName = "teacher-logits"

    /// The custom metrics, and the agreement with the teacher if the evaluation measures it.
    func allMetrics(for data: RunData) -> [CustomMetric] {
        metrics + (data.measuresAgreement ? [.teacherAgreement] : [])
    }

    /// Gives the training texts their teacher's logits, and evaluation texts without any label its labels.
    ///
    /// In a group every process computes some of the missing logits, and all get all of them.
    ///
    /// - Parameters:
    ///   - data: The rows.
    ///   - folder: The output folder.
    ///   - shouldStop: If true, the run stops with the logits that are complete.
    ///   - group: The processes that train together.
    ///   - emit: Receives notes and progress.
    /// - Returns: The rows with the teacher's logits.
    /// - Throws: `DistributedError` with code `.interrupted` if it was stopped; the errors of loading the teacher, of its
    ///   prediction and of writing.
    func taught(
        _ data: RunData,
        in folder: URL,
        _ shouldStop: () -> Bool,
        _ group: ProcessGroup?,
        _ emit: (Event) throws -> Void
    ) throws -> RunData {
        var data = data
        if case .taught(let targets) = data.texts.targets {
            let logits = try logits(
                of: data.trainRows.inputs,
                "training",
                in: folder,
                shouldStop,
                group,
                emit
            )
            data.texts = EncodedExamples(
                encodings: data.texts.encodings,
                targets: .taught(targets.replacing(logits: logits))
            )
        }
        if data.measuresAgreement, let rows = data.evaluationRows, let examples = data.evaluation {
            let logits = try logits(of: rows.inputs, "evaluation", in: folder, shouldStop, group, emit)
            let answered = rows.answered(by: logits)
            data.evaluationRows = answered
            data.evaluation = EncodedExamples(
                encodings: examples.encodings,
                targets: try answered.targets(among: rows.names)
            )
        }
        // The teacher's weights are free.
        TensorHeap.shrink()
        return data
    }

    /// The teacher's logits of texts, row by row: those in the folder, completed.
    private func logits(
        of inputs: TextInputs,
        _ purpose: String,
        in output: URL,
        _ shouldStop: () -> Bool,
        _ group: ProcessGroup?,
        _ emit: (Event) throws -> Void
    ) throws -> [Float] {
        guard let head = try teacherHead(), let teacher else { return [] }
        let identity = TeacherLogits.Identity(
            teacher: [teacher] + [teacherBase].compactMap(\.self),
            labels: head.labels,
            texts: inputs,
            precision: arguments.precision.rawValue
        )
        // Only the first process reads and writes files.
        let stored = try group?.isFirst ?? true ? TeacherLogits(identity, in: logitsFolder(in: output)) : nil
        if let stored { try tell(of: stored, inputs.count, purpose, emit) }
        let missing = try stored?.missing.shared(in: group) ?? [Range<Int>]().shared(in: group)
        if !missing.isEmpty {
            let start = ContinuousClock.now
            try predict(missing, of: inputs, purpose, shouldStop, group, emit) { logits, window in
                try stored?.keep(logits, of: window)
            }
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            let count = missing.reduce(0) { $0 + $1.count }
            try emit(
                .note(
                    "the teacher answered \(counted(count, "\(purpose) text")) in \(String(format: "%.0f", seconds)) s "
                        + "(\(String(format: "%.1f", Double(count) / max(seconds, 1e-9))) texts/s)"
                )
            )
        }
        return try shared(
            stored,
            PredictionWindows(labels: head.labels.count).windows(of: inputs.count),
            group
        )
    }

    private func logitsFolder(in output: URL) -> URL {
        if let folder = recipe.teacher?.logitsFolder {
            return URL(filePath: folder, directoryHint: .isDirectory)
        }
        return teacherLogits ?? output.appending(path: Self.teacherLogitsName, directoryHint: .isDirectory)
    }

    /// Says how many logits are found, and whether some were damaged.
    private func tell(
        of stored: TeacherLogits,
        _ count: Int,
        _ purpose: String,
        _ emit: (Event) throws -> Void
    ) throws {
        for name in stored.damaged {
            try emit(.note("warning: \(name) in \(stored.path) is damaged; its logits are computed again"))
        }
        let found = count - stored.missing.reduce(0) { $0 + $1.count }
        guard found > 0 else { return }
        let what = found == count ? "all" : "\(grouped(found)) of"
        try emit(
            .note(
                "the teacher's logits of \(what) \(counted(count, "\(purpose) text")) are in \(stored.path)"
            )
        )
    }

    /// Computes the logits of windows, as `attune predict` does.
    private func predict(
        _ windows: [Range<Int>],
        of inputs: TextInputs,
        _ purpose: String,
        _ shouldStop: () -> Bool,
        _ group: ProcessGroup?,
        _ emit: (Event) throws -> Void,
        _ keep: (_ logits: [Float], _ window: Range<Int>) throws -> Void
    ) throws {
        let classifier = try loadTeacher(emit)
        var prediction = BulkPrediction(classifier)
        prediction.matmulDType = arguments.precision.matmulDType
        let source = GivenTexts(inputs)
        let (rank, size) = (group?.rank ?? 0, group?.size ?? 1)
        let total = windows.reduce(0) { $0 + $1.count }
        var done = 0
        func show(_ count: Int) throws {
            try emit(
                .progress(
                    WorkProgress(
                        .predict,
                        done: count,
                        of: total,
                        subject: "\(purpose) texts, by the teacher"
                    )
                )
            )
        }
        try show(0)
        for start in stride(from: 0, to: windows.count, by: size) {
            let round = Array(windows[start..<min(start + size, windows.count)])
            var logits: [Float] = []
            if round.indices.contains(rank) {
                try group?.announce("computing the teacher's logits")
                _ = try prediction.run(
                    source,
                    range: round[rank],
                    betweenBatches: { count in
                        guard !shouldStop() else { throw Self.stoppedTeacher }
                        try show(min(done + count * round.count, total))
                    },
                    write: { logits += $0.answeredLogits }
                )
                try group?.announce(nil)
            }
            if let group {
                let counts = (0..<size).map { place in
                    round.indices.contains(place) ? round[place].count * classifier.labels.count : 0
                }
                logits = try group.gathered(logits, counts: counts, "the teacher's logits")
            }
            var place = 0
            for window in round {
                let end = place + window.count * classifier.labels.count
                try keep(Array(logits[place..<end]), window)
                place = end
            }
            done += round.reduce(0) { $0 + $1.count }
            try show(done)
        }
    }

    private static let stoppedTeacher = DistributedError(
        .interrupted,
        "stopped while the teacher computed its logits; the same command continues with those that are complete"
    )

    private func loadTeacher(_ emit: (Event) throws -> Void) throws -> TextClassifier {
        let path = teacher ?? ""
        try emit(.progress(WorkProgress(.load, subject: path)))
        var options = SequenceClassifier.LoadOptions()
        (options.device, options.productRoutes, options.mapsWeights) = (device, productRoutes, true)
        let (classifier, report) = try TextClassifier.load(path, base: teacherBase, options: options)
        guard report.fresh.isEmpty else { throw ModelError.untrained(path, report) }
        for note in classifier.notes { try emit(.note("teacher: \(note)")) }
        let weights = Double(classifier.model.parameters.weightCount) / 1e6
        try emit(.note("loaded the teacher \(path): \(String(format: "%.1f", weights)) million weights"))
        return classifier
    }

    /// The logits of the first process, in all processes.
    private func shared(
        _ stored: TeacherLogits?,
        _ windows: [Range<Int>],
        _ group: ProcessGroup?
    ) throws -> [Float] {
        let own = stored?.logits ?? []
        guard let group, let width = try teacherHead()?.labels.count else { return own }
        var all: [Float] = []
        for window in windows {
            let part = group.isFirst ? Array(own[window.lowerBound * width..<window.upperBound * width]) : []
            let counts = [window.count * width] + [Int](repeating: 0, count: group.size - 1)
            all += try group.gathered(part, counts: counts, "the teacher's logits")
        }
        return all
    }
}

extension TeacherLogits {
    /// The folder's path, to show.
    var path: String { folder.path(percentEncoded: false) }
}

extension [Range<Int>] {
    /// The ranges of the first process, in all processes.
    fileprivate func shared(in group: ProcessGroup?) throws -> [Range<Int>] {
        guard let group else { return self }
        let text = map { "\($0.lowerBound) \($0.upperBound)" }.joined(separator: "\n")
        let bytes = try group.shared([UInt8](text.utf8), "the teacher's missing logits")
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { line in
            let ends = line.split(separator: " ").compactMap { Int($0) }
            return ends.count == 2 && ends[0] <= ends[1] ? ends[0]..<ends[1] : nil
        }
    }
}

extension EvaluationRecord {
    /// The share of texts that get the teacher's label, if the evaluation measures that; nil otherwise.
    package var teacherAgreement: Double? {
        customMetrics.first { $0.name == CustomMetric.teacherAgreement.name }?.value
    }
}

extension CustomMetric {
    /// The share of evaluated texts that get the teacher's label; for multi-label, exactly its labels.
    ///
    /// It is undefined for numbers.
    static let teacherAgreement = CustomMetric("teacher_agreement") { answers in
        let same: [Bool]
        switch answers.targets {
        case .classes(let ids):
            same = zip(answers.logits, ids).map { row, id in
                row.indices.max { row[$0] < row[$1] } == id
            }
        case .labelSets(let sets):
            same = zip(answers.logits, sets).map { row, set in
                Set(row.indices.filter { row[$0] > 0 }) == Set(set)
            }
        case .numbers, .taught: return .nan
        }
        return same.isEmpty ? .nan : Double(same.count { $0 }) / Double(same.count)
    }
}
