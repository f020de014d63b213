import JSON
import NN

extension ModelConfiguration {
    /// Whether classifiers of the model's family can be made here.
    public var isKnownFamily: Bool { ModelFamily.all.contains { $0.modelType == modelType } }

    /// The most tokens that the model's positions can tell apart; nil where the file sets no limit.
    ///
    /// Source: `RobertaEmbeddings` of transformers 5.23 (modeling_roberta.py), whose positions start behind the padding token's
    /// id.
    public var contextLength: Int? {
        let fields = ["max_position_embeddings", "n_positions", "n_ctx"]
        guard let length = fields.lazy.compactMap({ self[$0].int }).first, length > 0 else { return nil }
        let startsBehindPadding = ["roberta", "xlm-roberta", "camembert"].contains(modelType)
        return startsBehindPadding ? max(1, length - (self["pad_token_id"].int ?? 1) - 1) : length
    }

    /// The fields of which nothing is known here; they stay in the file when the model is saved.
    ///
    /// - Returns: Their names, sorted.
    /// - Throws: ``ModelError`` where a field would make the model compute something that is not supported.
    public func unreadFields() throws -> [String] {
        let family = try ModelFamily.of(self)
        let reader = ConfigurationReader(self, paddingIndex: family.padTokenID(self).map(Int.init))
        // Parameters are only named: none has values before a checkpoint gives them.
        _ = try family.make(ParameterScope(ParameterStore()), reader)
        return try reader.unreadFields()
    }
}
