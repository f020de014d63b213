import JSON
import NN

extension ModelConfiguration {
    /// Whether classifiers of the model's family can be made here.
    public var isKnownFamily: Bool { ModelFamily.all.contains { $0.modelType == modelType } }

    /// The most tokens that the model's positions are made for; nil if the file sets no limit.
    public var contextLength: Int? { positionLimit?.tokens }

    /// How long a text the model's positions are made for, and what says so; nil if the file sets no limit.
    public var positionLimit: PositionLimit? {
        guard let (network, _) = try? unfilledNetwork() else {
            return self["max_position_embeddings"].int.map { PositionLimit(tokens: $0, kind: .stated) }
        }
        return network.backbone.positionLimit
    }

    /// How contradictions in the file are resolved, a sentence each.
    ///
    /// - Returns: Nothing if there are none.
    /// - Throws: ``ModelError`` if the fields describe no network that is supported.
    public func notes() throws -> [String] { try unfilledNetwork().reader.notes }

    /// The fields of which nothing is known here; they stay in the file when the model is saved.
    ///
    /// - Returns: Their names, sorted.
    /// - Throws: ``ModelError`` where a field would make the model compute something that is not supported.
    public func unreadFields() throws -> [String] { try unfilledNetwork().reader.unreadFields() }

    /// Rows of the token embedding.
    ///
    /// - Returns: Those of the network that the fields describe.
    /// - Throws: ``ModelError`` where they describe none.
    public func embeddingRows() throws -> Int { try unfilledNetwork().network.backbone.limits.tokens }

    /// What the model makes of token types.
    ///
    /// - Returns: What the network does that the fields describe.
    /// - Throws: ``ModelError`` where they describe none.
    public func tokenTypes() throws -> TokenTypes { try unfilledNetwork().network.backbone.limits.types }

    /// The network that the fields describe; its parameters are only named, none has values.
    private func unfilledNetwork() throws -> (network: ClassifierNetwork, reader: ConfigurationReader) {
        let family = try ModelFamily.of(self)
        let reader = ConfigurationReader(self, paddingIndex: family.padTokenID(self).map(Int.init))
        return (try family.make(ParameterScope(ParameterStore()), reader), reader)
    }
}
