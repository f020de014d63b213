/// The node lists of Slurm, such as `gpu[08-10,12],r[1-2]n[3-4]`.
///
/// Source: the man page of `scontrol` (show hostnames), whose output this equals.
package enum SlurmNodeList {
    /// The largest number of nodes that a list may have, so that absurd ranges cannot fill the memory.
    private static let limit = 100_000

    /// Expands a list into names.
    ///
    /// - Parameter list: A list as in `SLURM_STEP_NODELIST`.
    /// - Returns: The names in the list's order, with the zeros of ranges kept; at least one.
    /// - Throws: `.badLaunch` with the list, if it is empty or malformed, or has more than 100,000 nodes.
    package static func expand(_ list: String) throws(DistributedError) -> [String] {
        var names: [String] = []
        for part in try parts(of: list) {
            let expanded = try expandBrackets(of: part, in: list)
            guard names.count + expanded.count <= limit else { throw error(list, "it has too many nodes") }
            names += expanded
        }
        return names
    }

    /// Splits a list at its commas outside brackets.
    private static func parts(of list: String) throws(DistributedError) -> [Substring] {
        var parts: [Substring] = []
        var start = list.startIndex
        var isInside = false
        for index in list.indices {
            switch list[index] {
            case "[" where isInside, "]" where !isInside: throw error(list, "its brackets do not match")
            case "[", "]": isInside.toggle()
            case "," where !isInside:
                parts.append(list[start..<index])
                start = list.index(after: index)
            case let character where character.isWhitespace: throw error(list, "it contains a space")
            default: break
            }
        }
        guard !isInside else { throw error(list, "its brackets do not match") }
        parts.append(list[start...])
        guard !parts.contains(where: \.isEmpty) else { throw error(list, "a name is empty") }
        return parts
    }

    /// Expands all brackets of one part; the last one changes fastest.
    private static func expandBrackets(
        of part: Substring,
        in list: String
    ) throws(DistributedError) -> [String] {
        var names = [""]
        var rest = part
        while let open = rest.firstIndex(of: "["), let close = rest.firstIndex(of: "]") {
            let before = rest[..<open]
            var numbers: [String] = []
            for range in rest[rest.index(after: open)..<close].split(
                separator: ",",
                omittingEmptySubsequences: false
            ) {
                numbers += try expandRange(range, in: list)
                guard numbers.count * names.count <= limit else { throw error(list, "it has too many nodes") }
            }
            names = names.flatMap { name in numbers.map { "\(name)\(before)\($0)" } }
            rest = rest[rest.index(after: close)...]
        }
        return names.map { "\($0)\(rest)" }
    }

    /// Expands `08-10` or `12`.
    private static func expandRange(_ range: Substring, in list: String) throws(DistributedError) -> [String]
    {
        let ends = range.split(separator: "-", omittingEmptySubsequences: false)
        let numbers = ends.compactMap { end in
            end.allSatisfy { $0.isASCII && $0.isNumber } ? Int(end) : nil
        }
        guard numbers.count == ends.count, let first = numbers.first, let last = numbers.last, ends.count <= 2
        else { throw error(list, "\(range) is not a number or a range of numbers") }
        guard first <= last else { throw error(list, "the range \(range) is descending") }
        guard last - first < limit else { throw error(list, "it has too many nodes") }
        return (first...last).map { number in
            let digits = String(number)
            return String(repeating: "0", count: max(ends[0].count - digits.count, 0)) + digits
        }
    }

    private static func error(_ list: String, _ reason: String) -> DistributedError {
        DistributedError(
            .badLaunch,
            "cannot read Slurm's node list \"\(list)\": \(reason); set MASTER_ADDR to the host of rank 0"
        )
    }
}
