import Foundation
import FuzzSupport

// FuzzRequests SEEDS WORK FIRST COUNT: decodes the bodies FIRST ..< FIRST + COUNT, made from valid bodies of every
// family of routes. SEEDS is not read, because the valid bodies are in the program.
//
// Bodies depend only on their number. The current body is in WORK and its number in `WORK/at`, so that both are
// available after a crash. WORK should be a memory file system. After a failure Scripts/fuzz-requests restarts this
// with the next body.

/// A violated invariant.
struct Violation: Error, CustomStringConvertible {
    var description: String
}

/// Returns a body: mostly a valid one with damaged values or bytes, and sometimes a large or deep one.
func makeBody(_ number: Int, of family: Family, _ mutator: inout Mutator) -> [UInt8] {
    let seed = family.seeds[mutator.int(0..<family.seeds.count)]
    let otherFamily = Family.all[mutator.int(0..<Family.all.count)]
    let other = otherFamily.seeds[mutator.int(0..<otherFamily.seeds.count)]
    if number % 2000 == 0 { return large(seed, &mutator) }
    switch mutator.int(0..<16) {
    case 0..<9: return JSONDamage.damaged(seed, &mutator, words: Family.words)
    case 9..<12: return mutator.damaged(seed, other: other, isText: true)
    case 12: return mutator.damaged(seed, other: other, isText: false)
    case 13: return other
    case 14:
        let damaged = JSONDamage.damaged(seed, &mutator, words: Family.words)
        return mutator.damaged(damaged, other: other, isText: true)
    default: return seed
    }
}

/// Returns a body that is deep, long, or has many items or members.
func large(_ seed: [UInt8], _ mutator: inout Mutator) -> [UInt8] {
    let size = 1 << mutator.int(8..<19)
    // The first member's name with its colon.
    let start = String(decoding: seed.prefix { $0 != UInt8(ascii: ":") }, as: UTF8.self) + ": "
    func repeated(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }
    let text: String
    switch mutator.int(0..<6) {
    case 0: text = start + repeated("[", size) + repeated("]", size) + "}"
    case 1: text = start + repeated(#"{"a":"#, size) + "1" + repeated("}", size + 1)
    case 2: text = start + repeated("[", size)
    case 3: text = start + repeated("1", size) + "}"
    case 4: text = start + "[" + repeated(#""good","#, size / 4) + #""bad"]}"#
    default:
        let members = (0..<size / 8).map { #""m\#($0)": 1, "# }.joined()
        text = "{" + members + String(decoding: seed.dropFirst(), as: UTF8.self)
    }
    return Array(text.utf8)
}

/// Decodes a body; returns whether it was accepted.
///
/// - Throws: `Violation`.
func isAccepted(_ body: [UInt8], by family: Family) throws -> Bool {
    do {
        let count = try family.decode(body)
        // Tokens and the lists of Hugging Face's clients are limited by their routes.
        let isLimited = !["tokenize", "decode", "hugging-face"].contains(family.name)
        guard !isLimited || count <= Family.maxItems else {
            throw Violation(description: "\(count) items are accepted")
        }
        return true
    } catch let violation as Violation {
        throw violation
    } catch {
        // Only errors that the routes can answer.
        let kind = String(describing: type(of: error))
        guard ["ServingFault", "TEIError", "UnknownLabel"].contains(kind) else {
            throw Violation(description: "an error of type \(kind): \(error)")
        }
        let message = "\(error)"
        guard !message.isEmpty, message.utf8.count < 1 << 16 else {
            throw Violation(description: "the message has \(message.utf8.count) bytes")
        }
        return false
    }
}

let fuzzing = FuzzRun()
try fuzzing.eachInput(words: Family.words + Mutator.dataWords) { number, mutator in
    let family = Family.all[mutator.int(0..<Family.all.count)]
    let body = makeBody(number, of: family, &mutator)
    try Data(body).write(to: fuzzing.work.appending(path: "body"))
    do {
        return (family.name, try isAccepted(body, by: family))
    } catch {
        throw Violation(description: "a body of \(family.name): \(error)")
    }
}
