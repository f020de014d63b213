import Foundation
import Yams

/// What a dataset's `README.md` says of its files: the YAML between the first two lines of dashes.
///
/// Source: https://huggingface.co/docs/hub/datasets-manual-configuration
struct DatasetCard {
    private let path: String
    private let configurations: [[String: Any]]

    /// Reads a card.
    ///
    /// - Returns: Nil where there is no file, or it lists no configurations.
    /// - Throws: `.badFile` where its YAML is none.
    init?(path: String) throws(DatasetError) {
        self.path = path
        guard let data = FileManager.default.contents(atPath: path),
            let text = String(data: data, encoding: .utf8), text.hasPrefix("---")
        else { return nil }
        let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }.dropFirst()
        guard let end = lines.firstIndex(of: "---") else { return nil }
        let yaml = lines[..<end].joined(separator: "\n")
        do {
            let header = try Yams.load(yaml: yaml) as? [String: Any]
            guard let configurations = header?["configs"] as? [[String: Any]], !configurations.isEmpty else {
                return nil
            }
            self.configurations = configurations
        } catch {
            throw DatasetError(.badFile, "\(path): the YAML at its head cannot be read: \(error)")
        }
    }

    /// The files of a configuration's splits; nil where it names none.
    ///
    /// - Throws: `.badData` for a configuration that is not listed; `.missingFile` where a pattern matches nothing;
    ///   `.badFile` for one that leads out of the folder.
    func splits(in folder: String, configuration: String?) throws(DatasetError) -> [DatasetFiles.Split]? {
        func name(_ configuration: [String: Any]) -> String {
            configuration["config_name"] as? String ?? "default"
        }
        let chosen: [String: Any]?
        if let configuration {
            chosen = configurations.first { name($0) == configuration }
        } else {
            chosen =
                configurations.first { $0["default"] as? Bool == true }
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
        guard let files = chosen["data_files"] else { return nil }
        var splits: [DatasetFiles.Split] = []
        for (split, patterns) in Self.patterns(files) {
            var found: [String] = []
            for pattern in patterns {
                guard !pattern.hasPrefix("/"), !pattern.split(separator: "/").contains("..") else {
                    throw DatasetError(.badFile, "\(path): \"\(pattern)\" leads out of the folder")
                }
                found += FilePattern(pattern, in: folder).files()
            }
            guard !found.isEmpty else {
                let listed = patterns.joined(separator: ", ")
                throw DatasetError(.missingFile, "\(path): split \"\(split)\": no file matches \(listed)")
            }
            splits.append(DatasetFiles.Split(name: split, files: found))
        }
        return splits
    }

    /// `data_files` in any of its spellings: a pattern, a list of them, or a list of splits with patterns.
    private static func patterns(_ value: Any) -> [(split: String, patterns: [String])] {
        func list(_ value: Any?) -> [String] { value as? [String] ?? (value as? String).map { [$0] } ?? [] }
        if let splits = value as? [[String: Any]] {
            return splits.map { ($0["split"] as? String ?? "train", list($0["path"])) }
        }
        return [("train", list(value))]
    }
}
