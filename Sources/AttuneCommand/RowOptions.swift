import ArgumentParser
import Attune

/// What to do with rows that have nothing to learn from.
struct RowOptions: ParsableArguments {
    @Option(help: "Rows without a label: refuse (and say which) or drop.")
    var missingLabels = RowPolicy.refuse

    @Option(help: "Rows whose text is empty: keep, drop or refuse.")
    var emptyTexts = RowPolicy.keep

    func validate() throws {
        guard missingLabels != .keep else {
            throw ValidationError(
                "--missing-labels keep: of a row without a label nothing can be learned; refuse or drop"
            )
        }
    }
}
