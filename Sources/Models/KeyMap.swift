/// The tensor names in a family's checkpoints.
///
/// The classifier's names are those of transformers' `*ForSequenceClassification`. Checkpoints of base models and other heads
/// use another prefix or none for the same tensors.
struct KeyMap: Sendable {
    /// A tensor in other checkpoints of the family that a classifier does not need.
    struct Dropped: Sendable {
        /// Prefix of the name; empty for any.
        var prefix = ""
        /// Suffix of the name; empty for any.
        var suffix = ""
        /// Why it is not loaded.
        var reason: String

        func matches(_ name: String) -> Bool { name.hasPrefix(prefix) && name.hasSuffix(suffix) }
    }

    /// Prefix of the backbone's names in a classifier's checkpoint, such as `bert.`; base models lack it.
    let backbonePrefix: String
    /// Prefixes of the head's names.
    let headPrefixes: [String]
    /// Prefixes of names that base models may lack and that are then initialized, such as a pooler.
    var optionalPrefixes: [String] = []
    /// Old suffixes of names and their replacements.
    var renamedSuffixes: [(old: String, new: String)] = []
    /// Tensors that are not loaded.
    var dropped: [Dropped] = []
    /// Suffixes of names that the family ignores, as in transformers.
    var ignoredSuffixes: [String] = []

    /// Returns the classifier's name for a checkpoint's tensor.
    ///
    /// - Parameters:
    ///   - name: The name in the checkpoint.
    ///   - known: The classifier's names.
    /// - Returns: One of `known`; nil if the tensor does not belong to the classifier.
    func classifierName(_ name: String, among known: Set<String>) -> String? {
        var name = name
        for (old, new) in renamedSuffixes where name.hasSuffix(old) {
            name = name.dropLast(old.count) + new
        }
        if known.contains(name) { return name }
        let prefixed = backbonePrefix + name
        return known.contains(prefixed) ? prefixed : nil
    }

    /// Returns whether an extra tensor is ignored silently because its values are computed from the configuration.
    func isIgnored(_ name: String) -> Bool {
        ComputedTensors.contain(name) || ignoredSuffixes.contains(where: name.hasSuffix)
    }

    /// Returns why a tensor outside of the classifier is not loaded; nil if it is unknown.
    func reasonToDrop(_ name: String) -> String? { dropped.first { $0.matches(name) }?.reason }

    /// Returns whether a classifier's name belongs to the head.
    func isHead(_ name: String) -> Bool { headPrefixes.contains { name.hasPrefix($0) } }

    /// Returns whether base models may lack a classifier's name.
    func isOptional(_ name: String) -> Bool { optionalPrefixes.contains { name.hasPrefix($0) } }

    /// The names of a decoder under `place.` with the generic head.
    static func decoder(place: String) -> KeyMap {
        KeyMap(
            backbonePrefix: place + ".",
            headPrefixes: ["score."],
            dropped: [
                Dropped(prefix: "lm_head.", reason: "a classifier has no language-model head"),
                Dropped(prefix: "embed_out.", reason: "a classifier has no language-model head"),
            ]
        )
    }
}
