/// Unicode's full case folding, which Oniguruma uses to ignore case.
///
/// Source: [`CaseFolding.txt`](https://www.unicode.org/Public/16.0.0/ucd/CaseFolding.txt), statuses C and F
enum CaseFolding {
    /// The folding of a character: up to three characters.
    static func fold(_ scalar: UInt32) -> [UInt32] {
        if scalar < 0x80 { return [scalar >= 0x41 && scalar <= 0x5A ? scalar + 0x20 : scalar] }
        if let known = CaseFoldingTable.exceptions[scalar] { return known }
        guard let value = Unicode.Scalar(scalar), value.properties.changesWhenCaseFolded else {
            return [scalar]
        }
        if let age = value.properties.age, age.major > CharacterClass.regexUnicodeVersion { return [scalar] }
        return value.properties.lowercaseMapping.unicodeScalars.map(\.value)
    }

    /// The characters that fold to several, with their foldings.
    static let expanding: [(scalar: UInt32, folding: [UInt32])] = folded.filter { $0.folding.count > 1 }

    /// Every character that folding changes.
    private static let folded: [(scalar: UInt32, folding: [UInt32])] = (0..<UInt32(0x1_F000)).compactMap {
        scalar in
        let folding = fold(scalar)
        return folding == [scalar] ? nil : (scalar, folding)
    }

    /// For each folding, every character that has it, including the folding itself if it is one character.
    private static let classes: [[UInt32]: [UInt32]] = {
        var result: [[UInt32]: [UInt32]] = [:]
        for (scalar, folding) in folded {
            result[folding, default: folding.count == 1 ? folding : []].append(scalar)
        }
        return result
    }()

    /// The set with every character that differs from a member only by case.
    static func closure(of set: ScalarSet) -> ScalarSet {
        var more: [UInt32] = []
        for members in classes.values where members.contains(where: set.contains) { more += members }
        return set.union(ScalarSet(scalars: more))
    }

    /// The foldings of a set's members that fold to several characters.
    static func expansions(of set: ScalarSet) -> [[UInt32]] {
        var result: [[UInt32]] = []
        for (scalar, folding) in expanding where set.contains(scalar) && !result.contains(folding) {
            result.append(folding)
        }
        return result
    }

    /// The characters whose folding starts with a given one.
    static func starting(with first: UInt32) -> ScalarSet {
        let long = expanding.filter { $0.folding[0] == first }.map(\.scalar)
        return ScalarSet(scalars: (classes[[first]] ?? [first]) + long)
    }
}

extension CaseFolding {
    /// Whether a folded character is part of a folding of several characters.
    static func isInsideExpansion(_ scalar: UInt32) -> Bool { insideExpansions.contains(scalar) }

    private static let insideExpansions = Set(expanding.flatMap(\.folding))
}
