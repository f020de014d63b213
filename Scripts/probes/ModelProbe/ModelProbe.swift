import Checkpoints
import Foundation
import JSON
import Models
import NN
import Torch

/// Runs models for `check-models` and `compare-real-weights`, which compare its output with transformers.
@main
struct ModelProbe {
    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        do {
            switch arguments.first {
            case "save" where arguments.count == 5:
                let urls = arguments.dropFirst().map { URL(filePath: $0) }
                try save(urls[0], texts: urls[1], to: urls[2], again: urls[3])
            case "run" where arguments.count == 4:
                let run = try TextRun(model: arguments[1], texts: URL(filePath: arguments[2]))
                try run.write(to: URL(filePath: arguments[3]))
            default:
                print("usage: ModelProbe save MODEL TEXTS OUT AGAIN | ModelProbe run MODEL TEXTS RESULTS")
                exit(64)
            }
        } catch {
            print("\(error)")
            exit(70)
        }
    }

    /// Loads a model, scores texts, saves it, loads and saves the result again; prints one line of JSON.
    private static func save(_ model: URL, texts: URL, to first: URL, again second: URL) throws {
        let (model, report) = try open(model)
        let logits = try TextRun(model: model, texts: Texts(texts)).logits().array(of: Double.self)
        try model.save(to: first)
        try open(first).model.save(to: second)
        let line: JSONObject = [
            "logits": .array(logits.map(JSONValue.double)),
            "fresh": .array(report.fresh.map(JSONValue.string)),
            "unexpected": .array(report.unexpected.map(JSONValue.string)),
        ]
        print(JSONValue.object(line).compact)
    }

    /// Loads a model's folder or `.gguf` file with its weights unchanged, and with a fresh head if it has none.
    static func open(_ url: URL) throws -> (model: SequenceClassifier, report: LoadReport) {
        let checkpoint: any Checkpoint
        let configuration: ModelConfiguration
        if url.pathExtension == "gguf" {
            let file = try GGUFFile(contentsOf: url)
            configuration = try ModelConfiguration(gguf: file, source: url.lastPathComponent)
            checkpoint = try HubNamedGGUF(file)
        } else {
            let data = try Data(contentsOf: url.appending(path: "config.json"))
            configuration = try ModelConfiguration(parsing: data, source: url.lastPathComponent)
            checkpoint = try openCheckpoint(folder: url)
        }
        var options = SequenceClassifier.LoadOptions()
        if !configuration.isClassifier { options.labels = ["a", "b"] }
        let (model, report) = try SequenceClassifier.load(
            checkpoint,
            configuration: configuration,
            options: options,
            random: RandomSource(seed: 0)
        )
        return (model, report)
    }
}
