import ArgumentParser

/// Chooses each setting of `attune serve`: the flag, else the variable of the environment, else the default.
///
/// The variable of `--max-batch-tokens` is `MAX_BATCH_TOKENS`, as for text-embeddings-inference. An empty variable counts as unset.
struct ServeVariables {
    /// A value that is not the default.
    struct Chosen: Equatable {
        /// The flag of the setting.
        let flag: String
        /// The value to show; a key is not shown.
        let value: String
        /// The variable that gave it; nil for the flag.
        let variable: String?
    }

    private let environment: [String: String]
    /// The values that are not defaults, in the order of reading.
    private(set) var chosen: [Chosen] = []

    /// Creates a chooser.
    ///
    /// - Parameter environment: The variables of the process.
    init(_ environment: [String: String]) { self.environment = environment }

    /// A variable of the environment.
    subscript(variable: String) -> String? { environment[variable] }

    /// Chooses a value.
    ///
    /// - Parameters:
    ///   - flag: The flag, with dashes.
    ///   - typed: The flag's value; nil if it is not given.
    ///   - variables: The variables, the first that is set counts; nil takes the flag's name in upper-snake case.
    ///   - isSecret: Whether the value is not shown.
    ///   - parse: Reads a variable's text; nil if it is not a value.
    /// - Returns: The value; nil if neither flag nor variable is given.
    /// - Throws: `ValidationError` for a variable that cannot be read.
    mutating func value<Value>(
        _ flag: String,
        _ typed: Value?,
        variables: [String]? = nil,
        isSecret: Bool = false,
        _ parse: (String) -> Value?
    ) throws -> Value? {
        if let typed {
            note(flag, Self.shown(typed), nil, isSecret)
            return typed
        }
        for variable in variables ?? [Self.variable(of: flag)] {
            guard let text = environment[variable], !text.isEmpty else { continue }
            guard let value = parse(text) else {
                let shown = isSecret ? "its value" : "\"\(text)\""
                throw ValidationError(
                    "the variable \(variable) gives \(flag), and \(shown) is not a value of it; correct or unset it"
                )
            }
            note(flag, text, variable, isSecret)
            return value
        }
        return nil
    }

    /// Chooses a text.
    mutating func text(
        _ flag: String,
        _ typed: String?,
        variables: [String]? = nil,
        isSecret: Bool = false
    ) throws -> String? {
        try value(flag, typed, variables: variables, isSecret: isSecret) { $0 }
    }

    /// Chooses a whole number.
    ///
    /// - Throws: `ValidationError` if it is below `least`.
    mutating func count(_ flag: String, _ typed: Int?, atLeast least: Int = 1) throws -> Int? {
        guard let number = try value(flag, typed, { Int($0) }) else { return nil }
        guard number >= least else {
            throw ValidationError("\(flag) must be at least \(least), not \(number)")
        }
        return number
    }

    /// Chooses a number of seconds.
    ///
    /// - Throws: `ValidationError` if it is negative or not finite.
    mutating func seconds(_ flag: String, _ typed: Double?) throws -> Double? {
        guard let number = try value(flag, typed, { Double($0) }) else { return nil }
        // Beyond a day, a number is more likely milliseconds.
        guard (0...86_400).contains(number) else {
            throw ValidationError("\(flag) must be a number of seconds from 0 to 86400, not \(number)")
        }
        return number
    }

    /// Chooses true or false; variables may also say 1 or 0.
    mutating func truth(_ flag: String, _ typed: Bool?) throws -> Bool? {
        try value(flag, typed) { ["true": true, "1": true, "false": false, "0": false][$0.lowercased()] }
    }

    /// Chooses a list; a variable separates its values by commas.
    mutating func list(
        _ flag: String,
        _ typed: [String],
        variables: [String]? = nil,
        isSecret: Bool = false
    ) throws -> [String]? {
        let typed = typed.isEmpty ? nil : typed
        let values = try value(flag, typed.map(ListedValues.init), variables: variables, isSecret: isSecret) {
            ListedValues(values: $0.split(separator: ",").map { String($0.trimmingPrefix(" ")) })
        }
        return values?.values
    }

    private mutating func note(_ flag: String, _ value: String, _ variable: String?, _ isSecret: Bool) {
        chosen.append(Chosen(flag: flag, value: isSecret ? "(not shown)" : value, variable: variable))
    }

    /// A value as it is typed.
    private static func shown(_ value: some Any) -> String {
        (value as? DeviceMemory)?.typed ?? "\(value)"
    }

    /// The variable of a flag: `--max-items` has `MAX_ITEMS`.
    static func variable(of flag: String) -> String {
        flag.drop { $0 == "-" }.uppercased().replacing("-", with: "_")
    }
}

/// Values that are shown with commas.
private struct ListedValues: CustomStringConvertible {
    let values: [String]
    var description: String { values.joined(separator: ",") }
}
