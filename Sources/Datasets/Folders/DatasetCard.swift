import Foundation
import Yams

/// The files listed in the YAML front matter of a dataset's `README.md`.
///
/// Source: https://huggingface.co/docs/hub/datasets-manual-configuration
struct DatasetCard {
    private let path: String
    private let configurations: [Node]
    private static let mostBytes = 4 << 20
    private static let mostAliases = 16

    /// Reads a card.
    ///
    /// - Returns: Nil if there is no file, or if it lists no configurations.
    /// - Throws: `.badFile` if the front matter is not valid YAML.
    init?(path: String) throws(DatasetError) {
        guard let found = try Self.frontMatter(path)?["configs"]?.sequence, !found.isEmpty else { return nil }
        self.path = path
        configurations = Array(found)
    }

    /// Returns the languages of the texts from a README.md's front matter.
    ///
    /// - Returns: The codes as written there; empty if there are none or the file cannot be read.
    static func languages(path: String) -> [String] {
        guard let found = (try? frontMatter(path))?["language"] else { return [] }
        let codes = found.sequence?.compactMap(\.string) ?? found.string.map { [$0] } ?? []
        return codes.filter { (2...12).contains($0.count) && $0.allSatisfy { $0.isLetter || $0 == "-" } }
    }

    static func frontMatter(_ path: String) throws(DatasetError) -> Node.Mapping? {
        guard isRegularFile(path), let file = FileHandle(forReadingAtPath: path),
            let data = try? file.read(upToCount: mostBytes)
        else { return nil }
        let text = String(decoding: data, as: UTF8.self)
        guard text.hasPrefix("---") else { return nil }
        let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }.dropFirst()
        guard let end = lines.firstIndex(of: "---") else { return nil }
        let yaml = lines[..<end].joined(separator: "\n")
        // A few nested aliases can expand to more than any memory holds.
        guard aliasCount(in: yaml) <= mostAliases else {
            throw DatasetError(
                .badFile,
                "\(path): the YAML front matter has too many aliases; write them out"
            )
        }
        do { return try Yams.compose(yaml: yaml)?.mapping } catch {
            throw DatasetError(.badFile, "\(path): the YAML front matter cannot be read: \(error)")
        }
    }

    /// The number of words that start with an asterisk; 0 if the text has no anchors.
    private static func aliasCount(in yaml: String) -> Int {
        guard yaml.utf8.contains(UInt8(ascii: "&")) else { return 0 }
        let words = yaml.utf8.split { " \t\n,[]{}:?-".utf8.contains($0) }
        return words.count { $0.first == UInt8(ascii: "*") }
    }

    /// Returns the files of a configuration's splits; nil if it lists none.
    ///
    /// - Throws: `.badData` for a configuration that is not listed; `.missingFile` if a pattern matches nothing;
    ///   `.badFile` for a pattern that points outside the folder.
    func splits(in folder: String, configuration: String?) throws(DatasetError) -> [DatasetFiles.Split]? {
        func name(_ configuration: Node) -> String {
            configuration.mapping?["config_name"]?.string ?? "default"
        }
        let chosen: Node?
        if let configuration {
            chosen = configurations.first { name($0) == configuration }
        } else {
            chosen =
                configurations.first { $0.mapping?["default"]?.bool == true }
                ?? configurations.first { name($0) == "default" }
                ?? (configurations.count == 1 ? configurations[0] : nil)
        }
        guard let chosen else {
            let listed = configurations.map { "\"\(name($0))\"" }.joined(separator: ", ")
            throw DatasetError(
                .badData,
                "\(folder) has the configurations \(listed); choose one with --dataset-config"
            )
        }
        guard let files = chosen.mapping?["data_files"] else { return nil }
        var splits: [DatasetFiles.Split] = []
        for (split, patterns) in Self.patterns(files) {
            var found: [String] = []
            for pattern in patterns {
                guard !pattern.hasPrefix("/"), !pattern.split(separator: "/").contains("..") else {
                    throw DatasetError(.badFile, "\(path): \"\(pattern)\" points outside the folder")
                }
                found += FilePattern(pattern, in: folder).files()
            }
            guard !found.isEmpty else {
                let listed = patterns.map { "\"\($0)\"" }.joined(separator: ", ")
                throw DatasetError(
                    .missingFile,
                    "\(path): split \"\(split)\""
                        + (listed.isEmpty ? " names no files; give it a path" : ": no file matches \(listed)")
                )
            }
            splits.append(DatasetFiles.Split(name: split, files: found))
        }
        return splits
    }

    /// Reads `data_files` in any of its forms: a pattern, a list of them, or a list of splits with patterns.
    private static func patterns(_ value: Node) -> [(split: String, patterns: [String])] {
        func list(_ value: Node?) -> [String] {
            value?.sequence.map { $0.compactMap(\.string) } ?? value?.string.map { [$0] } ?? []
        }
        if let splits = value.sequence, splits.allSatisfy({ $0.mapping != nil }) {
            return splits.map { ($0.mapping?["split"]?.string ?? "train", list($0.mapping?["path"])) }
        }
        return [("train", list(value))]
    }
}
