import JSON

/// A value that must be the same in all processes, for example a version or a fingerprint.
public struct AgreedValue: Sendable, Equatable {
    /// The name for messages, for example "the version of torch".
    public var name: String
    /// The value, as text.
    public var value: String

    /// Creates a value.
    ///
    /// - Parameters:
    ///   - name: The name for messages.
    ///   - value: The value, as text.
    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// Compares values of all processes.
///
/// Every process must call this in the same order with the same topics. Rank 0 compares, and all processes get the same answer.
///
/// - Parameters:
///   - values: This process's values.
///   - topic: The topic for messages, for example "the settings".
///   - rank: This process's rank.
///   - peers: All processes, by rank.
///   - store: The store of this attempt.
///   - timeout: The longest wait for the others.
///   - shouldStop: Whether the process was asked to stop.
/// - Throws: `.mismatch`, which names the ranks, their hosts and their values; `.timedOut`, which names the missing processes;
///   `.peerFailed`, `.interrupted`, `.unreachable`.
package func agree(
    _ values: [AgreedValue],
    about topic: String,
    rank: Int,
    peers: [Peer],
    store: some KeyValueStore,
    timeout: Duration,
    shouldStop: () -> Bool = { false }
) throws(DistributedError) {
    // Counted in the store, so that a later call with the same topic does not read the values of this one.
    let round = try store.add(1, to: "agree/\(topic)/rounds/\(rank)")
    let prefix = "agree/\(topic)/\(round)"
    try store.set("\(prefix)/\(rank)", text: values.json.compact)
    let verdict: Verdict
    if rank == 0 {
        let deadline = Deadline(in: timeout)
        var all: [[AgreedValue]?] = []
        for other in peers {
            let bytes = try store.get(
                "\(prefix)/\(other.rank)",
                until: deadline,
                for: "\(other) to compare \(topic)",
                shouldStop: shouldStop
            )
            all.append(bytes.map { [AgreedValue](json: (try? JSONValue.parse($0)) ?? .null) })
        }
        verdict = Verdict(on: all, of: peers, about: topic, after: timeout)
        try store.set("\(prefix)/verdict", text: verdict.json.compact)
    } else {
        // Rank 0 waits as long for the others, and its answer names the missing ones.
        let bytes = try store.get(
            "\(prefix)/verdict",
            until: Deadline(in: timeout + .seconds(10)),
            for: "rank 0 to compare \(topic)",
            shouldStop: shouldStop
        )
        verdict =
            bytes.map { Verdict(json: (try? JSONValue.parse($0)) ?? .null) }
            ?? .missing([0], of: peers, topic, timeout)
    }
    guard let error = verdict.error else { return }
    // Rank 0 may host the store, so it stays until the others have read the answer.
    let deadline = Deadline(in: .seconds(5))
    if rank != 0 {
        try? store.set("\(prefix)/read/\(rank)", [1])
    } else {
        for other in peers.dropFirst() {
            _ = try? store.get("\(prefix)/read/\(other.rank)", waiting: deadline.remaining)
        }
    }
    throw error
}

/// Rank 0's answer to all.
private struct Verdict {
    /// Nil if all values are the same.
    var error: DistributedError?

    init(_ error: DistributedError?) { self.error = error }

    init(on values: [[AgreedValue]?], of peers: [Peer], about topic: String, after timeout: Duration) {
        let late = values.indices.filter { values[$0] == nil }
        if !late.isEmpty {
            self = .missing(late, of: peers, topic, timeout)
        } else {
            let difference = disagreement(among: values.compactMap(\.self), of: peers, about: topic)
            self.init(difference.map { DistributedError(.mismatch, $0) })
        }
    }

    static func missing(
        _ ranks: [Int],
        of peers: [Peer],
        _ topic: String,
        _ timeout: Duration
    ) -> Verdict {
        let names = ranks.count == 1 ? peers[ranks[0]].withProcess : named(ranks)
        return Verdict(
            DistributedError(
                .timedOut,
                "\(names) did not compare \(topic) with the others within \(timeout.inSeconds); look at the messages there: "
                    + "it may have failed, or it is slower than the others"
            )
        )
    }

    var json: JSONValue {
        guard let error else { return .null }
        return .object(["isLate": .bool(error.code == .timedOut), "message": .string(error.message)])
    }

    init(json: JSONValue) {
        error = json["message"].string.map {
            DistributedError(json["isLate"].bool == true ? .timedOut : .mismatch, $0)
        }
    }
}

extension [AgreedValue] {
    fileprivate var json: JSONValue { .array(map { .array([.string($0.name), .string($0.value)]) }) }

    fileprivate init(json: JSONValue) {
        self = (json.array ?? []).compactMap { pair in
            guard let pair = pair.array, pair.count == 2, let name = pair[0].string,
                let value = pair[1].string
            else { return nil }
            return AgreedValue(name: name, value: value)
        }
    }
}

/// Describes the differences between the values of processes.
///
/// - Parameters:
///   - values: The values of each process.
///   - peers: The processes, by rank.
///   - topic: The topic.
/// - Returns: A message with at most five names; nil if all values are the same.
func disagreement(among values: [[AgreedValue]], of peers: [Peer], about topic: String) -> String? {
    var names: [String] = []
    for value in values.joined() where !names.contains(value.name) { names.append(value.name) }
    let differences = names.compactMap { name in
        difference(in: name, values.map { $0.first { $0.name == name }?.value }, of: peers)
    }
    guard !differences.isEmpty else { return nil }
    let shown = 5
    let rest = differences.count > shown ? "; \(differences.count - shown) more differ" : ""
    return "the processes do not agree on \(topic): " + differences.prefix(shown).joined(separator: "; ")
        + rest
        + "; start the same command, with the same version and the same files, on every host"
}

/// Describes the difference between the values of one name; nil if they are the same.
private func difference(in name: String, _ values: [String?], of peers: [Peer]) -> String? {
    guard let own = values.first else { return nil }
    let others = values.indices.filter { !isSame(values[$0], own) }
    guard let other = others.first else { return nil }
    let (here, there) = excerpts(own, values[other])
    let rest = others.dropFirst()
    let verb = rest.count == 1 ? "differs" : "differ"
    let more = rest.isEmpty ? "" : " (\(named(Array(rest))) \(verb) from rank 0, too)"
    return "\(name) is \(here) on \(peers[0]), but \(there) on \(peers[other])\(more)"
}

/// Whether two values have the same bytes.
///
/// `==` would ignore some differences of Unicode.
private func isSame(_ first: String?, _ second: String?) -> Bool {
    guard let first, let second else { return first == nil && second == nil }
    return first.utf8.elementsEqual(second.utf8)
}

/// Quotes two values, and cuts long ones to the part in which they differ.
private func excerpts(_ first: String?, _ second: String?) -> (String, String) {
    let longest = 120
    let before = 30
    let scalars = [first, second].map { $0.map { Array($0.unicodeScalars) } }
    guard let one = scalars[0], let two = scalars[1], max(one.count, two.count) > longest else {
        return (
            quoted(scalars[0]?[...], longest, isCut: false),
            quoted(scalars[1]?[...], longest, isCut: false)
        )
    }
    let start = max(zip(one, two).prefix { $0 == $1 }.count - before, 0)
    return (
        quoted(one.dropFirst(start), longest, isCut: start > 0),
        quoted(two.dropFirst(start), longest, isCut: start > 0)
    )
}

/// Quotes a value on one line, with an ellipsis in place of anything left out.
private func quoted(_ scalars: ArraySlice<Unicode.Scalar>?, _ longest: Int, isCut: Bool) -> String {
    guard let scalars else { return "missing" }
    var text = String.UnicodeScalarView()
    text.append(contentsOf: scalars.prefix(longest))
    let ends = (isCut ? "…" : "", scalars.count > longest ? "…" : "")
    return JSONValue.string(ends.0 + String(text) + ends.1).compact
}
