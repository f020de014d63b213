/// Class names that may be meant as one class, or as several classes at once.
struct NameGroups: Sendable, Equatable {
    /// Groups of names that differ in case or spaces, each sorted by bytes.
    let similar: [[String]]
    /// Groups of names that look the same: accents as one character or two, no-break spaces, zero-width characters.
    let lookalike: [[String]]
    /// Names that combine others: `cold, windy` in addition to `cold` and `windy`.
    let joined: [String]

    init(_ names: [String]) {
        let visible = names.map(Self.visible)
        similar = Self.groups(names, by: zip(names, visible).map { Self.folded($1) }) { group in
            Set(group.map(Self.visible)).count > 1
        }
        // Swift's comparison treats two encodings of one accent as equal, which is needed here.
        lookalike = Self.groups(names, by: visible) { _ in true }
        joined = Self.joined(names)
    }

    private static func groups(
        _ names: [String],
        by keys: [String],
        where isGroup: ([String]) -> Bool
    ) -> [[String]] {
        Dictionary(grouping: zip(names, keys), by: \.1).values
            .map { $0.map(\.0).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }
            .filter { $0.count > 1 && isGroup($0) }
            .sorted { $0[0].utf8.lexicographicallyPrecedes($1[0].utf8) }
    }

    /// The visible form of a name: without zero-width characters, and with plain spaces.
    private static func visible(_ name: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in name.unicodeScalars where !isInvisible(scalar) {
            scalars.append(scalar.properties.generalCategory == .spaceSeparator ? " " : scalar)
        }
        return String(scalars)
    }

    private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        let isControl = scalar.properties.generalCategory == .control && !scalar.properties.isWhitespace
        return isControl || scalar.properties.isDefaultIgnorableCodePoint
    }

    private static func folded(_ visible: String) -> String {
        visible.split(whereSeparator: \.isWhitespace).joined(separator: " ").lowercased()
    }

    /// Names whose parts between commas, semicolons or bars all occur in other names, too.
    private static func joined(_ names: [String]) -> [String] {
        for separator in [",", ";", "|"] as [Character] {
            func parts(_ name: String) -> [String] {
                name.split(separator: separator, omittingEmptySubsequences: false).map {
                    folded(visible(String($0)))
                }
            }
            let split = names.map(parts)
            let several = names.indices.filter { split[$0].count > 1 && !split[$0].contains("") }
            guard !several.isEmpty else { continue }
            var occurrences: [String: Int] = [:]
            for parts in split { for part in Set(parts) { occurrences[part, default: 0] += 1 } }
            let found = several.filter { split[$0].allSatisfy { occurrences[$0, default: 0] > 1 } }
            // Names such as "Paris, Texas" may share a part by chance.
            if 2 * found.count >= several.count, !found.isEmpty { return found.map { names[$0] } }
        }
        return []
    }

    /// A name with non-ASCII and control characters written as in Swift: `caf\u{E9}`.
    static func spelled(_ name: String) -> String {
        name.unicodeScalars.map { scalar in
            scalar.isASCII && scalar.value >= 0x20
                ? String(Character(scalar)) : "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
        }
        .joined()
    }
}
