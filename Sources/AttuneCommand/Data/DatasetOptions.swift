import ArgumentParser
import Attune
import Foundation

/// The part of a dataset that a command reads.
struct SplitOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The split of a folder: train, validation or test. Default: train.",
            valueName: "name"
        )
    )
    var split: String?

    @Option(
        help: ArgumentHelp(
            "The configuration, one of those that the folder's README.md lists.",
            valueName: "name"
        )
    )
    var datasetConfig: String?
}

/// The dataset that a command reads.
struct DatasetOptions: ParsableArguments {
    @Option(help: .fileOfRows)
    var dataset: String

    @OptionGroup private var part: SplitOptions

    /// The split of a folder.
    var split: String? { part.split }
    /// The configuration of a folder.
    var datasetConfig: String? { part.datasetConfig }

    /// The rows; notes on how they were read go to standard error.
    func read() throws -> Dataset {
        let rows = try Dataset(HubPath.dataset(dataset), split: split, configuration: datasetConfig)
        for warning in rows.warnings { writeToStandardError("attune: warning: \(warning)\n") }
        return rows
    }
}

/// The rows of an input file; notes on how they were read go to standard error.
func rows(of input: String) throws -> Dataset {
    let rows = try Dataset(input)
    for warning in rows.warnings { writeToStandardError("attune: warning: \(warning)\n") }
    return rows
}

/// The names in a list such as `a,b,"c, d"`; a name with a comma is quoted.
func listed(_ names: String) -> [String] { quotedParts(of: names).map(unquoted) }
