import Evaluation
import Foundation
import JSON

extension ScoredRows {
    /// Reads the evaluated rows of a run.
    ///
    /// - Parameters:
    ///   - file: The file of JSON lines.
    ///   - labels: The label names by id; of a regression, the name of the number.
    /// - Throws: ``RunReportError`` with the line that cannot be read.
    init(reporting file: URL, labels: [String]) throws {
        let ids = Dictionary(labels.enumerated().map { ($0.element, $0.offset) }) { first, _ in first }
        var logits: [Float] = []
        var (classes, sets, numbers): ([Int], [[Int]], [Double]) = ([], [], [])
        var (tokens, cut, hashes): ([Int], [Bool], [String]) = ([], [], [])
        let lines = try Data(contentsOf: file).split(separator: UInt8(ascii: "\n"))
        for (index, line) in lines.enumerated() {
            func damaged(_ problem: String) -> RunReportError {
                RunReportError("\(file.path(percentEncoded: false)), line \(index + 1): \(problem)")
            }
            let row: JSONValue
            do { row = try JSONValue.parse(Data(line)) } catch { throw damaged("\(error)") }
            let own = (row["logits"].array ?? []).map { $0.double.map { Float($0) } ?? .nan }
            guard own.count == max(labels.count, 1) else {
                throw damaged("\(own.count) logits for \(labels.count) labels")
            }
            logits += own
            if let label = row["label"].string {
                guard let id = ids[label] else { throw damaged("unknown label \"\(label)\"") }
                classes.append(id)
            } else if let names = row["labels"].array {
                sets.append(
                    try names.map { name in
                        guard let id = name.string.flatMap({ ids[$0] }) else {
                            throw damaged("unknown label \(name.oneLine)")
                        }
                        return id
                    }.sorted()
                )
            } else if let target = row["target"].double {
                numbers.append(target)
            } else {
                throw damaged("neither label, labels nor target")
            }
            tokens.append(row["tokens"].int ?? 0)
            cut.append(row["truncated"].bool ?? false)
            hashes.append(row["text_hash"].string ?? "")
        }
        let truths = [classes.count, sets.count, numbers.count]
        guard truths.filter({ $0 > 0 }).count <= 1 else {
            throw RunReportError("\(file.path(percentEncoded: false)): rows of several problem types")
        }
        self.init(
            labels: labels.isEmpty ? ["number"] : labels,
            logits: logits,
            truth: !sets.isEmpty
                ? .labelSets(sets) : !numbers.isEmpty ? .numbers(numbers) : .classes(classes),
            tokenCounts: tokens,
            isTruncated: cut,
            textHashes: hashes
        )
    }
}
