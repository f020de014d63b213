import Classification
import Datasets
import Files
import Foundation
public import Hub
import Tokenization

/// A recipe for a first run on texts that no one has described: every choice with its reason.
///
/// ```swift
/// let draft = try await RecipeDraft.make(for: .file("tweets.csv"))
/// for choice in draft.choices { print(choice.setting, choice.value.text, choice.reason) }
/// let run = try await draft.recipe.start(in: URL(filePath: "runs/tweets"))
/// ```
public struct RecipeDraft: Sendable, Equatable {
    /// A setting that the draft chose.
    public struct Choice: Sendable, Equatable {
        /// The setting's name in recipes.
        public let setting: String
        /// Its value.
        public let value: SettingValue
        /// The reason, a few words.
        public let reason: String
    }

    /// The recipe: the given settings and the choices.
    public let recipe: Recipe
    /// The chosen settings, in the order in which they were chosen.
    public let choices: [Choice]
    /// The dataset in a line: rows and columns.
    public let summary: String
    /// The estimated duration of the run on this machine, in seconds; nil on a GPU, or with a given model.
    public let seconds: Double?

    /// Looks at a dataset and chooses all settings that are not given.
    ///
    /// It takes the obvious columns of texts and labels, a stratified hold-out of a fifth, a model that trains in minutes on
    /// this machine, a length that cuts at most 5 % of the texts, and a batch that fits into memory.
    ///
    /// - Parameters:
    ///   - data: The labelled texts.
    ///   - given: Settings that are not to be chosen, by their names in recipes.
    ///   - options: The device, and the Hub from which the model's tokenizer and the dataset are downloaded if necessary.
    ///   - report: Receives the progress of downloads.
    /// - Returns: The draft.
    /// - Throws: ``DraftError`` if the columns are not obvious; `DatasetError`; `HubError`; `SettingError` for given settings.
    public static func make(
        for data: DataSource,
        given: [String: SettingValue] = [:],
        options: RunOptions = RunOptions(),
        report: @escaping @Sendable (TransferEvent) -> Void = { _ in }
    ) async throws -> RecipeDraft {
        var draft = Drafting(data: data, given: given, options: options)
        let path = try await data.path(in: options.hub, progress: report)
        try draft.chooseData(at: path)
        try draft.chooseModel()
        guard case .text(let model)? = draft.values["model"] else { throw SettingError("model", .missing) }
        try draft.chooseSizes(
            model: await ModelSource(model).path(in: options.hub, .tokenizer, progress: report)
        )
        draft.chooseTimes()
        return RecipeDraft(
            recipe: try Recipe(draft.values),
            choices: draft.choices,
            summary: draft.summary,
            seconds: draft.seconds
        )
    }

    /// The folder of a dataset's first run: `runs/` and the dataset's name.
    ///
    /// - Parameter data: The dataset.
    /// - Returns: A path relative to the working folder.
    public static func outputFolder(for data: DataSource) -> String {
        let last = data.name.split(separator: "/").last ?? ""
        let stem = last.split(whereSeparator: { ".@".contains($0) }).first ?? ""
        let name = stem.replacing(" ", with: "-").filter {
            $0.isLetter || $0.isNumber || "-_".contains($0)
        }
        return "runs/\(name.isEmpty ? "first" : name)"
    }
}
