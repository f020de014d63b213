import ArgumentParser
import Attune
import Foundation
import JSON

/// `attune adapter`.
struct AdapterCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "adapter",
        abstract: "Merges, shows or converts adapters: LoRA and DoRA.",
        subcommands: [AdapterMergeCommand.self, AdapterShowCommand.self, AdapterConvertCommand.self]
    )
}

/// An adapter.
struct AdapterArgument: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            "The adapter's folder, or an id of the Hub: org/name[@revision].",
            valueName: "adapter"
        )
    )
    var adapter: String

    /// The error for a model that is not an adapter.
    var wholeModel: ValidationError { ValidationError("\(adapter) is a whole model, not an adapter") }
}

/// An adapter and its base model.
struct AdapterOptions: ParsableArguments {
    @OptionGroup var argument: AdapterArgument

    @Option(
        help: ArgumentHelp(
            "The base model, if the one that the adapter names is elsewhere.",
            valueName: "model"
        )
    )
    var adapterBase: String?

    /// Loads the adapter with its base model.
    ///
    /// - Parameter dtype: The type of the base model's weight matrices.
    /// - Returns: A classifier with an adapter.
    /// - Throws: `ModelError` for a whole model; the errors of loading.
    func load(_ dtype: DType = .float32) throws -> TextClassifier {
        let path = try HubPath.model(argument.adapter)
        var options = SequenceClassifier.LoadOptions()
        options.weightsDType = dtype
        let base = try HubPath.base(ofModelAt: path, named: adapterBase)
        let (classifier, _) = try TextClassifier.load(path, base: base, options: options)
        guard classifier.adapter != nil else { throw argument.wholeModel }
        for note in classifier.notes { writeToStandardError("attune: warning: \(note)\n") }
        return classifier
    }
}

/// `attune adapter merge`.
struct AdapterMergeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge",
        abstract: "Adds an adapter to its base model and saves a whole classifier.",
        discussion: """
            The sum is computed in float32 and rounded once. The base model is not changed.
            """
    )

    @OptionGroup var source: AdapterOptions

    @Option(help: ArgumentHelp("The folder for the whole classifier.", valueName: "folder"))
    var output: String

    @Option(
        help: ArgumentHelp(
            "A text on which the logits before and after are compared; may be repeated.",
            valueName: "text"
        )
    )
    var text: [String] = []

    @OptionGroup var weights: WeightsOptions
    @OptionGroup(title: "Messages") var messages: MessageOptions

    func run() throws {
        try reportingFailure(messages) {
            let folder = URL(filePath: output, directoryHint: .isDirectory)
            try requireEmpty(folder)
            let classifier = try source.load(weights.dtype)
            let texts = classifier.encode(text)
            let before = try classifier.logits(texts)
            try classifier.mergeAdapter()
            let after = try classifier.logits(texts)
            try classifier.save(to: folder)
            let change = zip(before.joined(), after.joined()).map { abs($0 - $1) }.max()
            var object: JSONObject = ["output": .string(output)]
            object["largest_logit_change"] = change.map { .double(Double($0)) } ?? .null
            let note =
                change.map { String(format: "; the logits of the given texts changed by at most %.2g", $0) }
                ?? ""
            try printResult("\(output): a whole classifier\(note)", object, asJSON: messages.json)
        }
    }
}

/// `attune adapter convert`.
struct AdapterConvertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Writes a PiSSA or OLoRA adapter as plain LoRA of twice the rank.",
        discussion: """
            PiSSA and OLoRA change the weights of the base model, so that a program must repeat that when it loads the adapter. \
            Plain LoRA works on the unchanged model.
            """
    )

    @OptionGroup var source: AdapterOptions

    @Option(help: ArgumentHelp("The folder for the converted adapter.", valueName: "folder"))
    var output: String

    @OptionGroup(title: "Messages") var messages: MessageOptions

    func run() throws {
        try reportingFailure(messages) {
            let folder = URL(filePath: output, directoryHint: .isDirectory)
            try requireEmpty(folder)
            try source.load().savePlainAdapter(to: folder)
            try printResult(
                "\(output): plain LoRA of twice the rank",
                ["output": .string(output)],
                asJSON: messages.json
            )
        }
    }
}

/// `attune adapter show`.
struct AdapterShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Shows an adapter: its base model, layers, ranks and labels. The base model is not needed."
    )

    @OptionGroup var source: AdapterArgument
    @OptionGroup(title: "Messages") var messages: MessageOptions

    func run() throws {
        try reportingFailure(messages) {
            guard let summary = try AdapterSummary(path: HubPath.model(source.adapter)) else {
                throw source.wholeModel
            }
            let description = AdapterDescription(summary)
            if messages.json {
                try print(JSONValue.object(description.object).oneLineInOrder)
            } else {
                try printFolded(description.text)
            }
        }
    }
}

/// Refuses a folder that has files, which would be mixed with those to be written.
private func requireEmpty(_ folder: URL) throws {
    let names =
        (try? FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false))) ?? []
    guard names.isEmpty else {
        throw ValidationError(
            "--output \(folder.path(percentEncoded: false)) is not empty; give a new folder"
        )
    }
}
