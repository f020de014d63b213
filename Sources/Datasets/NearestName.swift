/// Returns the name with the smallest edit distance, ignoring case; nil if more than half of the letters would change.
package func nearest(to name: String, among names: [String]) -> String? {
    let wanted = Array(name.lowercased().unicodeScalars.prefix(100))
    let edits = names.prefix(1000).map {
        (name: $0, edits: distance(wanted, Array($0.lowercased().unicodeScalars.prefix(100))))
    }
    return edits.min { $0.edits < $1.edits }.flatMap { 2 * $0.edits <= wanted.count ? $0.name : nil }
}

/// The Levenshtein distance: the number of letters to insert, remove or replace.
private func distance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
    var row = Array(0...b.count)
    for (i, x) in a.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, y) in b.enumerated() {
            let changed = diagonal + (x == y ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(changed, row[j] + 1, diagonal + 1)
        }
    }
    return row[b.count]
}
