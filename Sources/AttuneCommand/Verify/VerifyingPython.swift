import Attune
import Checkpoints
import Export
import Foundation
import JSON

/// A Python program that compares a classifier's logits in another program with its `parity.json`, and exits with 1 if they differ.
struct VerifyingPython {
    /// The program that computes the logits.
    enum Runtime {
        case transformers(ClassifierPlace)
        case llamaCpp(file: String, isQuantized: Bool)
        /// ONNX Runtime or Core ML.
        case other(ForeignExport)
    }

    /// A number to compare, and the largest difference of it.
    struct Limit {
        let measure: String
        let value: String
    }

    let runtime: Runtime
    /// The folder, `.gguf` or `.attune` file with the record.
    let recordPlace: String
    /// The record itself, which decides how logits become scores.
    let record: ParityRecord
    /// The largest difference of a score; nil takes that of the number type.
    let tolerance: Double?

    /// Chooses the program for a model that Attune opens itself.
    ///
    /// - Parameter place: The model.
    /// - Returns: llama.cpp for a `.gguf` file, else transformers.
    /// - Throws: `ExportError` for a file that only Attune opens, or that Attune did not write; `CheckpointError`.
    static func runtime(of place: ClassifierPlace) throws -> Runtime {
        let file = place.first
        guard !isSingleFile(file) else {
            throw ExportError(
                .unsupported,
                "\(file) is opened by Attune only, so there is no program in Python: leave out --python"
            )
        }
        guard isGGUF(file) else { return .transformers(place) }
        let metadata = try GGUFFile(contentsOf: URL(filePath: file)).metadata
        guard metadata[GGUFKeys.tokenizer] != nil else {
            throw ExportError(
                .unsupported,
                "\(file) has no tokenizer.json inside, which `attune export` writes and the program in Python needs"
            )
        }
        return .llamaCpp(file: file, isQuantized: metadata["general.quantization_version"] != nil)
    }

    /// Whether a path is that of a single file.
    static func isSingleFile(_ path: String) -> Bool {
        let url = URL(filePath: path)
        return !isFolder(path)
            && (url.pathExtension.lowercased() == AttuneFile.fileExtension || AttuneFile.begins(url))
    }

    /// Whether a path is that of a GGUF file.
    static func isGGUF(_ path: String) -> Bool {
        !isFolder(path) && URL(filePath: path).pathExtension.lowercased() == "gguf"
    }

    private static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }

    /// The program.
    var text: String {
        let head = """
            # Compares \(Self.quoted(name)) in \(program) with the logits of \(record.rows.count) neutral texts that Attune recorded.
            # Exits with 1 if they differ. Needs: pip install \(packages.joined(separator: " "))
            \(imports.joined(separator: "\n"))
            """
        let body = [settings + "\n" + opening, scores, Self.comparison].joined(separator: "\n\n\n")
        return head + "\n\n" + body + "\n"
    }

    // MARK: Parts

    private var name: String {
        switch runtime {
        case .transformers(let place): place.first
        case .llamaCpp(let file, _): file
        case .other(let copy): copy.files.count == 1 ? copy.files[0] : copy.folder
        }
    }

    /// The record, and the models with their limits.
    private var settings: String {
        let entries = limits.map { path, limit in
            "    (\(Self.quoted(path)), \"\(limit.measure)\", \(limit.value)),\n"
        }
        return """
            record = json.loads(\(readRecord))
            # The largest allowed difference, of a logit or of a score.
            models = [
            \(entries.joined())]
            """
    }

    private var readRecord: String {
        let file = ParityRecord.fileName
        guard Self.isGGUF(recordPlace) else {
            return "pathlib.Path(\(Self.quoted(recordPlace)), \"\(file)\").read_text(encoding=\"utf-8\")"
        }
        return "gguf.GGUFReader(\(Self.quoted(recordPlace))).fields[\"\(GGUFKeys.file)\(file)\"].contents()"
    }

    /// The function that turns logits into scores.
    private var scores: String {
        let lines =
            switch record.problemType {
            case .singleLabel:
                ["powers = np.exp(logits - np.max(logits))", "return powers / np.sum(powers)"]
            case .multiLabel: ["return 1 / (1 + np.exp(-logits))"]
            case .regression: ["return logits"]
            }
        return "def scores(logits):\n" + lines.map { "    " + $0 }.joined(separator: "\n")
    }

    private static let comparison = """
        failed = False
        for path, measure, limit in models:
            answer = opened(path)
            largest = {"logit": 0.0, "score": 0.0}
            for row in record["texts"]:
                tokens, logits = answer(row)
                expected = np.array(row["logits"])
                differences = {
                    "logit": np.max(np.abs(logits - expected) / np.maximum(np.abs(expected), 1)),
                    "score": np.max(np.abs(scores(logits) - scores(expected))),
                }
                largest = {kind: np.maximum(largest[kind], differences[kind]) for kind in largest}
                # A comparison with NaN is false.
                if tokens != row["tokens"] or not differences[measure] <= limit:
                    failed = True
                    print(f"differs ({tokens} tokens, {row['tokens']} recorded): {row['text'][:60]!r}")
            print(f"{path}: largest difference of a logit {largest['logit']:.1e}, of a score {largest['score']:.1e}; "
                  f"allowed is {limit:g} of a {measure}")
        sys.exit(1 if failed else 0)
        """

    /// A text as a Python string.
    static func quoted(_ text: String) -> String { JSONValue.string(text).compact }
}
