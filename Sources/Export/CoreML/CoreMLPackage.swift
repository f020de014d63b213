import Files
import Foundation
import JSON
import SwiftProtobuf

/// A folder in the layout of Core ML's packages.
///
/// Source: ModelPackage.cpp of coremltools 9 (modelpackage/src).
struct CoreMLPackage {
    /// An entry of the package: a file or a folder below `Data`.
    private struct Item {
        /// A name that is unique in the package, and always the same, so that a classifier always gives the same bytes.
        let identifier: String
        let author: String
        let name: String
        let description: String

        var path: String { "\(author)/\(name)" }
    }

    private static let modelItem = Item(
        identifier: "1B0A5C0E-6C1F-4E0B-9B52-7B6F2C1D8A01",
        author: "com.apple.CoreML",
        name: "model.mlmodel",
        description: "CoreML Model Specification"
    )
    private static let weightsItem = Item(
        identifier: "1B0A5C0E-6C1F-4E0B-9B52-7B6F2C1D8A02",
        author: "com.apple.CoreML",
        name: "weights",
        description: "CoreML Model Weights"
    )
    private static let companionsItem = Item(
        identifier: "1B0A5C0E-6C1F-4E0B-9B52-7B6F2C1D8A03",
        author: "attune",
        name: "classifier",
        description: "Tokenizer, labels and settings"
    )

    let model: CoreML_Specification_Model
    let weights: MILWeightFile

    /// The path of the folder with the tokenizer and settings, in a package.
    static let companionsPath = "Data/\(companionsItem.path)"

    /// The place of the tokenizer and settings.
    ///
    /// - Parameter package: The package.
    /// - Returns: The folder.
    static func companions(of package: URL) -> URL {
        package.appending(path: companionsPath, directoryHint: .isDirectory)
    }

    /// Writes the model, its weights, and the list of entries, with one for the tokenizer and settings.
    ///
    /// - Parameter package: The package's folder.
    /// - Throws: `FileError`; the error of computing a weight.
    func write(to package: URL) throws {
        try weights.write(to: Self.weightFile(of: package))
        var options = BinaryEncodingOptions()
        options.useDeterministicOrdering = true
        let bytes: Data = try model.serializedBytes(options: options)
        try writeAtomically(bytes, to: Self.modelFile(of: package))
        try writeAtomically(Data(Self.manifest.formatted.utf8), to: Self.manifestFile(of: package))
    }

    /// The written files with their sizes, the weights first, without those of ``companions(of:)``.
    ///
    /// - Parameter package: The package's folder.
    /// - Returns: The files.
    static func files(of package: URL) -> [(url: URL, bytes: Int)] {
        [weightFile(of: package), modelFile(of: package), manifestFile(of: package)].map {
            ($0, fileSize($0) ?? 0)
        }
    }

    private static func weightFile(of package: URL) -> URL {
        package.appending(path: "Data/\(weightsItem.path)/weight.bin")
    }

    private static func modelFile(of package: URL) -> URL {
        package.appending(path: "Data/\(modelItem.path)")
    }

    private static func manifestFile(of package: URL) -> URL { package.appending(path: "Manifest.json") }

    private static var manifest: JSONValue {
        let entries = [modelItem, weightsItem, companionsItem].map { item -> (String, JSONValue) in
            let entry: JSONObject = [
                "author": .string(item.author), "description": .string(item.description),
                "name": .string(item.name), "path": .string(item.path),
            ]
            return (item.identifier, .object(entry))
        }
        return .object([
            "fileFormatVersion": .string("1.0.0"), "itemInfoEntries": .object(JSONObject(entries)),
            "rootModelIdentifier": .string(modelItem.identifier),
        ])
    }
}
