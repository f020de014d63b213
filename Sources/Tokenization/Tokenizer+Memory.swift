extension Tokenizer {
    /// Opens a `tokenizer.json` that is in memory.
    ///
    /// - Parameter tokenizerJSON: The file's bytes.
    /// - Throws: `.corrupt` or `.unsupported` with the JSON path.
    package init(tokenizerJSON: [UInt8]) throws(TokenizerError) {
        try self.init(files: TokenizerFiles(tokenizer: tokenizerJSON))
    }
}
