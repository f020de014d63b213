public import Checkpoints
import Files
import Foundation
public import Models

/// Several adapters over one base model, chosen by name.
///
/// Adapters that keep the base in the same form share its weights, so a further one only takes its own memory.
///
/// ```swift
/// var adapters = NamedAdapters()
/// try adapters.load("runs/tone", as: "tone")
/// try adapters.load("runs/topic", as: "topic")
/// print(try adapters.classifier("topic").classify(["Thank you, Ohio!"]))
/// ```
public struct NamedAdapters {
    /// The base model; nil takes that of the first adapter.
    public private(set) var base: String?
    /// The names, in the order of loading.
    public private(set) var names: [String] = []
    private let options: SequenceClassifier.LoadOptions
    private var classifiers: [String: TextClassifier] = [:]

    /// Creates an empty collection.
    ///
    /// - Parameters:
    ///   - base: The folder, `.gguf` or `.attune` file of the base model; nil takes that of the first adapter.
    ///   - options: The device and the types of the weights.
    public init(base: String? = nil, options: SequenceClassifier.LoadOptions = .init()) {
        (self.base, self.options) = (base, options)
    }

    /// Loads an adapter.
    ///
    /// - Parameters:
    ///   - path: The adapter's folder.
    ///   - name: Its name in this collection.
    ///   - settings: Settings that override those of training.
    /// - Returns: The report of loading.
    /// - Throws: `ModelError` if the name is taken, the folder holds a whole model, or the adapter does not fit the base model; the
    ///   errors of ``TextClassifier/load(_:base:options:maxLength:settings:seed:)``.
    @discardableResult
    public mutating func load(
        _ path: String,
        as name: String,
        settings: ClassifierSettings = ClassifierSettings()
    ) throws -> LoadReport {
        guard classifiers[name] == nil else {
            throw ModelError(
                .unsupported,
                "there is an adapter named \"\(name)\" already; choose another name for \(path), or remove that one first"
            )
        }
        let source = try ModelSource(path: path, base: base, settings: settings)
        guard let adapter = source.adapter else {
            throw ModelError(.unsupported, "\(path) is a whole model, not an adapter")
        }
        let (classifier, report) = try TextClassifier.load(
            source,
            options: options,
            settings: settings,
            sharing: names.first.flatMap { classifiers[$0] }
        )
        base = base ?? adapter.base
        names.append(name)
        classifiers[name] = classifier
        return report
    }

    /// Removes an adapter and frees its memory.
    ///
    /// - Parameter name: Its name.
    /// - Throws: `ModelError` for an unknown name.
    public mutating func remove(_ name: String) throws(ModelError) {
        _ = try classifier(name)
        classifiers[name] = nil
        names.removeAll { $0 == name }
    }

    /// Returns the classifier with an adapter.
    ///
    /// - Parameter name: The adapter's name.
    /// - Returns: The classifier.
    /// - Throws: `ModelError` for an unknown name.
    public func classifier(_ name: String) throws(ModelError) -> TextClassifier {
        guard let classifier = classifiers[name] else {
            throw ModelError(
                .unsupported,
                "there is no adapter named \"\(name)\"; the loaded adapters are \(AdapterPlace.listed(names))"
            )
        }
        return classifier
    }
}

/// An adapter by its name, as peft saves several: the adapter `default` in a folder, the others in its subfolders.
package struct AdapterPlace: Sendable, Equatable {
    /// The adapter's name.
    package let name: String
    /// The adapter's folder.
    package let path: String

    /// The name that peft gives to the adapter in the folder itself.
    private static let usual = "default"

    /// The adapters in a folder.
    ///
    /// - Parameter folder: The folder's path.
    /// - Returns: The adapter in the folder itself, then those in its subfolders by name.
    package static func all(in folder: String) -> [AdapterPlace] {
        let own = ModelFolder(URL(filePath: folder))
        let inner = own.names.sorted().map { AdapterPlace(name: $0, path: "\(own.path)/\($0)") }
            .filter { !$0.name.hasPrefix("checkpoint-") && ModelFolder(URL(filePath: $0.path)).holdsAdapter }
        return (own.holdsAdapter ? [AdapterPlace(name: usual, path: own.path)] : []) + inner
    }

    /// Finds an adapter.
    ///
    /// - Parameters:
    ///   - name: The adapter's name.
    ///   - folder: The folder's path.
    /// - Throws: `ModelError` that lists the names if there is no such adapter.
    package init(_ name: String, in folder: String) throws(ModelError) {
        let all = Self.all(in: folder)
        guard let place = all.first(where: { $0.name == name }) else {
            throw ModelError(
                .missingFile,
                all.isEmpty
                    ? "\(folder) holds no adapters, so there is none named \"\(name)\"; give its folder with "
                        + "--adapter-name \(shellQuoted(name + "=FOLDER"))"
                    : "\(folder) holds no adapter named \"\(name)\", only \(Self.listed(all.map(\.name)))"
            )
        }
        self = place
    }

    /// Creates a place.
    ///
    /// - Parameters:
    ///   - name: The adapter's name.
    ///   - path: The adapter's folder.
    package init(name: String, path: String) { (self.name, self.path) = (name, path) }

    /// Names for a message.
    fileprivate static func listed(_ names: [String]) -> String {
        names.isEmpty ? "none" : names.map { "\"\($0)\"" }.joined(separator: ", ")
    }
}
