extension TokenizerClass {
    /// The classes of transformers with `token_type_ids` in their default `model_input_names`, named without `Fast`.
    ///
    /// `PreTrainedTokenizerFast`, `TokenizersBackend` and classes that transformers does not know are not among them.
    private static let namesWithTokenTypes: Set<String> = [
        "BertTokenizer", "CanineTokenizer", "ConvBertTokenizer", "DPRContextEncoderTokenizer",
        "DPRQuestionEncoderTokenizer", "DebertaTokenizer", "DebertaV2Tokenizer", "ElectraTokenizer",
        "FNetTokenizer", "LayoutLMTokenizer", "LayoutLMv2Tokenizer", "LxmertTokenizer", "MarkupLMTokenizer",
        "MobileBertTokenizer", "SqueezeBertTokenizer", "TapasTokenizer",
    ]

    /// Whether the class that transformers chooses for a folder gives token types to the model by default.
    ///
    /// - Parameters:
    ///   - name: The class that the folder's files name; nil if they name none.
    ///   - modelType: `model_type` of `config.json`; nil without one.
    /// - Returns: True for BERT's and DeBERTa's classes and those derived from them.
    ///
    /// Source: `AutoTokenizer.from_pretrained` and `model_input_names` in `models/*/tokenization_*.py` of transformers 5.23.
    static func givesTokenTypes(name: String?, modelType: String?) -> Bool {
        let registered = modelType.flatMap(registered(for:))
        let isOverruled = registered == .generic || modelType.map(overrulesFiles.contains) == true
        guard let name, !isOverruled else {
            return registered.map { [.bert, .deberta, .debertaV2].contains($0) } ?? false
        }
        return namesWithTokenTypes.contains(name.hasSuffix("Fast") ? String(name.dropLast(4)) : name)
    }
}
