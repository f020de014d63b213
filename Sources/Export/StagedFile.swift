import Classification
import Files
import Foundation
import Models

/// A file under another name next to its destination, which is opened before it is written for good.
struct StagedFile {
    let url: URL

    /// Chooses a name.
    ///
    /// - Parameters:
    ///   - file: The destination.
    ///   - fileExtension: The extension by which the file is opened.
    /// - Throws: `FileError` if the destination's folder cannot be created.
    init(beside file: URL, fileExtension: String) throws(FileError) {
        let place = file.standardizedFileURL
        let folder = place.deletingLastPathComponent()
        try makeFolder(folder)
        let number = UInt64.random(in: 0 ... .max)
        url = folder.appending(path: ".\(place.lastPathComponent.prefix(80)).\(number).\(fileExtension)")
    }

    /// Opens the file as a classifier, and computes its answers to the neutral texts.
    ///
    /// - Parameters:
    ///   - before: The answers of the classifier that it was made from.
    ///   - type: The type of the weights, for messages.
    /// - Returns: The answers, and a sentence that compares them.
    /// - Throws: ``ExportError`` if an answer is NaN or infinite; the errors of loading.
    func answers(
        comparedWith before: ParityRecord,
        in type: String
    ) throws -> (record: ParityRecord, note: String) {
        var options = SequenceClassifier.LoadOptions()
        options.mapsWeights = true
        let copy = try TextClassifier.load(url.path(percentEncoded: false), options: options).classifier
        let record = try ParityRecord(copy)
        guard record.isFinite else {
            throw ExportError(
                .unsupported,
                "with weights in \(type), a logit is NaN or infinite; export in float32"
            )
        }
        let parity = try before.compare(copy)
        let texts = counted(parity.rows.count, "neutral text")
        guard parity.scoreDifference > 0 else { return (record, "the scores of \(texts) are the same") }
        let labels = parity.changed.isEmpty ? ", no label" : ", the labels of \(parity.changed.count)"
        let difference = String(format: "%.2g", parity.scoreDifference)
        return (record, "the scores of \(texts) change by at most \(difference)" + labels)
    }

    /// Removes the file, if it is there.
    func remove() { try? FileManager.default.removeItem(at: url) }
}
