/// Determines the splits of a folder from the names of its files and subfolders, as datasets does.
///
/// The first of these rules that matches a file decides, and files that it does not match belong to no split:
/// `data/<split>-00000-of-00001.*` (any split), folders named after a split, files named after a split, all files.
/// The split's word stands alone or between punctuation and digits (`my-train_2.csv`), in lower case.
///
/// Source: `_get_data_files_patterns` of datasets 5.2 (data_files.py). Unlike there, a file that matches several patterns is
/// read once, and only data files count.
struct SplitNames {
    /// Files by split, in datasets' order.
    let splits: [DatasetFiles.Split]
    /// Whether a name determined a split; otherwise all files form the split `train`.
    let areTold: Bool

    /// The words that name each split, in datasets' order.
    static let words: [(split: String, words: [String])] = [
        ("train", ["train", "training"]),
        ("validation", ["validation", "valid", "dev", "val"]),
        ("test", ["test", "testing", "eval", "evaluation"]),
    ]

    /// Examines the names.
    ///
    /// - Parameters:
    ///   - files: Paths, sorted by their bytes.
    ///   - folder: The folder that contains the files.
    init(_ files: [String], in folder: String) {
        let parts = files.map { (file: $0, parts: Self.parts(of: $0, below: folder)) }
        if let sharded = Self.sharded(parts) {
            (splits, areTold) = (sharded, true)
            return
        }
        for isByFolder in [true, false] {
            let found = Self.words.compactMap { split, words -> DatasetFiles.Split? in
                var chosen: [String] = []
                for word in words {
                    for starts in [true, false] {
                        for (file, parts) in parts {
                            let names = isByFolder ? parts.dropLast() : parts.suffix(1)
                            let isNamed = names.contains {
                                Self.holds(word, in: $0, atStart: starts, mayEnd: isByFolder)
                            }
                            if isNamed { chosen.append(file) }
                        }
                    }
                }
                var seen: Set<[UInt8]> = []
                chosen = chosen.filter { seen.insert(Array($0.utf8)).inserted }
                return chosen.isEmpty ? nil : DatasetFiles.Split(name: split, files: chosen)
            }
            guard found.isEmpty else {
                (splits, areTold) = (found, true)
                return
            }
        }
        (splits, areTold) = ([DatasetFiles.Split(name: "train", files: files)], false)
    }

    /// The path components from a folder to a file.
    static func parts(of path: String, below folder: String) -> [String] {
        // Compare bytes: Swift's characters would attach a combining accent to the slash before it.
        let below =
            path.utf8.starts(with: folder.utf8) ? path.utf8.dropFirst(folder.utf8.count) : path.utf8[...]
        return below.split(separator: UInt8(ascii: "/")).map { String(Substring($0)) }
    }

    /// The split that a folder's name stands for, ignoring case; nil if it names no split.
    static func split(ofFolder name: String) -> String? {
        let name = name.lowercased()
        return words.first { _, words in
            words.contains { word in
                [true, false].contains { holds(word, in: name, atStart: $0, mayEnd: true) }
            }
        }?.split
    }

    /// Whether a path would name a split if case were ignored.
    static func isSplitName(_ path: String, below folder: String) -> Bool {
        let parts = parts(of: path, below: folder).map { $0.lowercased() }
        guard let name = parts.last else { return false }
        let isNamed = words.flatMap(\.words).contains { word in
            [true, false].contains { holds(word, in: name, atStart: $0, mayEnd: false) }
        }
        return isNamed || parts.dropLast().contains { split(ofFolder: $0) != nil }
    }

    /// Whether a name contains a word between datasets' separators, or at its start or end.
    private static func holds(_ word: String, in name: String, atStart: Bool, mayEnd: Bool) -> Bool {
        let name = Array(name.utf8)
        let word = Array(word.utf8)
        func isSign(_ byte: UInt8) -> Bool { "-._ ".utf8.contains(byte) || (0x30...0x39).contains(byte) }
        func ends(at end: Int) -> Bool { end == name.count ? mayEnd : isSign(name[end]) }
        if atStart { return name.starts(with: word) && ends(at: word.count) }
        guard name.count > word.count else { return false }
        return (1...name.count - word.count).contains { start in
            isSign(name[start - 1]) && name[start...].starts(with: word) && ends(at: start + word.count)
        }
    }

    /// The splits of files such as `data/train-00000-of-00004.parquet`; nil if there are none.
    private static func sharded(_ files: [(file: String, parts: [String])]) -> [DatasetFiles.Split]? {
        var found: [String: [String]] = [:]
        for (file, parts) in files where parts.count == 2 && parts[0] == "data" {
            guard let match = parts[1].wholeMatch(of: /(.+)-[0-9]{5}-of-[0-9]{5}.*\..*/)
            else { continue }
            found[String(match.1), default: []].append(file)
        }
        guard !found.isEmpty else { return nil }
        let known = words.map(\.split)
        let others = found.keys.filter { !known.contains($0) }.sorted {
            $0.utf8.lexicographicallyPrecedes($1.utf8)
        }
        return (known + others).compactMap { name in
            found[name].map { DatasetFiles.Split(name: name, files: $0) }
        }
    }
}
