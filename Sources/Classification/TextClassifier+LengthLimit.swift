import Foundation
import Models
import Tokenization

extension TextClassifier {
    /// The tokens of a text that a model takes at the most, told by its tokenizer and its configuration alone.
    ///
    /// - Parameter path: A folder, of which no weights are needed, or a `.gguf` file.
    /// - Returns: The tokens; nil if nothing limits them.
    /// - Throws: As ``load(_:options:maxLength:seed:)``.
    public static func lengthLimit(of path: String) throws -> Int? {
        let folder = URL(filePath: path)
        guard folder.pathExtension.lowercased() != "gguf" else { return try reading(of: path).lengthLimit }
        let configuration = folder.appending(path: "config.json").path(percentEncoded: false)
        let context =
            FileManager.default.fileExists(atPath: configuration)
            ? try ModelConfiguration(folder: folder).contextLength : nil
        let limit = [try tokenizer(of: path).modelMaxLength, context].compactMap { $0 }.min()
        return limit == .max ? nil : limit
    }
}
