import Classification
package import Evaluation
import Files
package import Foundation
import JSON
import Models

extension ScoredRows {
    /// Reads the evaluated rows of a run, with the labels of its model.
    ///
    /// - Parameter run: The run's folder, with `eval_predictions.jsonl`.
    /// - Throws: ``DecisionError`` if the file is missing or damaged, naming the line; the errors of reading the model's labels.
    package init(run: URL) throws {
        let place = run.appending(path: "eval_predictions.jsonl")
        let path = place.path(percentEncoded: false)
        guard FileManager.default.fileExists(atPath: path) else {
            throw ModelError(
                .missingFile,
                "there is no \(path), the rows of the run's evaluation: write it with `attune evaluate --model <run> "
                    + "--dataset <file> --predictions <run>`"
            )
        }
        let labels = try Self.labels(run)
        let ids = Dictionary(labels.enumerated().map { ($1, $0) }) { first, _ in first }
        let file = try MappedFile(contentsOf: place)
        var (logits, tokens, isCut, hashes): ([Float], [Int], [Bool], [String]) = ([], [], [], [])
        var (classes, sets, numbers): ([Int], [[Int]], [Double]) = ([], [], [])
        for (index, line) in file.bytes.split(separator: UInt8(ascii: "\n")).enumerated() {
            let damaged = DecisionError(
                "\(path), line \(index + 1) is not a row of an evaluation of this run"
            )
            guard let value = try? JSONValue.parse(line), let hash = value["text_hash"].string,
                let row = value["logits"].array?.compactMap(\.double), row.count == labels.count
            else { throw damaged }
            if let name = value["label"].string {
                guard let id = ids[name] else { throw damaged }
                classes.append(id)
            } else if let names = value["labels"].array {
                let set = names.compactMap { $0.string.flatMap { ids[$0] } }
                guard set.count == names.count else { throw damaged }
                sets.append(set.sorted())
            } else if let number = value["target"].double {
                numbers.append(number)
            } else {
                throw damaged
            }
            logits += row.map { Float($0) }
            tokens.append(value["tokens"].int ?? 0)
            isCut.append(value["truncated"].bool ?? false)
            hashes.append(hash)
        }
        let truth: Truth
        switch hashes.count {
        case classes.count: truth = .classes(classes)
        case sets.count: truth = .labelSets(sets)
        case numbers.count: truth = .numbers(numbers)
        default: throw DecisionError("\(path) has rows of several kinds; evaluate again")
        }
        self.init(
            labels: labels,
            logits: logits,
            truth: truth,
            tokenCounts: tokens,
            isTruncated: isCut,
            textHashes: hashes
        )
    }

    private static func labels(_ run: URL) throws -> [String] {
        // An adapter's folder has no config.json, but the settings have the names, too.
        if let names = try ClassifierSettings(folder: run).labelNames { return names }
        return try ModelConfiguration(folder: run).labels
    }
}
