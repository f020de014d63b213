/// What a classifier's page says that the run itself does not know.
public struct ModelCardDetails: Sendable {
    /// The id on the Hub of the model that was fine-tuned; nil where it came from a folder.
    public var baseModel: String?
    /// The id on the Hub of the data; nil where it came from a file.
    public var dataset: String?
    /// The texts' languages as ISO 639-1 codes; none where they are not known.
    public var languages: [String] = []
    /// Where the classifier itself will be on the Hub; nil where it stays in its folder.
    public var repository: String?
    /// Gives the run's settings as YAML, which repeat it, from those that followed from the data.
    public var recipe: (@Sendable (ResolvedSettings) throws -> String)?

    /// Nothing is known.
    public init() {}
}
