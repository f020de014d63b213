/// The name that someone probably meant, to be suggested in an error.
///
/// A name is found in spite of other case and separators (`learning rate`), a few wrong, missing or transposed letters
/// (`trian`), shortened or omitted words (`learn-rate`, `epochs`), or both (`lern-rate`). The longer the name, the more letters
/// may be wrong.
///
/// - Parameters:
///   - name: The unknown name, as typed.
///   - names: The known names; of equally similar ones, the first is taken.
/// - Returns: A known name; nil if none is similar, or if several have the words of the unknown one.
package func nearest(to name: String, among names: [String]) -> String? {
    let typed = words(of: name)
    guard !typed.isEmpty else { return nil }
    let letters = Array(typed.joined().prefix(100))
    let known = names.prefix(1000).map { (name: $0, words: words(of: $0)) }
    let edits = known.map { (name: $0.name, edits: distance(letters, Array($0.words.joined().prefix(100)))) }
    if let best = edits.min(by: { $0.edits < $1.edits }), best.edits <= allowedEdits(letters.count) {
        return best.name
    }
    let shortened = known.compactMap { name, words in
        editsToShortened(typed, from: words).map { (name: name, edits: $0) }
    }
    let least = shortened.map(\.edits).min()
    let best = shortened.filter { $0.edits == least }
    return best.count == 1 ? best[0].name : nil
}

/// The number of letters that may be wrong in a name of this length.
private func allowedEdits(_ count: Int) -> Int {
    switch count {
    case ..<3: 0
    case ..<6: 1
    case ..<9: 2
    default: 3
    }
}

/// The words of a name in lower case: `learning_rate` has two.
private func words(of name: String) -> [[Unicode.Scalar]] {
    name.lowercased().unicodeScalars.split { "-_ .".unicodeScalars.contains($0) }.map(Array.init)
}

/// The number of wrong letters if each typed word begins a different word of the name, in the same order.
///
/// Nil if one does not, or has too many wrong letters.
private func editsToShortened(_ typed: [[Unicode.Scalar]], from words: [[Unicode.Scalar]]) -> Int? {
    var rest = words[...]
    var sum = 0
    for word in typed {
        let matches = rest.indices.compactMap { index in
            editsToBeginning(word, of: rest[index]).map { (index: index, edits: $0) }
        }
        guard let best = matches.min(by: { $0.edits < $1.edits }) else { return nil }
        sum += best.edits
        rest = rest[(best.index + 1)...]
    }
    return sum
}

/// The number of wrong letters of a word that begins another one; nil if there are too many.
///
/// The first letter must be right, because short words are similar to many others.
private func editsToBeginning(_ typed: [Unicode.Scalar], of word: [Unicode.Scalar]) -> Int? {
    guard typed.count >= 3, typed[0] == word.first else { return nil }
    let allowed = typed.count < 4 ? 0 : typed.count < 8 ? 1 : 2
    let ends = max(1, typed.count - allowed)...max(1, typed.count + allowed)
    let edits = ends.filter { $0 <= word.count }.map { distance(typed, Array(word.prefix($0))) }.min()
    return edits.flatMap { $0 <= allowed ? $0 : nil }
}

/// The number of letters to insert, remove, replace or transpose with their neighbor.
///
/// This is the optimal string alignment distance.
private func distance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
    var before: [Int] = []
    var row = Array(0...b.count)
    for (i, x) in a.enumerated() {
        var next = [i + 1]
        for (j, y) in b.enumerated() {
            var edits = min(row[j] + (x == y ? 0 : 1), row[j + 1] + 1, next[j] + 1)
            if i > 0, j > 0, x == b[j - 1], y == a[i - 1] { edits = min(edits, before[j - 1] + 1) }
            next.append(edits)
        }
        (before, row) = (row, next)
    }
    return row[b.count]
}
