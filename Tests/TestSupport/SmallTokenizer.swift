public import Foundation

/// A tokenizer for model fixtures with about a hundred embedding rows: one token for every word of the tests' texts.
public enum SmallTokenizer {
    private static let words =
        ["text", "number", "good", "bad", "quite", "rather", "a"] + (0..<32).map(String.init)

    /// Writes `tokenizer.json` and `tokenizer_config.json`.
    ///
    /// - Parameter folder: The model's folder.
    /// - Throws: An error of the file system.
    public static func write(to folder: URL) throws {
        let special = ["<s>", "</s>", "<unk>"]
        let vocabulary = (special + words).enumerated().map { "\"\($1)\": \($0)" }.joined(separator: ", ")
        let added = special.enumerated().map {
            """
            {"id": \($0), "content": "\($1)", "single_word": false, "lstrip": false, "rstrip": false, \
            "normalized": false, "special": true}
            """
        }
        let tokenizer = """
            {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [\(added.joined(separator: ", "))],
             "normalizer": null, "pre_tokenizer": {"type": "WhitespaceSplit"}, "post_processor": null, "decoder": null,
             "model": {"type": "WordLevel", "vocab": {\(vocabulary)}, "unk_token": "<unk>"}}
            """
        let configuration = """
            {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>", "eos_token": "</s>",
             "pad_token": "</s>", "unk_token": "<unk>"}
            """
        for (name, text) in [("tokenizer.json", tokenizer), ("tokenizer_config.json", configuration)] {
            try Data(text.utf8).write(to: folder.appending(path: name))
        }
    }
}
