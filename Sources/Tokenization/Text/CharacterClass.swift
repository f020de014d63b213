/// The character classes that split patterns use, as a bit set.
///
/// The general categories come from the Swift standard library's Unicode tables. Whitespace is Unicode's
/// `White_Space`, as in tokenizers' `\s` and Rust's `char::is_whitespace`. tokenizers' regexes use Unicode 16, so
/// characters from later versions are `other`, although `numeric` includes them.
struct CharacterClass: OptionSet, Sendable {
    let rawValue: UInt16

    /// `\p{L}`.
    static let letter = Self(rawValue: 1)
    /// `\p{N}`.
    static let number = Self(rawValue: 2)
    /// `\s`.
    static let whitespace = Self(rawValue: 4)
    /// `\p{M}`.
    static let mark = Self(rawValue: 8)
    /// `\p{P}`.
    static let punctuation = Self(rawValue: 16)
    /// `\p{S}`.
    static let symbol = Self(rawValue: 32)
    /// `\p{Lu}` and `\p{Lt}`.
    static let upper = Self(rawValue: 64)
    /// `\p{Ll}`.
    static let lower = Self(rawValue: 128)
    /// `\p{Lm}` and `\p{Lo}`.
    static let caseless = Self(rawValue: 256)
    /// `\p{Mn}`.
    static let nonspacingMark = Self(rawValue: 512)
    /// `\p{Cc}`, `\p{Cf}`, `\p{Cn}` and `\p{Co}`.
    static let other = Self(rawValue: 1024)
    /// `\w`.
    static let word = Self(rawValue: 2048)
    /// Rust's `char::is_numeric`.
    static let numeric = Self(rawValue: 4096)
    /// `\p{P}` in tokenizers' stages for BERT, and ASCII's symbols.
    static let bertPunctuation = Self(rawValue: 8192)
    /// `\p{Mn}` in tokenizers' stages for BERT.
    static let bertAccent = Self(rawValue: 16384)
    /// The characters that tokenizers' stages for BERT remove.
    static let bertControl = Self(rawValue: 32768)

    /// The classes of a scalar.
    ///
    /// - Parameter scalar: A scalar's value.
    /// - Returns: All classes that contain it.
    @inline(__always)
    static func of(_ scalar: UInt32) -> CharacterClass {
        scalar < UInt32(tableSize) ? table[Int(scalar)] : beyondTable(scalar)
    }

    /// Whether a scalar is `\w` in Rust's regex engine, which tokenizers uses for added tokens and `Whitespace`.
    ///
    /// Unlike Oniguruma, it includes joiners and excludes Latin-1's superscripts and fractions.
    static func isRustWord(_ scalar: UInt32) -> Bool {
        if scalar < 0x80 { return of(scalar).contains(.word) }
        if scalar == 0x200C || scalar == 0x200D { return true }
        return of(scalar).contains(.word) && !RegexParser.latin1Numbers.contains(scalar)
    }

    private static let tableSize = 0x3400

    private static let table: [CharacterClass] = (0..<UInt32(tableSize)).map(computed)

    private static func beyondTable(_ scalar: UInt32) -> CharacterClass {
        // The large blocks of ideographs and Hangul syllables need no search.
        if (0x4E00...0x9FFF).contains(scalar) || (0xAC00...0xD7A3).contains(scalar) {
            return [.letter, .caseless, .word]
        }
        return computed(scalar)
    }

    private static func computed(_ value: UInt32) -> CharacterClass {
        guard let scalar = Unicode.Scalar(value) else { return .other }
        let properties = scalar.properties
        var result = ofCategory(properties.generalCategory)
        let isNumeric = result.contains(.number)
        let bert = ofBERT(value, properties)
        if let age = properties.age, age.major > regexUnicodeVersion { result = .other }
        if value == 0x295 { result = [.letter, .lower, .word] }  // caseless since Unicode 17
        if properties.isAlphabetic, result != .other { result.insert(.word) }
        if properties.isWhitespace { result.insert(.whitespace) }
        if isNumeric { result.insert(.numeric) }
        result.formUnion(bert)
        // tokenizers' regex engine treats Latin-1's superscripts and fractions as word characters.
        if [0xB2, 0xB3, 0xB9, 0xBC, 0xBD, 0xBE].contains(value) { result.insert(.word) }
        return result
    }

    /// The Unicode version of tokenizers' regex engine.
    static let regexUnicodeVersion = 16

    /// The classes of tokenizers' stages for BERT, which use Unicode 8.
    private static func ofBERT(
        _ value: UInt32,
        _ properties: Unicode.Scalar.Properties
    ) -> CharacterClass {
        // The characters that Unicode has moved to another category since.
        switch value {
        case 0x166D, 0x111C9: return .bertPunctuation
        case 0x1734, 0x1171E: return .bertAccent
        case 0x1885, 0x1886, 0xA9BD, 0x09, 0x0A, 0x0D: return []
        case 0xFFFD: return .bertControl
        default: break
        }
        if value < 0x80 {
            let isGraphic = value > 0x20 && value < 0x7F
            let isAlphanumeric = properties.isAlphabetic || properties.generalCategory == .decimalNumber
            if isGraphic, !isAlphanumeric { return .bertPunctuation }
        }
        guard let age = properties.age, age.major <= 8 else { return [] }
        switch properties.generalCategory {
        case .control, .format, .privateUse: return .bertControl
        case .nonspacingMark: return .bertAccent
        default: return ofCategory(properties.generalCategory).contains(.punctuation) ? .bertPunctuation : []
        }
    }

    private static func ofCategory(_ category: Unicode.GeneralCategory) -> CharacterClass {
        switch category {
        case .uppercaseLetter, .titlecaseLetter: [.letter, .upper, .word]
        case .lowercaseLetter: [.letter, .lower, .word]
        case .modifierLetter, .otherLetter: [.letter, .caseless, .word]
        case .nonspacingMark: [.mark, .nonspacingMark, .word]
        case .spacingMark, .enclosingMark: [.mark, .word]
        case .decimalNumber, .letterNumber: [.number, .word]
        case .otherNumber: .number
        case .connectorPunctuation: [.punctuation, .word]
        case .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation, .finalPunctuation,
            .otherPunctuation:
            .punctuation
        case .mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol: .symbol
        case .spaceSeparator, .lineSeparator, .paragraphSeparator: []
        case .control, .format, .surrogate, .privateUse, .unassigned: .other
        @unknown default: .other
        }
    }
}
