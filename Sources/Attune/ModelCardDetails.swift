/// Details for the model card that the run itself does not know.
public struct ModelCardDetails: Sendable {
    /// The Hub id of the fine-tuned model; nil if it came from a folder.
    public var baseModel: String?
    /// The Hub id of the dataset; nil if it came from a file.
    public var dataset: String?
    /// The languages of the texts as ISO 639-1 codes; empty if unknown.
    public var languages: [String] = []
    /// The repository to which the classifier will be pushed; nil if it is not pushed.
    public var repository: String?
    /// Creates the recipe that repeats the run, as YAML, from the settings derived from the data.
    public var recipe: (@Sendable (ResolvedSettings) throws -> String)?

    /// Creates empty details.
    public init() {}
}
