import Foundation

/// Statistics of a column's values, from which its role follows.
struct ColumnProfile: Sendable {
    /// The kind of values.
    enum Kind: Sendable, Equatable {
        /// Names or texts.
        case words
        /// Whole numbers, class ids, or true and false.
        case wholeNumbers
        /// Numbers of which some have decimals.
        case decimals
        /// Lists of names or numbers.
        case lists
    }

    let name: String
    let kind: Kind
    /// Whether the file says that the column holds classes.
    let isMarkedAsClass: Bool
    /// The number of values that are not missing.
    let count: Int
    /// The number of rows.
    let rows: Int
    /// The different values, the most frequent first; empty for lists.
    let values: [(value: String, count: Int)]
    /// The mean number of characters.
    let meanLength: Double
    /// The mean number of words.
    let meanWords: Double
    /// The share of values that are web addresses, dates or times.
    let machineShare: Double

    /// The share of the values that are different.
    var distinctShare: Double { count > 0 ? Double(values.count) / Double(count) : 0 }

    /// Whether every value is 0 or 1, or true or false.
    var isSwitch: Bool {
        kind == .wholeNumbers && values.count <= 2
            && values.allSatisfy { ["0", "1", "true", "false"].contains($0.value.lowercased()) }
    }

    /// Reads values.
    ///
    /// - Parameters:
    ///   - name: The column's name.
    ///   - texts: The values as texts; nil for missing ones.
    ///   - isMarkedAsClass: Whether the file says that the column holds classes.
    init(name: String, texts: [String?], isMarkedAsClass: Bool) {
        let given = texts.compactMap { $0 }.map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
            .filter { !$0.isEmpty }
        var counts: [String: Int] = [:]
        var (letters, words, machine, whole, decimals) = (0, 0, 0, 0, 0)
        for text in given {
            counts[text, default: 0] += 1
            letters += text.unicodeScalars.count
            words += text.split(whereSeparator: \.isWhitespace).count
            if Self.isAddressOrDate(text) { machine += 1 }
            if Int(text) != nil || ["true", "false"].contains(text.lowercased()) {
                whole += 1
            } else if let number = Double(text) {
                // 3.0 is written by programs that mean 3.
                if number.rounded() == number { whole += 1 } else { decimals += 1 }
            }
        }
        let isNumeric = whole + decimals == given.count && !given.isEmpty && !isMarkedAsClass
        self.name = name
        self.isMarkedAsClass = isMarkedAsClass
        kind = isNumeric ? (decimals > 0 ? .decimals : .wholeNumbers) : .words
        (count, rows) = (given.count, texts.count)
        values = counts.map { (value: $0.key, count: $0.value) }
            .sorted { ($1.count, $0.value) < ($0.count, $1.value) }
        let divisor = Double(max(given.count, 1))
        (meanLength, meanWords) = (Double(letters) / divisor, Double(words) / divisor)
        machineShare = Double(machine) / divisor
    }

    /// A column of lists, whose values are not looked at.
    ///
    /// - Parameters:
    ///   - name: The column's name.
    ///   - rows: The number of rows.
    init(listsNamed name: String, rows: Int) {
        (self.name, kind, isMarkedAsClass) = (name, .lists, false)
        (count, self.rows, values) = (rows, rows, [])
        (meanLength, meanWords, machineShare) = (0, 0, 0)
    }

    /// Whether a text is a web address, a date or a time: `https://…`, `2016-09-28 00:22:34`.
    private static func isAddressOrDate(_ text: String) -> Bool {
        if !text.contains(where: \.isWhitespace), text.contains("://") || text.hasPrefix("www.") {
            return true
        }
        let digits = text.count { $0.isNumber }
        let separators = text.count { "-/:. TZ+".contains($0) }
        return digits >= 6 && separators >= 2 && digits + separators == text.count
    }
}
