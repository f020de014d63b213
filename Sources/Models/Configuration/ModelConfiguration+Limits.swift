import JSON
import NN

extension ModelConfiguration {
    /// Whether the model's family is supported.
    public var isKnownFamily: Bool { ModelFamily.all.contains { $0.modelType == modelType } }

    /// The maximum number of tokens that the model's positions support; nil if the file does not limit it.
    public var contextLength: Int? { positionLimit?.tokens }

    /// The text length that the model's positions support, and its origin; nil if the file does not limit it.
    public var positionLimit: PositionLimit? {
        guard let (network, _) = try? unfilledNetwork() else {
            return self["max_position_embeddings"].int.map { PositionLimit(tokens: $0, kind: .stated) }
        }
        return network.backbone.positionLimit
    }

    /// Returns how contradictions in the file are resolved, one sentence each.
    ///
    /// - Returns: The notes; empty if there are no contradictions.
    /// - Throws: ``ModelError`` if the fields do not describe a supported network.
    public func notes() throws -> [String] { try unfilledNetwork().reader.notes }

    /// Returns unknown fields, which are ignored but kept when the model is saved.
    ///
    /// - Returns: Their names, sorted.
    /// - Throws: ``ModelError`` if a field would make the model compute something unsupported.
    public func unreadFields() throws -> [String] { try unfilledNetwork().reader.unreadFields() }

    /// Returns the number of rows of the token embedding.
    ///
    /// - Returns: The number of rows in the network that the fields describe.
    /// - Throws: ``ModelError`` if the fields do not describe a supported network.
    public func embeddingRows() throws -> Int { try unfilledNetwork().network.backbone.limits.tokens }

    /// Returns the model's use of token types.
    ///
    /// - Returns: The use in the network that the fields describe.
    /// - Throws: ``ModelError`` if the fields do not describe a supported network.
    public func tokenTypes() throws -> TokenTypes { try unfilledNetwork().network.backbone.limits.types }

    /// Returns the network that the fields describe, with parameters without values.
    private func unfilledNetwork() throws -> (network: ClassifierNetwork, reader: ConfigurationReader) {
        let family = try ModelFamily.of(self)
        let reader = ConfigurationReader(self, paddingIndex: family.padTokenID(self).map(Int.init))
        return (try family.make(ParameterScope(ParameterStore()), reader), reader)
    }
}
