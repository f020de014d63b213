import Evaluation
public import Files
public import Foundation
import JSON
public import Models

// `decisions.json` in a model's folder.
extension Decisions {
    /// The file's name in a model's folder.
    public static let fileName = "decisions.json"

    /// The version of the file, which changes with each new field, because an unknown decision cannot be ignored.
    public static let version = 1

    /// Larger files are rejected without reading.
    private static let largest = 64 << 20

    /// The text for a label that is never given and for a set of all labels, which no number expresses in JSON.
    private static let never = "never"

    /// Reads a model folder's `decisions.json`.
    ///
    /// - Parameter folder: A model's folder, which links may not leave.
    /// - Returns: The decisions; nil without the file.
    /// - Throws: ``ModelError`` if the file cannot be read or is damaged, naming file and field.
    public static func read(folder: URL) throws(ModelError) -> Decisions? {
        let file: MappedFile
        do throws(FileError) {
            file = try MappedFile(contentsOf: containedFile(fileName, in: folder))
        } catch {
            let path = folder.appending(path: fileName).path(percentEncoded: false)
            // A link without a target is an error; a missing file is not.
            let isLink = (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) != nil
            guard error.code == .missing, !isLink else { throw ModelError(.badConfiguration, error.message) }
            return nil
        }
        guard file.bytes.count <= largest else {
            throw damaged(file.path, "it has \(file.bytes.count) bytes")
        }
        return try Decisions(parsing: file.bytes, path: file.path)
    }

    /// Reads a model folder's `decisions.json` and compares its labels with the model's.
    ///
    /// - Parameters:
    ///   - folder: A model's folder.
    ///   - configuration: The model's own configuration.
    /// - Returns: The decisions; nil without the file.
    /// - Throws: As ``read(folder:)``; `.mismatchedLabels` if the file belongs to other labels.
    static func read(
        folder: URL,
        for configuration: ModelConfiguration
    ) throws(ModelError) -> Decisions? {
        guard let decisions = try read(folder: folder) else { return nil }
        let path = folder.appending(path: fileName).path(percentEncoded: false)
        try decisions.requireLabels(of: configuration, path: path)
        return decisions
    }

    /// Throws `.mismatchedLabels` if the decisions belong to other labels than a model's.
    func requireLabels(of configuration: ModelConfiguration, path: String) throws(ModelError) {
        let found = configuration.labels
        guard labels.map({ Array($0.utf8) }) == found.map({ Array($0.utf8) }) else {
            throw ModelError(
                .mismatchedLabels,
                "\(path) is for other labels than the model's (\(labels.prefix(4).joined(separator: ", ")); the model has "
                    + "\(found.prefix(4).joined(separator: ", "))): write it again with `attune calibrate`, or remove it"
            )
        }
    }

    /// Removes a model folder's `decisions.json`.
    ///
    /// - Parameter folder: The model's folder.
    /// - Returns: Whether there was one.
    /// - Throws: `FileError` if it cannot be removed.
    public static func remove(folder: URL) throws(FileError) -> Bool {
        let file = folder.appending(path: fileName)
        guard FileManager.default.fileExists(atPath: file.path(percentEncoded: false)) else { return false }
        do { try FileManager.default.removeItem(at: file) } catch { throw FileError(changing: file, error) }
        return true
    }

    /// Writes `decisions.json` atomically.
    ///
    /// - Parameter folder: The model's folder, which must exist.
    /// - Throws: `FileError` if it cannot be written.
    public func save(to folder: URL) throws(FileError) {
        try writeAtomically(Data(formatted.utf8), to: folder.appending(path: Self.fileName))
    }

    /// The text of `decisions.json`: one field per line.
    public var formatted: String {
        var members: [(String, JSONValue)] = [
            ("version", .int(Self.version)),
            ("problem_type", .string(problemType.rawValue)),
            ("labels", .array(labels.map(JSONValue.string))),
        ]
        func numbers(_ values: [Double]) -> JSONValue { .array(values.map(JSONValue.double)) }
        switch scaling {
        case .temperature(let temperature): members.append(("temperature", .double(temperature)))
        case .vector(let weights, let biases):
            members.append(("vector_weights", numbers(weights)))
            members.append(("vector_biases", numbers(biases)))
        case nil: break
        }
        if let thresholds {
            if let thresholdGoal { members.append(("threshold_goal", .string(thresholdGoal))) }
            let named = zip(labels, thresholds.values).compactMap { label, value in
                value.map { (label, $0.isFinite ? JSONValue.double($0) : .string(Self.never)) }
            }
            members.append(("thresholds", .object(JSONObject(named))))
        }
        if let sets {
            members.append(("conformal_method", .string(sets.method.rawValue)))
            members.append(("conformal_coverage", .double(sets.coverage)))
            let limit = sets.quantile
            members.append(("conformal_quantile", limit.isFinite ? .double(limit) : .string(Self.never)))
        }
        if let source {
            members.append(("dataset", .string(source.dataset)))
            members.append(("rows", .int(source.rows)))
            members.append(("measured_rows", .int(source.measuredRows)))
        }
        if !effect.isEmpty {
            let sorted = effect.sorted { $0.key < $1.key }.map { ($0.key, JSONValue.double($0.value)) }
            members.append(("effect", .object(JSONObject(sorted))))
        }
        let lines = members.map { "  " + JSONValue.string($0.0).compact + ": " + $0.1.compact }
        return "{\n" + lines.joined(separator: ",\n") + "\n}\n"
    }

    /// Parses the text of a `decisions.json`.
    ///
    /// - Parameters:
    ///   - bytes: The file's contents.
    ///   - path: Its path, for messages.
    /// - Throws: `.badConfiguration` naming the file and the field.
    public init(parsing bytes: some Collection<UInt8>, path: String) throws(ModelError) {
        let document: JSONValue
        do throws(JSONError) {
            document = try JSONValue.parse(bytes)
        } catch {
            throw Self.damaged(path, "it is not JSON: \(error)")
        }
        guard let object = document.object else { throw Self.damaged(path, "it is not a JSON object") }
        let reader = DecisionReader(object: object, path: path)
        try reader.requireKnown()
        let labels = try reader.texts("labels")
        let type = try reader.text("problem_type").flatMap(ProblemType.init(rawValue:))
        guard let labels, !labels.isEmpty, let type, type != .regression else {
            throw Self.damaged(path, "it needs labels, and a problem_type of single_label or multi_label")
        }
        self.init(labels: labels, problemType: type)
        if let temperature = try reader.number("temperature") {
            guard (1e-6...1e6).contains(temperature) else {
                throw Self.damaged(path, "temperature must be from 1e-6 to 1e6")
            }
            scaling = .temperature(temperature)
        } else if let weights = try reader.numbers("vector_weights", count: labels.count) {
            guard let biases = try reader.numbers("vector_biases", count: labels.count) else {
                throw Self.damaged(path, "vector_biases is missing")
            }
            scaling = .vector(weights: weights, biases: biases)
        }
        thresholdGoal = try reader.text("threshold_goal")
        thresholds = try reader.thresholds(labels)
        if let name = try reader.text("conformal_method") {
            guard let method = ConformalSets.Method(rawValue: name),
                let coverage = try reader.number("conformal_coverage"), coverage > 0, coverage < 1,
                let quantile = try reader.limit("conformal_quantile")
            else {
                throw Self.damaged(
                    path,
                    "conformal_method must be lac or aps, with a conformal_coverage between 0 and 1 and a conformal_quantile"
                )
            }
            sets = ConformalSets(method: method, coverage: coverage, quantile: quantile)
        }
        if let dataset = try reader.text("dataset") {
            source = Source(
                dataset: dataset,
                rows: try reader.number("rows").flatMap(Int.init(exactly:)) ?? 0,
                measuredRows: try reader.number("measured_rows").flatMap(Int.init(exactly:)) ?? 0
            )
        }
        for member in object["effect"].object?.members ?? [] {
            if let value = member.value.double { effect[member.name] = value }
        }
    }

    /// The error for a file that cannot be applied.
    static func damaged(_ path: String, _ reason: String) -> ModelError {
        ModelError(
            .badConfiguration,
            "\(path) is damaged: \(reason); write it again with `attune calibrate`, or remove it to use the model's own scores"
        )
    }
}

/// Reads the fields of a `decisions.json`.
private struct DecisionReader {
    let object: JSONObject
    let path: String

    private static let names: Set = [
        "version", "problem_type", "labels", "temperature", "vector_weights", "vector_biases",
        "threshold_goal",
        "thresholds", "conformal_method", "conformal_coverage", "conformal_quantile", "dataset", "rows",
        "measured_rows", "effect",
    ]

    /// Refuses unknown fields and later versions, because a decision that is not applied would go unnoticed.
    func requireKnown() throws(ModelError) {
        let found = object["version"]
        guard let version = found.int, version > 0 else {
            throw Decisions.damaged(path, "version must be a whole number from 1")
        }
        let unknown = object.members.map(\.name).first { !Self.names.contains($0) }
        guard version <= Decisions.version, unknown == nil else {
            throw ModelError(
                .badConfiguration,
                "\(path) has "
                    + (unknown.map { "the unknown field \"\($0.prefix(80))\"" } ?? "version \(version)")
                    + ", which this Attune cannot apply: update Attune, fix the field, or remove the file to use the model's "
                    + "own scores"
            )
        }
    }

    private func read<Value>(
        _ name: String,
        _ expected: String,
        _ read: (JSONValue) -> Value?
    ) throws(ModelError) -> Value? {
        let value = object[name]
        guard value != .null else { return nil }
        guard let result = read(value) else {
            throw Decisions.damaged(path, "\(name) must be \(expected), but is \(value.kind.prefix(80))")
        }
        return result
    }

    func text(_ name: String) throws(ModelError) -> String? { try read(name, "a string", \.string) }

    func number(_ name: String) throws(ModelError) -> Double? {
        try read(name, "a finite number") { $0.double.flatMap { $0.isFinite ? $0 : nil } }
    }

    /// A number, or "never" for infinity.
    func limit(_ name: String) throws(ModelError) -> Double? {
        try read(name, "a finite number or \"never\"", Self.limit)
    }

    private static func limit(_ value: JSONValue) -> Double? {
        value.string == "never" ? .infinity : value.double.flatMap { $0.isFinite ? $0 : nil }
    }

    func texts(_ name: String) throws(ModelError) -> [String]? {
        try read(name, "a list of strings") { value in
            let texts = (value.array ?? []).compactMap(\.string)
            return texts.count == value.array?.count ? texts : nil
        }
    }

    func numbers(_ name: String, count: Int) throws(ModelError) -> [Double]? {
        try read(name, "a list of \(count) numbers from -1e6 to 1e6") { value in
            let numbers = (value.array ?? []).compactMap(\.double).filter { abs($0) <= 1e6 }
            return numbers.count == count && value.array?.count == count ? numbers : nil
        }
    }

    /// The thresholds by label.
    func thresholds(_ labels: [String]) throws(ModelError) -> ScoreThresholds? {
        guard let named = try read("thresholds", "an object with a number for each label", \.object) else {
            return nil
        }
        var values = [Double?](repeating: nil, count: labels.count)
        for member in named.members {
            guard let id = labels.firstIndex(where: { $0.utf8.elementsEqual(member.name.utf8) }) else {
                throw Decisions.damaged(
                    path,
                    "thresholds names \"\(member.name.prefix(80))\", which is not among labels"
                )
            }
            guard let value = Self.limit(member.value) else {
                throw Decisions.damaged(
                    path,
                    "the threshold of \"\(member.name.prefix(80))\" must be a finite number or \"never\""
                )
            }
            values[id] = value
        }
        return ScoreThresholds(values)
    }
}
