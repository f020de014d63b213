extension Tokenizer {
    /// Opens a tokenizer whose files are not in a folder, such as members of a single file.
    ///
    /// - Parameters:
    ///   - source: The place of the files, for messages.
    ///   - contents: Returns the content of a file by its name in a model's folder; nil if there is none.
    /// - Throws: `.unreadable` without a `tokenizer.json`; `.corrupt` or `.unsupported` with file and JSON path.
    package init(
        in source: String,
        contents: (_ name: String) -> [UInt8]?
    ) throws(TokenizerError) {
        guard let tokenizer = contents(TokenizerFiles.tokenizerName) else {
            throw TokenizerError(.unreadable, "\(source) has no \(TokenizerFiles.tokenizerName)")
        }
        var files = TokenizerFiles(tokenizer: tokenizer)
        files.config = contents(TokenizerFiles.configName)
        files.specialTokens = contents(TokenizerFiles.specialTokensName)
        files.chatTemplate = contents(TokenizerFiles.chatTemplateName)
        files.modelConfiguration = contents("config.json")
        do throws(TokenizerError) {
            try self.init(files: files)
        } catch {
            throw error.inside(source)
        }
    }
}
