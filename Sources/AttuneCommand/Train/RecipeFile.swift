import ArgumentParser
import Attune
import Foundation

/// A run's settings and flags in a YAML file, by their names in snake_case.
///
///     learning_rate: 2e-5
///     class_weights: {J: 0.6, P: 0.4}
struct RecipeFile {
    /// The file's path.
    let path: String
    /// Its lines, in order.
    let entries: [RecipeEntry]

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - own: The flags of the command besides a recipe's settings.
    /// - Throws: ``RecipeError`` that names the line.
    init(contentsOf path: String, _ own: FlagCatalog) throws(RecipeError) {
        guard let data = try? Data(contentsOf: URL(filePath: path)) else {
            throw RecipeError(
                .missingInput,
                "cannot read the recipe \(path); a recipe is a YAML file of settings, such as learning_rate: 2e-5"
            )
        }
        self.path = path
        do throws(RecipeFileError) {
            entries = try RecipeEntry.read(
                String(decoding: data, as: UTF8.self),
                name: path,
                known: { key in
                    if let setting = try? Recipe.setting(key) { return setting.name }
                    guard !key.contains("-") else { return nil }
                    return own[key].map { recipeName($0.name) }
                },
                others: own.flags.map { recipeName($0.name) },
                advice: { ReferenceArguments.advice(on: $0.replacing("_", with: "-")) }
            )
        } catch {
            throw RecipeError(.validationFailure, error.description)
        }
    }
}

/// An error in a recipe or on the command line.
struct RecipeError: Error, CustomStringConvertible {
    /// The exit code.
    var code: ExitCode
    /// The error, its place, and how to fix it.
    var description: String

    init(_ code: ExitCode, _ description: String) { (self.code, self.description) = (code, description) }
}
