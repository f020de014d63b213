import ArgumentParser

/// `attune`: parses, calls the library, prints.
@main
struct AttuneCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attune",
        abstract: "Fine-tunes language models into classifiers of your texts.",
        discussion: """
            From a file of labelled texts to a trained, measured and saved classifier:

              attune train --model SmolLM2-135M.gguf --dataset tweets.csv \\
                --text-column text --label-column author --test-size 0.2 --output-dir runs/tweets
              attune predict --model runs/tweets --text "Thank you, Ohio!"

            Results go to standard output, progress and notes to standard error. Exit codes: 0 done, 64 usage, \
            65 bad data, 66 missing input, 70 internal, 73/74 cannot write, 77 not allowed, 130 interrupted.
            """,
        version: "0.1.0",
        subcommands: [
            TrainCommand.self, EvaluateCommand.self, PredictCommand.self, TokenizeCommand.self,
            DecodeCommand.self,
            DataCommand.self,
            InspectCommand.self, DoctorCommand.self,
        ]
    )
}
