import Classification
import Files
import Foundation
import JSON
import Models
import Tokenization

// The files next to the weights in a folder in the Hub's layout.
extension TextClassifier {
    /// Writes `config.json`, the tokenizer's files, the settings, the decisions and the recorded logits.
    ///
    /// `parity.json` has the logits of the classifier before the export, so that the exported file can be compared with it.
    ///
    /// - Parameters:
    ///   - folder: The folder; it is created if necessary.
    ///   - fields: Fields to add to `config.json`.
    /// - Returns: The files with their sizes.
    /// - Throws: `FileError`, or `TorchError` in computing the logits.
    func writeExportCompanions(
        to folder: URL,
        adding fields: JSONObject = [:]
    ) throws -> [(url: URL, bytes: Int)] {
        var document = model.configuration.fields
        for member in fields.members { document[member.name] = member.value }
        let files =
            [(name: "config.json", contents: Array(JSONValue.object(document).formatted.utf8))]
            + tokenizer.files
        var written: [(url: URL, bytes: Int)] = []
        for file in files {
            let url = folder.appending(path: file.name)
            try writeAtomically(Data(file.contents), to: url)
            written.append((url, file.contents.count))
        }
        try settings.save(to: folder)
        try decisions?.save(to: folder)
        let record = try ParityRecord(self)
        if record.isFinite { try record.save(to: folder) }
        for name in [ClassifierSettings.fileName, Decisions.fileName, ParityRecord.fileName] {
            let url = folder.appending(path: name)
            if let bytes = fileSize(url) { written.append((url, bytes)) }
        }
        return written
    }
}

/// The size of a file; nil if it does not exist.
///
/// - Parameter url: The file.
/// - Returns: The number of bytes.
func fileSize(_ url: URL) -> Int? {
    let attributes = try? FileManager.default.attributesOfItem(atPath: url.path(percentEncoded: false))
    return (attributes?[.size] as? NSNumber)?.intValue
}
