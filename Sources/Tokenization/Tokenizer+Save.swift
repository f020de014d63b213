public import Foundation

extension Tokenizer {
    /// Writes the tokenizer's files into a folder that this library, transformers and tokenizers can open.
    ///
    /// Files that the tokenizer was read from are written byte for byte. Each file is written atomically.
    ///
    /// - Parameter folder: The folder, created if it does not exist.
    /// - Throws: `.unwritable` naming the file.
    public func save(to folder: URL) throws(TokenizerError) { try stored.write(to: folder) }
}
