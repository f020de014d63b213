import Attune
import Evaluation

/// The choices of a draft, one per line: the flag that changes it, and the reason.
struct DraftText {
    private let draft: RecipeDraft
    private let outputFolder: String

    init(_ draft: RecipeDraft, outputFolder: String) {
        (self.draft, self.outputFolder) = (draft, outputFolder)
    }

    /// The lines, each with a line feed.
    var text: String {
        var rows = draft.choices.map { choice in
            let flag = "--" + choice.setting.replacing("_", with: "-")
            let value = choice.value == .bool(true) ? "" : " " + shellQuoted(choice.value.text)
            return [flag + value, choice.reason]
        }
        rows.append(["--output-dir \(shellQuoted(outputFolder))", "for the trained model"])
        let duration =
            draft.seconds.map {
                $0 < 60 ? "less than a minute" : "about \(counted(Int($0 / 60 + 0.5), "minute"))"
            }
        return "\(draft.recipe.data): \(draft.summary)\n" + TextTable(rows: rows, indent: 2).text
            + (duration.map { "training takes \($0) on this machine\n" } ?? "")
    }
}
