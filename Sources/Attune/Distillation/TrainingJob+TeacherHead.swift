import Classification
import Datasets
import Files
import Models
import Training

// The head of a teacher, which determines the labels and the problem type of a run.
extension TrainingJob {
    /// The teacher's head; nil without a teacher.
    ///
    /// - Returns: Its labels and problem type.
    /// - Throws: `TrainingError` for a model that is not a classifier; the errors of opening a missing or damaged model.
    func teacherHead() throws -> ClassifierHead? {
        guard let teacher else { return nil }
        if let head = try ClassifierHead(model: teacher, base: teacherBase) { return head }
        // The error for a missing model is better than the next one.
        _ = try TextClassifier.tokenizerAndLimit(of: teacher, base: teacherBase)
        throw TrainingError(
            .badData,
            "--teacher \(teacher) is not a classifier; give the folder of one that `attune train` saved"
        )
    }

    /// Refuses a problem type that is not the teacher's.
    func requireProblemType(of teacher: ClassifierHead) throws(TrainingError) {
        guard let type = recipe.problemType, type != teacher.problemType else { return }
        func name(_ type: ProblemType) -> String {
            switch type {
            case .singleLabel: "single-label"
            case .multiLabel: "multi-label"
            case .regression: "regression"
            }
        }
        throw TrainingError(
            .badArgument,
            "--problem-type is \(name(type)), but the teacher's is \(name(teacher.problemType)); leave it out"
        )
    }

    /// Refuses a student with a head for other labels than the teacher's, or for the same ones in another order.
    func requireSameHead(as teacher: ClassifierHead) throws {
        guard let head = try keptHead(),
            head.labels != teacher.labels
                || head.isProblemTypeStated && head.problemType != teacher.problemType
        else { return }
        func shown(_ head: ClassifierHead) -> String {
            let names = head.labels.prefix(6).joined(separator: ", ")
            return counted(head.labels.count, "label") + " (\(names)\(head.labels.count > 6 ? ", …" : ""))"
        }
        throw TrainingError(
            .badData,
            "the head of \(model) has \(shown(head)), but the teacher has \(shown(teacher)) in this order; --reinit-head "
                + "starts with a fresh head for the teacher's labels"
        )
    }

    /// The evaluation texts: all rows; with a teacher those with a label, or all if none has one.
    ///
    /// - Parameters:
    ///   - dataset: The rows.
    ///   - type: The problem type.
    ///   - emit: Receives a note on rows without a label.
    /// - Returns: The texts. If none has a label, the teacher is to answer.
    /// - Throws: `DatasetError`; the errors of `emit`.
    func evaluationTexts(
        _ dataset: Dataset,
        _ type: ProblemType,
        _ emit: (Event) throws -> Void
    ) throws -> LabelledTexts {
        guard recipe.teacher != nil else { return try labelledTexts(dataset, type) }
        let lacks = try dataset.lacksLabel(in: recipe.labels, type)
        let labelled = lacks.indices.filter { !lacks[$0] }
        guard !labelled.isEmpty else {
            try emit(
                .note(
                    "no evaluation text has a label: the evaluation measures the agreement with the teacher, not how often both "
                        + "are right"
                )
            )
            return try texts(dataset, type)
        }
        if labelled.count < dataset.count {
            try emit(
                .note(
                    "the evaluation uses the \(counted(labelled.count, "text")) with a label, of \(grouped(dataset.count))"
                )
            )
        }
        return try labelledTexts(labelled.count < dataset.count ? dataset.select(labelled) : dataset, type)
    }
}
