import Classification
import Datasets
import Evaluation
import Files
import Foundation
import NN
import ProcessGroups
import Training

/// A trained model, with the data that its results are computed from.
struct TrainedModel {
    /// The classifier.
    let classifier: TextClassifier
    /// The outcome of training.
    let outcome: Trainer.Outcome
    /// The training loss.
    let loss: any ClassificationLoss
    /// The training texts.
    let train: EncodedExamples
    /// The evaluation rows; nil if nothing is held out.
    let evaluationRows: LabelledTexts?
    /// The same rows as the model reads them.
    let evaluation: EncodedExamples?
    /// The custom metrics of evaluations.
    let metrics: [CustomMetric]
    /// The rows for the linear baseline; nil compares nothing.
    let baselineRows: TrainingJob.BaselineData?
    /// The settings that follow from the data.
    let settings: ResolvedSettings
}

// The end of a run: the saved model, the final evaluation, and the files with its results.
extension TrainingJob {
    /// Saves a trained model.
    ///
    /// The other processes of a group wait meanwhile.
    func save(
        _ trained: TrainedModel,
        to output: OutputFolder,
        _ folder: URL,
        _ group: ProcessGroup?,
        _ emit: (Event) throws -> Void
    ) throws {
        try group?.announce("saving the model")
        try emit(.progress(WorkProgress(.save)))
        try output.removeResults()
        try trained.classifier.save(to: folder)
        try group?.announce(nil)
    }

    /// Saves a trained model to which every process of a group writes its own part; all of them call it.
    ///
    /// - Parameters:
    ///   - trainer: The trainer of the model.
    ///   - output: The output folder's contents before the run.
    ///   - folder: The output folder, which all processes share.
    ///   - isFirst: Whether this process removes earlier results.
    ///   - emit: Receives the progress.
    /// - Throws: The errors of `Trainer.saveShards(to:)`; the errors of `emit`.
    func saveShards(
        of trainer: Trainer,
        to output: OutputFolder,
        _ folder: URL,
        isFirst: Bool,
        _ emit: (Event) throws -> Void
    ) throws {
        try emit(.progress(WorkProgress(.save)))
        if isFirst { try output.removeResults() }
        try trainer.saveShards(to: folder)
    }

    /// Returns the reason why `--save-sharded` has no effect.
    ///
    /// - Parameter classifier: The classifier, with its adapter.
    /// - Returns: The reason; nil if it has an effect, or is not given.
    func noteOnShards(_ classifier: TextClassifier) -> String? {
        guard arguments.saveSharded else { return nil }
        if worldSize == 1 { return "--save-sharded has no effect in one process, which writes all files" }
        guard classifier.adapter != nil else { return nil }
        return "--save-sharded has no effect with an adapter, whose small files rank 0 writes"
    }

    /// The final evaluation: that of training if it was the run's last work, else a new one.
    ///
    /// - Parameters:
    ///   - trained: The trained model.
    ///   - group: The processes that share the evaluation.
    ///   - shouldStop: If true, the evaluation is stopped.
    ///   - emit: Receives its progress.
    ///   - tell: Receives a new evaluation.
    /// - Returns: The evaluation, and whether it was stopped.
    /// - Throws: The errors of an evaluation; those of the closures.
    func finalEvaluation(
        of trained: TrainedModel,
        _ group: ProcessGroup?,
        _ shouldStop: () -> Bool,
        _ emit: (Event) throws -> Void,
        _ tell: (EvaluationRecord) throws -> Void
    ) throws -> (evaluation: EvaluationRecord?, wasStopped: Bool) {
        let outcome = trained.outcome
        var isMissing = outcome.evaluation == nil
        // All processes evaluate, or none. The first one decides, because only it reads checkpoints.
        if let group { isMissing = try group.shared([isMissing ? 1 : 0], "the final evaluation") == [1] }
        guard isMissing, let examples = trained.evaluation else { return (outcome.evaluation, false) }
        let record = try evaluate(
            trained.classifier,
            on: examples,
            loss: trained.loss,
            batchSize: arguments.perDeviceEvalBatchSize,
            precision: arguments.precision,
            step: outcome.step,
            epoch: outcome.epoch,
            metrics: trained.metrics,
            withIntervals: true,
            group: group
        ) { done in
            try emit(.run(.evaluating(done: done, of: examples.count)))
            return !shouldStop()
        }
        if let record { try tell(record) }
        return (record, record == nil)
    }

    /// Compares a trained model with a baseline, and writes its results, its model card and its report.
    ///
    /// - Parameters:
    ///   - trained: The trained model, which is saved already.
    ///   - evaluation: Its final evaluation.
    ///   - output: The output folder's contents before the run.
    ///   - folder: The output folder.
    ///   - shouldStop: If true, nothing is compared.
    ///   - emit: Receives notes.
    /// - Returns: The comparison.
    /// - Throws: `FileError`; the errors of `emit`.
    func saveResults(
        of trained: TrainedModel,
        _ evaluation: EvaluationRecord?,
        to output: OutputFolder,
        _ folder: URL,
        _ shouldStop: () -> Bool,
        _ emit: (Event) throws -> Void
    ) throws -> BaselineComparison? {
        let (classifier, outcome) = (trained.classifier, trained.outcome)
        let baseline = try compare(trained.baselineRows, shouldStop, emit)
        try ResultFiles(outcome: outcome, evaluation: evaluation, baseline: baseline).save(to: folder)
        if let evaluation, let evaluationRows = trained.evaluationRows, let examples = trained.evaluation {
            let rows = ScoredRows(
                evaluation,
                labels: classifier.labels,
                examples,
                evaluationRows.inputs
            )
            try rows?.save(to: folder)
            if rows == nil {
                try emit(
                    .note("the evaluation has too many scores to keep each row's; the report has no rows")
                )
            }
        }
        let decisions = DecisionSection(classifier.decisions)
        if output.mayWrite(DecisionSection.fileName) {
            let page = ModelCard(
                job: self,
                recipe: try card.recipe?(trained.settings),
                classifier: classifier,
                train: trained.train,
                evaluation: evaluation,
                baseline: baseline,
                changes: outcome.changes
            )
            try writeAtomically(
                decisions.put(into: Data(page.text.utf8)),
                to: folder.appending(path: DecisionSection.fileName)
            )
        } else {
            // The decisions of former weights have been removed, so their description in a person's card must go, too.
            _ = try decisions.write(in: folder)
        }
        try recordParity(of: classifier, in: folder, emit)
        // The model is saved; a report that cannot be made is no reason to fail.
        do {
            let texts = recipe.reportsTexts ? trained.evaluationRows?.inputs.shown : nil
            try RunReportPage.write(in: folder, texts: texts ?? [])
        } catch {
            if error is FileError { throw error }
            try emit(.note("no \(RunReportPage.fileName): \(error)"))
        }
        return baseline
    }
}
