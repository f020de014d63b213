import Foundation

/// An exported classifier that other programs run and Attune does not: ONNX files, or a Core ML package.
///
/// It is recognized by names; no file is opened.
package struct ForeignExport: Sendable, Equatable {
    /// The format.
    package let format: ExportFormat
    /// The paths of the ONNX files, or of the package.
    package let files: [String]
    /// The path of the folder with `parity.json` and the tokenizer's files.
    package let folder: String

    /// Recognizes an export; nil for everything else, and for folders that also have weights which Attune reads.
    ///
    /// - Parameter path: An `.onnx` file, the folder of such files, or an `.mlpackage`.
    package init?(at path: String) {
        let place = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: place, isDirectory: &isFolder) else { return nil }
        switch ((place as NSString).pathExtension.lowercased(), isFolder.boolValue) {
        case ("mlpackage", true):
            (format, files) = (.coreml, [place])
            folder = "\(place)/\(CoreMLPackage.companionsPath)"
        case ("onnx", false):
            (format, files) = (.onnx, [place])
            folder = Self.companions(ofFilesIn: Self.parent(of: place))
        case (_, true):
            let found = Self.onnxFiles(in: place)
            guard !found.isEmpty else { return nil }
            (format, files) = (.onnx, found)
            folder = Self.companions(ofFilesIn: place)
        default: return nil
        }
    }

    /// The ONNX files of a folder and of its subfolder `onnx`; none if there are other weights.
    private static func onnxFiles(in folder: String) -> [String] {
        let own = names(in: folder)
        let isModel = own.contains { name in
            name == "adapter_config.json" || otherWeights.contains { name.hasSuffix($0) }
        }
        guard !isModel else { return [] }
        let inner = names(in: "\(folder)/onnx").map { "onnx/\($0)" }
        return (own + inner).filter { $0.hasSuffix(".onnx") }.map { "\(folder)/\($0)" }
    }

    private static let otherWeights = [".safetensors", ".safetensors.index.json", ".gguf", ".attune", ".bin"]

    private static func names(in folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    }

    /// The folder with `parity.json`: in Optimum's layout, the one around the files' folder `onnx`.
    private static func companions(ofFilesIn folder: String) -> String {
        guard (folder as NSString).lastPathComponent == "onnx", !names(in: folder).contains("config.json")
        else { return folder }
        return parent(of: folder)
    }

    private static func parent(of path: String) -> String {
        let parent = (path as NSString).deletingLastPathComponent
        return parent.isEmpty ? "." : parent
    }
}
