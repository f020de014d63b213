public import Foundation

extension Tokenizer {
    /// Writes the tokenizer's files into a folder, where this library and the Python libraries find them.
    ///
    /// Files that the tokenizer was read from are written byte for byte; each appears whole or not at all.
    ///
    /// - Parameter folder: Made where it does not exist.
    /// - Throws: `.unwritable` naming the file.
    public func save(to folder: URL) throws(TokenizerError) { try stored.write(to: folder) }
}
