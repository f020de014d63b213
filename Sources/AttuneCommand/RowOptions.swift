import ArgumentParser
import Attune

/// The treatment of rows without a label or text.
struct RowOptions: ParsableArguments {
    @Option(help: "Rows without a label: refuse (with an error that names a row) or drop.")
    var missingLabels = RowPolicy.refuse

    @Option(help: "Rows whose text is empty: keep, drop or refuse.")
    var emptyTexts = RowPolicy.keep

    func validate() throws {
        guard missingLabels != .keep else {
            throw ValidationError(
                "--missing-labels keep: a row without a label cannot be trained on; use refuse or drop"
            )
        }
    }
}
