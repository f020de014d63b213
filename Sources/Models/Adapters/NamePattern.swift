/// Compiles a regular expression to a test of whole texts, as Python's `re.fullmatch`.
///
/// The caller provides it, because regular expressions belong to tokenization.
package typealias PatternCompiler = (_ pattern: String) throws -> (_ text: String) -> Bool

/// Tests of module paths as in peft.
///
/// Source: `BaseTuner._check_target_module_exists` of peft 0.21 (tuners/tuners_utils.py).
package enum ModulePath {
    /// The last parts of paths, each once, in order.
    ///
    /// - Parameter paths: Such as `model.layers.0.self_attn.q_proj`.
    /// - Returns: Such as `q_proj`.
    package static func lastNames(of paths: [String]) -> [String] {
        var names: [String] = []
        for path in paths {
            let name = path.split(separator: ".").last.map(String.init) ?? path
            if !names.contains(name) { names.append(name) }
        }
        return names
    }

    /// Whether a path is a name, or ends with a dot and the name.
    static func ends(_ path: String, with name: String) -> Bool { path == name || path.hasSuffix("." + name) }

    /// Whether a path is in a module of that name, or is the module.
    static func isInside(_ path: String, _ module: String) -> Bool {
        ("." + path + ".").contains("." + module + ".")
    }

    /// The index of the block of a path.
    ///
    /// - Parameters:
    ///   - path: The path.
    ///   - patterns: The names before the index; empty for the first index after any two names.
    /// - Returns: The index, or nil for a path outside of blocks.
    static func block(of path: String, after patterns: [String]) -> Int? {
        let parts = path.split(separator: ".")
        if patterns.isEmpty {
            // `.*?\.[^.]*\.(\d+)\.`: the index is at least the third part, and a part follows.
            return parts.indices.dropFirst(2).dropLast().lazy.compactMap { Int(parts[$0]) }.first
        }
        for pattern in patterns {
            let names = pattern.split(separator: ".")
            for start in parts.indices where start + names.count + 1 < parts.count {
                if Array(parts[start..<start + names.count]) == names,
                    let index = Int(parts[start + names.count])
                {
                    return index
                }
            }
        }
        return nil
    }
}
