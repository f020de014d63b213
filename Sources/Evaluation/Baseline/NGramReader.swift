/// Reads the n-grams of texts, each as a 64-bit hash: word 1- and 2-grams, and character 2- to 5-grams within words.
///
/// Words are lowercased runs of two or more letters, digits and underscores. Characters are those between spaces, with one
/// space added before and after each run.
///
/// Source: scikit-learn's `CountVectorizer` with `ngram_range=(1, 2)` and with `analyzer="char_wb", ngram_range=(2, 5)`.
struct NGramReader {
    private var scalars: [UInt32] = []
    private var kinds: [Kind] = []
    private var wordHashes: [UInt64] = []
    private var padded: [UInt32] = []

    private struct Kind: OptionSet {
        let rawValue: UInt8
        static let word = Kind(rawValue: 1)
        static let space = Kind(rawValue: 2)

        init(rawValue: UInt8) { self.rawValue = rawValue }

        init(_ scalar: Unicode.Scalar) {
            switch scalar.value {
            case 0x30...0x39, 0x41...0x5A, 0x5F, 0x61...0x7A: self = .word
            // Python counts the four separators of files as white space.
            case 0x09...0x0D, 0x1C...0x20: self = .space
            case 0..<0x80: self = []
            default:
                let properties = scalar.properties
                switch properties.generalCategory {
                case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
                    self = .word
                default:
                    self = properties.numericType != nil ? .word : properties.isWhitespace ? .space : []
                }
            }
        }
    }

    /// Counts the n-grams of a text.
    ///
    /// - Parameters:
    ///   - text: The text.
    ///   - counts: Receives the word n-grams.
    mutating func countWords(in text: String, _ counts: inout NGramCounts) {
        fold(text)
        wordHashes.removeAll(keepingCapacity: true)
        var start = 0
        while start < scalars.count {
            guard kinds[start].contains(.word) else {
                start += 1
                continue
            }
            var (end, hash) = (start, Self.wordSeed)
            while end < scalars.count, kinds[end].contains(.word) {
                hash = Self.extended(hash, scalars[end])
                end += 1
            }
            if end - start > 1 { wordHashes.append(Self.mixed(hash)) }
            start = end
        }
        for hash in wordHashes { counts.add(hash) }
        for (first, second) in zip(wordHashes, wordHashes.dropFirst()) {
            counts.add(Self.mixed(first &* 0x9E37_79B9_7F4A_7C15 ^ second))
        }
    }

    /// Counts the character n-grams of the text that was given to ``countWords(in:_:)``.
    ///
    /// - Parameter counts: Receives the character n-grams.
    mutating func countCharacters(_ counts: inout NGramCounts) {
        var start = 0
        while start < scalars.count {
            guard !kinds[start].contains(.space) else {
                start += 1
                continue
            }
            padded.removeAll(keepingCapacity: true)
            padded.append(0x20)
            while start < scalars.count, !kinds[start].contains(.space) {
                padded.append(scalars[start])
                start += 1
            }
            padded.append(0x20)
            for first in padded.indices.dropLast() {
                var hash = Self.extended(Self.characterSeed, padded[first])
                for last in first + 1..<min(first + 5, padded.count) {
                    hash = Self.extended(hash, padded[last])
                    counts.add(Self.mixed(hash))
                }
            }
        }
    }

    /// Lowercases a text and finds out the kind of each scalar.
    private mutating func fold(_ text: String) {
        scalars.removeAll(keepingCapacity: true)
        kinds.removeAll(keepingCapacity: true)
        let source = text.unicodeScalars
        for index in source.indices {
            let scalar = source[index]
            if scalar.isASCII {
                let value = scalar.value
                append(0x41...0x5A ~= value ? value + 0x20 : value, Kind(scalar))
            } else if scalar.properties.changesWhenLowercased {
                if scalar == "\u{3A3}", Self.isFinal(index, in: source) {
                    append(0x3C2, .word)
                } else {
                    for lower in scalar.properties.lowercaseMapping.unicodeScalars {
                        append(lower.value, Kind(lower))
                    }
                }
            } else {
                append(scalar.value, Kind(scalar))
            }
        }
    }

    private mutating func append(_ scalar: UInt32, _ kind: Kind) {
        scalars.append(scalar)
        kinds.append(kind)
    }

    /// Whether a capital sigma ends a word, which makes its lowercase form the final sigma.
    private static func isFinal(
        _ index: String.UnicodeScalarView.Index,
        in text: String.UnicodeScalarView
    )
        -> Bool
    {
        let before = text[..<index].last { !$0.properties.isCaseIgnorable }
        let after = text[text.index(after: index)...].first { !$0.properties.isCaseIgnorable }
        return before?.properties.isCased == true && after?.properties.isCased != true
    }

    // MARK: Hashes

    private static let wordSeed: UInt64 = 0x51_7C_C1_B7_27_22_0A_95
    private static let characterSeed: UInt64 = 0x2545_F491_4F6C_DD1D

    private static func extended(_ hash: UInt64, _ scalar: UInt32) -> UInt64 {
        let product = (hash ^ UInt64(scalar)) &* 0x9E37_79B9_7F4A_7C15
        return product ^ product >> 32
    }

    /// Spreads a hash over all bits.
    private static func mixed(_ hash: UInt64) -> UInt64 {
        var hash = (hash ^ hash >> 30) &* 0xBF58_476D_1CE4_E5B9
        hash = (hash ^ hash >> 27) &* 0x94D0_49BB_1331_11EB
        return hash ^ hash >> 31
    }
}
