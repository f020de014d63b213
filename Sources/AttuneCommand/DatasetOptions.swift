import ArgumentParser
import Attune
import Foundation

/// Which rows a command reads.
struct DatasetOptions: ParsableArguments {
    @Option(help: .fileOfRows)
    var dataset: String

    @Option(
        help: ArgumentHelp(
            "Which split of a folder: train, validation, test. Default: train.",
            valueName: "name"
        )
    )
    var split: String?

    @Option(
        help: ArgumentHelp("Which of the configurations that a folder's README.md lists.", valueName: "name")
    )
    var datasetConfig: String?

    /// The rows; what is to know of how they were read goes to standard error.
    func read() throws -> Dataset {
        let rows = try Dataset(HubDoor.dataset(dataset), split: split, configuration: datasetConfig)
        for warning in rows.warnings { writeToStandardError("attune: warning: \(warning)\n") }
        return rows
    }
}

/// The rows of an input file; notes on how they were read go to standard error.
func rows(of input: String) throws -> Dataset {
    let rows = try Dataset(input)
    for warning in rows.warnings { writeToStandardError("attune: warning: \(warning)\n") }
    return rows
}

/// The names in a list such as `a,b,c` or `"a, b",c`: double quotes hold a name with commas, two of them stand for one.
func listed(_ names: String) -> [String] {
    var list: [String] = []
    var rest = names[...]
    repeat {
        rest = rest.drop(while: \.isWhitespace)
        if let (name, end) = quotedName(rest) {
            list.append(name)
            rest = rest[end...].drop { $0 != "," }
        } else {
            let name = rest.prefix { $0 != "," }
            list.append(name.trimmingCharacters(in: .whitespaces))
            rest = rest[name.endIndex...]
        }
    } while rest.popFirst() != nil
    return list.filter { !$0.isEmpty }
}

/// A quoted name at the beginning of a list, and its end; nil if the list begins otherwise or the quote is not closed.
private func quotedName(_ list: Substring) -> (name: String, end: String.Index)? {
    guard list.first == "\"" else { return nil }
    var name = ""
    var index = list.index(after: list.startIndex)
    while index < list.endIndex {
        let next = list.index(after: index)
        if list[index] == "\"" {
            guard next < list.endIndex, list[next] == "\"" else {
                let isEnd = list[next...].drop(while: \.isWhitespace).first.map { $0 == "," } ?? true
                return isEnd ? (name, next) : nil
            }
            index = next
        }
        name.append(list[index])
        index = list.index(after: index)
    }
    return nil
}
