/// How the checkpoints of a family name their tensors.
///
/// The classifier's own names are those of transformers' `*ForSequenceClassification`; base models and other heads'
/// checkpoints name the same tensors with another prefix or none.
struct KeyMap: Sendable {
    /// A tensor that other checkpoints of the family carry and a classifier has no use for.
    struct Dropped: Sendable {
        /// What its name starts with; empty for anything.
        var prefix = ""
        /// What its name ends with; empty for anything.
        var suffix = ""
        /// Why it is left.
        var reason: String

        func matches(_ name: String) -> Bool { name.hasPrefix(prefix) && name.hasSuffix(suffix) }
    }

    /// Where the backbone's names stand in a classifier's checkpoint, `bert.`; bare base models lack it.
    let backbonePrefix: String
    /// Prefixes of the head's names.
    let headPrefixes: [String]
    /// Prefixes of names that base models may lack, and that are then made new: a pooler.
    var optionalPrefixes: [String] = []
    /// Old endings of names, and what they are called today.
    var renamedSuffixes: [(old: String, new: String)] = []
    /// What is left.
    var dropped: [Dropped] = []
    /// Endings of names that the family ignores, as transformers does.
    var ignoredSuffixes: [String] = []

    /// The classifier's name for a checkpoint's tensor.
    ///
    /// - Parameters:
    ///   - name: As the checkpoint has it.
    ///   - known: The classifier's names.
    /// - Returns: One of `known`; nil where the tensor is none of the classifier's.
    func classifierName(_ name: String, among known: Set<String>) -> String? {
        var name = name
        for (old, new) in renamedSuffixes where name.hasSuffix(old) {
            name = name.dropLast(old.count) + new
        }
        if known.contains(name) { return name }
        let prefixed = backbonePrefix + name
        return known.contains(prefixed) ? prefixed : nil
    }

    /// Whether an extra tensor is ignored silently, because its values follow from the configuration.
    func isIgnored(_ name: String) -> Bool {
        ComputedTensors.contain(name) || ignoredSuffixes.contains(where: name.hasSuffix)
    }

    /// Why a tensor that is none of the classifier's may be left; nil where nothing is known of it.
    func reasonToDrop(_ name: String) -> String? { dropped.first { $0.matches(name) }?.reason }

    /// Whether a classifier's name is the head's.
    func isHead(_ name: String) -> Bool { headPrefixes.contains { name.hasPrefix($0) } }

    /// Whether a classifier's name is one that base models may lack.
    func isOptional(_ name: String) -> Bool { optionalPrefixes.contains { name.hasPrefix($0) } }

    /// Of a decoder under `place.` with the generic head.
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
