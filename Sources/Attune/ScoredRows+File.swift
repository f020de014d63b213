import Classification
import Datasets
public import Evaluation
import Files
public import Foundation
import JSON
import Models

// `eval_predictions.jsonl`: one line per row of a run's final evaluation, without its text.
//
// {"row": 0, "label": "a", "prediction": "b", "logits": [0.5, 0.75], "tokens": 12, "truncated": false, "text_hash": "9f86d081884c7d65"}
//
// Several labels are lists, `labels` and `predictions`; a regression has numbers, `target` and `prediction`.
extension ScoredRows {
    /// The file's name in a run's folder.
    public static let fileName = "eval_predictions.jsonl"

    /// The lines of the file.
    var lines: String {
        var text = ""
        for row in 0..<count {
            var line: JSONObject = ["row": .int(row)]
            switch truth {
            case .classes(let ids):
                line["label"] = .string(labels[ids[row]])
                line["prediction"] = .string(labels[prediction(of: row)])
            case .labelSets(let sets):
                func names(_ ids: some Sequence<Int>) -> JSONValue { .array(ids.map { .string(labels[$0]) }) }
                line["labels"] = names(sets[row])
                let logits = Array(logits(of: row))
                line["predictions"] = names(logits.indices.filter { logits[$0] > 0 })
            case .numbers(let numbers):
                line["target"] = .double(numbers[row])
                line["prediction"] = .double(Double(logits[row]))
            }
            line["tokens"] = .int(tokenCounts[row])
            line["truncated"] = .bool(isTruncated[row])
            line["text_hash"] = .string(textHashes[row])
            // The shortest digits that give the same float32.
            let logits = logits(of: row).map { "\($0)" }.joined(separator: ", ")
            text += JSONValue.object(line).oneLineInOrder.dropLast() + ", \"logits\": [\(logits)]}\n"
        }
        return text
    }

    /// Writes the file into a run's folder, atomically.
    ///
    /// - Parameter folder: The folder, which must exist.
    /// - Throws: `FileError` if it cannot be written.
    public func save(to folder: URL) throws {
        try writeAtomically(Data(lines.utf8), to: folder.appending(path: Self.fileName))
    }

    /// Reads the file of a run, with the labels of its model.
    ///
    /// - Parameter run: The run's folder.
    /// - Throws: `ModelError` if there is no such file, `DatasetError` if it is damaged, naming the line; the errors of reading
    ///   the model's labels.
    public init(run: URL) throws {
        let path = run.appending(path: Self.fileName).path(percentEncoded: false)
        guard FileManager.default.fileExists(atPath: path) else {
            throw ModelError(
                .missingFile,
                "there is no \(path), the rows of the run's evaluation; write it with `attune evaluate --model <run> "
                    + "--dataset <file> --predictions <run>`"
            )
        }
        // An adapter's folder has no config.json, but the settings have the names, too.
        let labels = try ClassifierSettings(folder: run).labelNames ?? ModelConfiguration(folder: run).labels
        try self.init(folder: run, labels: labels)
    }

    /// Reads the file of a run.
    ///
    /// - Parameters:
    ///   - folder: The run's folder.
    ///   - labels: The label names by id, as in the run's `config.json`.
    /// - Throws: `FileError` if the file is missing or may not be read; `DatasetError` if it is damaged, naming the line.
    public init(folder: URL, labels: [String]) throws {
        let place = folder.appending(path: Self.fileName)
        let file = try MappedFile(contentsOf: place)
        let ids = Dictionary(labels.enumerated().map { ($1, $0) }) { first, _ in first }
        var rows = PartialRows()
        for (index, line) in file.bytes.split(separator: UInt8(ascii: "\n")).enumerated() {
            guard let value = try? JSONValue.parse(line), rows.add(value, ids, width: labels.count) else {
                throw DatasetError(
                    .badData,
                    "\(file.path), line \(index + 1) is not a row of an evaluation of this model; evaluate again, or remove it"
                )
            }
        }
        guard let truth = rows.truth else {
            throw DatasetError(.badData, "\(file.path) has no rows, or rows of several kinds; evaluate again")
        }
        self.init(
            labels: labels,
            logits: rows.logits,
            truth: truth,
            tokenCounts: rows.tokenCounts,
            isTruncated: rows.isTruncated,
            textHashes: rows.textHashes
        )
    }
}

/// The rows read so far, which must be of one kind.
private struct PartialRows {
    private(set) var logits: [Float] = []
    private(set) var tokenCounts: [Int] = []
    private(set) var isTruncated: [Bool] = []
    private(set) var textHashes: [String] = []
    private var classes: [Int] = []
    private var labelSets: [[Int]] = []
    private var numbers: [Double] = []

    /// The true answers; nil if there are no rows, or rows of several kinds.
    var truth: ScoredRows.Truth? {
        switch textHashes.count {
        case 0: nil
        case classes.count: .classes(classes)
        case labelSets.count: .labelSets(labelSets)
        case numbers.count: .numbers(numbers)
        default: nil
        }
    }

    /// Adds a row; returns false if it is not one.
    mutating func add(_ line: JSONValue, _ ids: [String: Int], width: Int) -> Bool {
        guard let values = line["logits"].array, let tokens = line["tokens"].int,
            let isCut = line["truncated"].bool, let hash = line["text_hash"].string
        else { return false }
        let row = values.compactMap(\.double)
        guard row.count == width, values.count == width else { return false }
        if let name = line["label"].string {
            guard let id = ids[name] else { return false }
            classes.append(id)
        } else if let names = line["labels"].array {
            let set = names.compactMap { $0.string.flatMap { ids[$0] } }
            guard set.count == names.count else { return false }
            labelSets.append(set.sorted())
        } else {
            guard let number = line["target"].double else { return false }
            numbers.append(number)
        }
        logits += row.map { Float($0) }
        tokenCounts.append(tokens)
        isTruncated.append(isCut)
        textHashes.append(hash)
        return true
    }
}
