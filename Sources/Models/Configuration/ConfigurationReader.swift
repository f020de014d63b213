import JSON
import NN

/// Reads a configuration's fields with errors that name them, and records which were read, so that unread fields that could
/// change the result are reported.
final class ConfigurationReader {
    let configuration: ModelConfiguration
    /// The padding token in the checkpoint's configuration.
    ///
    /// Its embedding is not trained. The tokenizer's may differ.
    let paddingIndex: Int?
    /// Names of the fields that were read.
    private(set) var readNames: Set<String> = []
    /// How contradictions in the configuration were resolved, one sentence each.
    private(set) var notes: [String] = []

    init(_ configuration: ModelConfiguration, paddingIndex: Int?) {
        self.configuration = configuration
        self.paddingIndex = paddingIndex
    }

    /// The origin of the configuration, for messages.
    var source: String { configuration.source }

    /// A field; null if missing.
    subscript(name: String) -> JSONValue {
        readNames.insert(name)
        return configuration[name]
    }

    /// Adds a note unless it exists already.
    func note(_ text: String) {
        if !notes.contains(text) { notes.append(text) }
    }

    /// Whether a field is missing or null.
    func isMissing(_ name: String) -> Bool { self[name] == .null }

    func integer(_ name: String, default fallback: Int? = nil) throws(ModelError) -> Int {
        let value = self[name]
        if value == .null, let fallback { return fallback }
        // Sizes are capped at 1e9 so that products cannot overflow.
        guard let value = value.int, value > 0, value <= 1_000_000_000 else {
            throw bad(name, "a positive whole number")
        }
        return value
    }

    /// A positive whole number; nil if the field is null.
    ///
    /// If it is missing, the default of transformers' configuration class.
    func optionalInteger(_ name: String, missing fallback: Int? = nil) throws(ModelError) -> Int? {
        if self[name] == .null { return configuration.fields.contains(name) ? nil : fallback }
        return try integer(name)
    }

    func number(_ name: String, default fallback: Double) throws(ModelError) -> Double {
        let value = self[name]
        if value == .null { return fallback }
        guard let value = value.double, value.isFinite else { throw bad(name, "a number") }
        return value
    }

    /// The number that a norm adds to the variance.
    ///
    /// It must not be negative, to avoid the root of a negative number.
    func epsilon(_ name: String, default fallback: Double) throws(ModelError) -> Double {
        let value = try number(name, default: fallback)
        guard value >= 0 else { throw bad(name, "a number of at least 0") }
        return value
    }

    /// A positive number; nil if the field is missing or null.
    func optionalNumber(_ name: String) throws(ModelError) -> Double? {
        if self[name] == .null { return nil }
        let value = try number(name, default: 0)
        guard value > 0 else { throw bad(name, "a positive number") }
        return value
    }

    /// A dropout probability.
    func probability(_ name: String, default fallback: Double = 0) throws(ModelError) -> Double {
        let value = try number(name, default: fallback)
        guard (0..<1).contains(value) else { throw bad(name, "a number from 0 to below 1") }
        return value
    }

    func flag(_ name: String, default fallback: Bool) throws(ModelError) -> Bool {
        let value = self[name]
        if value == .null { return fallback }
        guard let value = value.bool else { throw bad(name, "true or false") }
        return value
    }

    func text(_ name: String, default fallback: String) throws(ModelError) -> String {
        let value = self[name]
        if value == .null { return fallback }
        guard let value = value.string else { throw bad(name, "a string") }
        return value
    }

    func activation(_ name: String, default fallback: Activation) throws(ModelError) -> Activation {
        let value = try text(name, default: fallback.rawValue)
        if let activation = Activation(configurationName: value) { return activation }
        let known = Activation.allCases.map(\.rawValue).joined(separator: ", ")
        throw ModelError(.unsupported, "\(source): `\(name)` is \"\(value)\"; supported are \(known)")
    }

    /// Standard deviation of fresh weights.
    func initializerRange() throws(ModelError) -> Double { try number("initializer_range", default: 0.02) }

    func bad(_ name: String, _ expected: String) -> ModelError {
        let found = configuration[name] == .null ? "is missing" : "is \(configuration[name].kind)"
        return ModelError(.badConfiguration, "\(source): `\(name)` \(found); expected \(expected)")
    }

    /// Throws unless key/value heads divide the heads evenly and rotary positions have an even width.
    func requireHeads(_ count: Int, keyValueHeads: Int, width: Int, isRotary: Bool) throws(ModelError) {
        guard count.isMultiple(of: keyValueHeads), !isRotary || width.isMultiple(of: 2) else {
            throw ModelError(
                .badConfiguration,
                "\(source): \(count) attention heads of width \(width) do not match \(keyValueHeads) key/value heads; "
                    + "the number of heads must be a multiple of the key/value heads, and the width must be even"
            )
        }
    }

    /// Returns the width of each of `heads` heads that share a hidden size.
    func headWidth(_ hiddenSize: Int, heads: Int) throws(ModelError) -> Int {
        guard hiddenSize.isMultiple(of: heads) else {
            throw ModelError(
                .badConfiguration,
                "\(source): the hidden size \(hiddenSize) does not divide into \(heads) attention heads"
            )
        }
        return hiddenSize / heads
    }
}
