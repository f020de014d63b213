/// The sets of scalars that have names in regular expressions: general categories, scripts, POSIX classes and a few more.
///
/// As in tokenizers' engine, names are compared without case, spaces, `-` and `_`.
enum UnicodeSets {
    /// The set of `\p{…}` with a name, or nil if the name is unknown.
    static func named(_ name: String) -> ScalarSet? {
        let key = String(name.lowercased().filter { $0 != " " && $0 != "_" && $0 != "-" })
        if let categories = categories(named: key) { return ofCategories(categories) }
        // `\p{punct}` is the category, and `\p{word}` has Latin-1's numbers, unlike the classes in brackets.
        if key == "punct" { return ofCategories(punctuation) }
        if key == "word" { return word.union(RegexParser.latin1Numbers) }
        if let posix = posix(key) { return posix }
        if let script = scripts[key] { return script }
        switch key {
        case "any": return .all
        case "assigned": return ofCategories(["Cn"]).inverted
        case "ascii": return ScalarSet(0..<0x80)
        case "alphabetic": return alphabetic
        case "uppercase": return uppercase
        case "lowercase": return posix("lower")
        case "whitespace": return posix("space")
        case "asciihexdigit", "ahex": return posix("xdigit")
        case "hexdigit", "hex": return having(\.isHexDigit)
        case "ideographic", "ideo": return having(\.isIdeographic)
        case "math": return having(\.isMath)
        case "emoji": return having(\.isEmoji)
        case "emojipresentation", "epres": return having(\.isEmojiPresentation)
        case "emojimodifier", "emod": return having(\.isEmojiModifier)
        case "emojimodifierbase", "ebase": return having(\.isEmojiModifierBase)
        case "idstart", "ids": return having(\.isIDStart)
        case "idcontinue", "idc": return having(\.isIDContinue)
        case "xidstart", "xids": return having(\.isXIDStart)
        case "xidcontinue", "xidc": return having(\.isXIDContinue)
        case "dash": return having(\.isDash)
        default: return nil
        }
    }

    /// The set of the POSIX class `[:…:]` with a name, or nil if the name is unknown.
    static func posix(_ name: String) -> ScalarSet? {
        switch name {
        case "alpha": return alphabetic
        case "alnum": return alphabetic.union(ofCategories(["Nd"]))
        case "digit": return ofCategories(["Nd"])
        case "upper": return uppercase
        case "lower": return having(\.isLowercase).union(ScalarSet(scalars: [0x295]))  // until Unicode 17
        case "space": return whitespace
        case "blank": return ofCategories(["Zs"]).union(ScalarSet(scalars: [9]))
        case "cntrl": return ofCategories(["Cc"])
        case "ascii": return ScalarSet(0..<0x80)
        case "punct": return ofCategories(punctuation + ["Sm", "Sc", "Sk", "So"])
        case "graph": return graphic
        case "print": return graphic.union(ofCategories(["Zs"]))
        case "xdigit": return ScalarSet(ranges: [0x30..<0x3A, 0x41..<0x47, 0x61..<0x67])
        case "word": return word
        default: return nil
        }
    }

    /// The characters that `\w` matches.
    static let word = alphabetic.union(ofCategories(["Mn", "Mc", "Me", "Nd", "Pc"]))

    private static let alphabetic = having(\.isAlphabetic)
    private static let whitespace = having(\.isWhitespace)
    private static let uppercase = having(\.isUppercase)

    private static let punctuation = ["Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po"]

    private static var graphic: ScalarSet {
        whitespace.union(ofCategories(["Cc", "Cn", "Cs"])).inverted
    }

    /// Ranges with all scalars that Unicode 16 has assigned, except those for private use.
    private static let assignedSpan: [Range<UInt32>] = [0..<0x3_4000, 0xE_0000..<0xE_0200]

    /// The scalars that have a property in Unicode 16.
    private static func having(_ property: KeyPath<Unicode.Scalar.Properties, Bool>) -> ScalarSet {
        collect { $0[keyPath: property] && isKnown($0) }
    }

    /// Whether tokenizers' engine knows a scalar.
    private static func isKnown(_ properties: Unicode.Scalar.Properties) -> Bool {
        (properties.age?.major ?? 99) <= CharacterClass.regexUnicodeVersion
    }

    private static func collect(_ isMember: (Unicode.Scalar.Properties) -> Bool) -> ScalarSet {
        var ranges: [Range<UInt32>] = []
        for span in assignedSpan {
            for value in span {
                guard let scalar = Unicode.Scalar(value), isMember(scalar.properties) else { continue }
                if let last = ranges.last, last.upperBound == value {
                    ranges[ranges.count - 1] = last.lowerBound..<value + 1
                } else {
                    ranges.append(value..<value + 1)
                }
            }
        }
        return ScalarSet(ranges: ranges)
    }
}

// MARK: - General categories

extension UnicodeSets {
    /// The union of general categories, each by its two letters.
    static func ofCategories(_ names: [String]) -> ScalarSet {
        ScalarSet(ranges: names.flatMap { byCategory[$0]?.ranges ?? [] })
    }

    private static let byCategory: [String: ScalarSet] = {
        var ranges: [String: [Range<UInt32>]] = [:]
        var open: (name: String, start: UInt32) = ("Cc", 0)
        for value in 0..<ScalarSet.limit {
            let name = category(value)
            guard name != open.name else { continue }
            ranges[open.name, default: []].append(open.start..<value)
            open = (name, value)
        }
        ranges[open.name, default: []].append(open.start..<ScalarSet.limit)
        return ranges.mapValues { ScalarSet(ranges: $0) }
    }()

    private static func category(_ value: UInt32) -> String {
        switch value {
        case 0xD800..<0xE000: return "Cs"
        case 0xE000..<0xF900: return "Co"
        case 0x3_4000..<0xE_0000, 0xE_0200..<0xF_0000: return "Cn"
        case 0xF_0000...: return value & 0xFFFE == 0xFFFE ? "Cn" : "Co"
        case 0x295: return "Ll"  // caseless since Unicode 17
        default: break
        }
        guard let properties = Unicode.Scalar(value)?.properties, isKnown(properties) else { return "Cn" }
        return shortName(properties.generalCategory)
    }

    private static func shortName(_ category: Unicode.GeneralCategory) -> String {
        switch category {
        case .uppercaseLetter: "Lu"
        case .lowercaseLetter: "Ll"
        case .titlecaseLetter: "Lt"
        case .modifierLetter: "Lm"
        case .otherLetter: "Lo"
        case .nonspacingMark: "Mn"
        case .spacingMark: "Mc"
        case .enclosingMark: "Me"
        case .decimalNumber: "Nd"
        case .letterNumber: "Nl"
        case .otherNumber: "No"
        case .connectorPunctuation: "Pc"
        case .dashPunctuation: "Pd"
        case .openPunctuation: "Ps"
        case .closePunctuation: "Pe"
        case .initialPunctuation: "Pi"
        case .finalPunctuation: "Pf"
        case .otherPunctuation: "Po"
        case .mathSymbol: "Sm"
        case .currencySymbol: "Sc"
        case .modifierSymbol: "Sk"
        case .otherSymbol: "So"
        case .spaceSeparator: "Zs"
        case .lineSeparator: "Zl"
        case .paragraphSeparator: "Zp"
        case .control: "Cc"
        case .format: "Cf"
        case .surrogate: "Cs"
        case .privateUse: "Co"
        case .unassigned: "Cn"
        @unknown default: "Cn"
        }
    }

    /// The two-letter categories with a name, or nil if it does not name a category.
    private static func categories(named key: String) -> [String]? {
        if key == "lc" || key == "casedletter" { return ["Lu", "Ll", "Lt"] }
        guard let short = longCategoryNames[key] ?? (key.count <= 2 ? key : nil) else { return nil }
        let names = byCategory.keys.filter { $0.lowercased().hasPrefix(short) }
        return names.isEmpty ? nil : names
    }

    private static let longCategoryNames: [String: String] = [
        "letter": "l", "uppercaseletter": "lu", "lowercaseletter": "ll", "titlecaseletter": "lt",
        "modifierletter": "lm", "otherletter": "lo", "mark": "m", "combiningmark": "m",
        "nonspacingmark": "mn",
        "spacingmark": "mc", "enclosingmark": "me", "number": "n", "decimalnumber": "nd",
        "letternumber": "nl",
        "othernumber": "no", "punctuation": "p", "connectorpunctuation": "pc", "dashpunctuation": "pd",
        "openpunctuation": "ps", "closepunctuation": "pe", "initialpunctuation": "pi",
        "finalpunctuation": "pf",
        "otherpunctuation": "po", "symbol": "s", "mathsymbol": "sm", "currencysymbol": "sc",
        "modifiersymbol": "sk", "othersymbol": "so", "separator": "z", "spaceseparator": "zs",
        "lineseparator": "zl", "paragraphseparator": "zp", "other": "c", "control": "cc", "format": "cf",
        "surrogate": "cs", "privateuse": "co", "unassigned": "cn",
    ]
}

// MARK: - Scripts

extension UnicodeSets {
    /// Parses runs of scalars, each with a number, as written by `make_unicode_tables.py`.
    static func runs(_ text: String) -> [(range: Range<UInt32>, number: Int)] {
        var end: UInt32 = 0
        var result: [(range: Range<UInt32>, number: Int)] = []
        var pending: [UInt32] = []
        for word in text.split(separator: " ") {
            pending.append(UInt32(word, radix: 36) ?? 0)
            guard pending.count == 3 else { continue }
            let start = end + pending[0]
            end = start + pending[1]
            result.append((start..<end, Int(pending[2])))
            pending.removeAll(keepingCapacity: true)
        }
        return result
    }

    /// The scripts, by code and by name.
    private static let scripts: [String: ScalarSet] = {
        let names = ScriptTable.names.split(separator: " ").map(String.init)
        var ranges = [[Range<UInt32>]](repeating: [], count: names.count / 2)
        for run in runs(ScriptTable.runs) where run.number < ranges.count {
            ranges[run.number].append(run.range)
        }
        var result: [String: ScalarSet] = [:]
        for (index, ranges) in ranges.enumerated() {
            let name = names[2 * index + 1]
            // Two codes of the same script share one number.
            let set = ranges.isEmpty ? result[name] : ScalarSet(ranges: ranges)
            result[name] = set
            result[names[2 * index]] = set
        }
        // Scalars without a script.
        let known = ScalarSet(ranges: result.values.flatMap(\.ranges))
        for name in ["zzzz", "unknown"] { result[name] = known.inverted }
        return result
    }()
}
