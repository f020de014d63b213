import ArgumentParser
import Attune
import Foundation

/// `attune distil`.
///
/// It is `attune train` with a teacher and with other defaults, and all of train's flags.
struct DistilCommand: RecipeCommand {
    static let configuration = CommandConfiguration(
        commandName: "distil",
        abstract: "Trains a small model to answer like a large classifier, on texts that need no label.",
        usage: """
            attune distil --teacher <model> --student <model> --dataset <path> [--text-column <name>] \
            [--label-column <name>] [--temperature <temperature>] [--alpha <share>] --output-dir <folder> \
            [<options of attune train>]
            """,
        discussion: """
            The teacher's logits are computed once, as by `attune predict`, and kept in the folder teacher-logits: a run that is \
            repeated with another seed, temperature or student reads them. The student gets the teacher's labels, in its order.

            The loss of a text is A * T * T * KL(teacher / T, student / T) + (1 - A) * L, where A is --alpha, T is --temperature, \
            and L is the loss of its label, if --label-column has one for it. For several labels per text the divergence is the sum of \
            every label's own; for numbers it is the squared difference from the teacher's.

            A tenth of the rows is held out, unless --test-size, --eval-dataset or --eval-split says otherwise. If no evaluation row \
            has a label, the evaluation measures how often student and teacher agree.

            This is `attune train` with --teacher: recipes, checkpoints, --seeds and several processes work in the same way.
            """,
        aliases: ["distill"]
    )

    @OptionGroup var train: TrainCommand

    /// Trains the student.
    ///
    /// - Parameter line: The command line and its recipe.
    /// - Throws: An exit code, after the error has been printed; ``RecipeError``.
    func run(_ line: TrainingCommandLine) throws {
        if let dataset = line.dataset {
            throw RecipeError(.validationFailure, "give the texts with --dataset \(dataset)")
        }
        guard let teacher = line.values["teacher"]?.text else {
            throw RecipeError(
                .validationFailure,
                "Missing expected argument '--teacher <model>': the classifier whose scores are learned"
            )
        }
        var typed = line.typed
        let isEvaluated = ["test_size", "eval_dataset", "eval_split"].contains(where: line.gives)
        if !isEvaluated { typed += ["--test-size", "0.1"] }
        if !line.gives("text_column"), let dataset = line.values["dataset"]?.text {
            try reportingFailure(train.messages) {
                typed += ["--text-column", try textColumn(of: dataset, line, readBy: teacher)]
            }
        }
        // From here on it is a run of `attune train`, so the command that resumes it has the chosen values.
        let completed = try TrainingCommandLine(typed)
        try TrainCommand.parse(completed.arguments).run(completed)
    }

    /// The column of texts that the teacher reads.
    private func textColumn(
        of dataset: String,
        _ line: TrainingCommandLine,
        readBy teacher: String
    ) throws -> String {
        let reader = try RowReader(model: HubPath.model(teacher))
        let rows = try Dataset(
            HubPath.dataset(dataset),
            split: line.values["split"]?.text,
            configuration: line.values["dataset_config"]?.text
        )
        return try reader.textColumn(of: rows)
    }
}
