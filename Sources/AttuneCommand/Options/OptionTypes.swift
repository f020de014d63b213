public import ArgumentParser
public import Attune
public import Tokenization

extension DatasetFormat: ExpressibleByArgument {}
extension IntervalStrategy: ExpressibleByArgument {}
extension LongText: ExpressibleByArgument {
    /// Reads a value of `--long-text`.
    ///
    /// - Parameter argument: The value.
    public init?(argument: String) { self.init(argument) }
}

extension Precision: ExpressibleByArgument {}
extension ProductQuantization: ExpressibleByArgument {}
extension RowPolicy: ExpressibleByArgument {}
extension SamplingStrategy: ExpressibleByArgument {}
extension SchedulerType: ExpressibleByArgument {}

extension ArgumentHelp {
    /// The help of an option that names the second text of pairs.
    static var textPairColumn: ArgumentHelp {
        ArgumentHelp("The column of second texts, to classify pairs.", valueName: "name")
    }

    /// The help of an option that takes a file of rows.
    static var fileOfRows: ArgumentHelp {
        ArgumentHelp(
            "A file of rows, a folder or a quoted pattern: .csv, .tsv, .tab (Orange), .jsonl, .json, .txt, .parquet, .arrow; text files may be compressed. Or an id of the Hub: org/name[@revision].",
            valueName: "path"
        )
    }
}
