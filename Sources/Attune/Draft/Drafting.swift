import Classification
import Datasets
import Files
import Foundation
import Hub
import JSON
import Models
import Tokenization
import Torch

/// The state of a draft: settings are chosen one after another.
struct Drafting {
    private let data: DataSource
    private let options: RunOptions
    private(set) var values: [String: SettingValue]
    private(set) var choices: [RecipeDraft.Choice] = []
    private(set) var summary = ""

    /// The number of rows to train on, and the texts of a sample of them.
    private var rows = 0
    private var texts: [String] = []
    private var secondTexts: [String]?
    /// The machine's fastest products in GFLOP/s; nil on a GPU.
    private var speed: Double?
    /// The model, if the draft chose it.
    private var model: StarterModel?
    /// The estimated duration of the run on this machine; nil if it is not known.
    private(set) var seconds: Double?

    /// The most texts that are tokenized to choose the length.
    private static let tokenizedCount = 2_000

    init(data: DataSource, given: [String: SettingValue], options: RunOptions) {
        self.data = DataSource(
            data.name,
            split: data.split ?? given["split"]?.text,
            configuration: data.configuration ?? given["dataset_config"]?.text
        )
        self.options = options
        values = given
        values["dataset"] = .text(data.name)
        if let split = data.split { values["split"] = .text(split) }
        if let name = data.configuration { values["dataset_config"] = .text(name) }
    }

    private mutating func choose(_ setting: String, _ value: SettingValue, _ reason: String) {
        guard values[setting] == nil else { return }
        values[setting] = value
        choices.append(RecipeDraft.Choice(setting: setting, value: value, reason: reason))
    }

    private func gives(_ names: String...) -> Bool { names.contains { values[$0] != nil } }

    // MARK: Columns and hold-out

    /// Chooses the columns and the evaluation data.
    mutating func chooseData(at path: String) throws {
        let all = try Dataset(path, split: data.split, configuration: data.configuration)
        rows = all.count
        let sample = ColumnChoice.sample(of: all)
        summary =
            "\(counted(rows, "row")), columns \(all.columnNames.prefix(8).joined(separator: ", "))"
            + (all.columnNames.count > 8 ? ", …" : "")
        let columns = try ColumnChoice(
            ColumnChoice.profiles(of: sample, at: path),
            text: values["text_column"]?.text,
            label: gives("label_column", "label_columns") ? givenLabels : nil
        )
        chooseColumns(columns)
        chooseEvaluation(try Dataset.splitNames(of: path, configuration: data.configuration), columns)
        texts = try sample.strings(columns.text.columns[0]).map { $0 ?? "" }
        secondTexts = try values["text_pair_column"].map { try sample.strings($0.text).map { $0 ?? "" } }
    }

    private var givenLabels: [String] {
        ["label_column", "label_columns"].flatMap { name -> [String] in
            switch values[name] {
            case .list(let names): names
            case .text(let text) where name == "label_column": [text]
            case let value?: [String](value) ?? []
            case nil: []
            }
        }
    }

    private mutating func chooseColumns(_ columns: ColumnChoice) {
        choose("text_column", .text(columns.text.columns[0]), columns.text.reason)
        if let pair = columns.textPair { choose("text_pair_column", .text(pair), columns.text.reason) }
        if !gives("label_columns") {
            choose(
                "label_column",
                columns.label.columns.count == 1
                    ? .text(columns.label.columns[0]) : .list(columns.label.columns),
                columns.label.reason
            )
        }
        if columns.isRegression {
            choose("problem_type", .text("regression"), "the labels are numbers, to be learned as such")
        }
    }

    private mutating func chooseEvaluation(_ splits: [String], _ columns: ColumnChoice) {
        guard !gives("test_size", "eval_dataset", "eval_split") else { return }
        let own = data.split ?? "train"
        if splits.contains(own),
            let split = ["validation", "test"].first(where: { $0 != own && splits.contains($0) })
        {
            choose("eval_split", .text(split), "the folder has a split for it")
        } else {
            let reason = columns.hasOneLabel ? "a fifth; every label keeps its share" : "a fifth of the rows"
            choose("test_size", .double(0.2), reason)
        }
    }

    // MARK: Model

    /// Chooses a model that is quick enough on this machine, and the number of epochs.
    mutating func chooseModel() throws {
        speed = try gigaflops()
        // About 15,000 texts, but not more than ten passes.
        let usual = rows < 5_000 ? min(10, max(3, 15_000 / max(rows, 1))) : 3
        let isGiven = gives("num_train_epochs", "max_steps")
        let epochs = values["num_train_epochs"].flatMap { Double($0) } ?? Double(usual)
        // About four letters are a token; long texts are cut.
        let tokens = mean(texts.map { Double(min($0.unicodeScalars.count, 2_000)) }) / 4 * Double(rows)
        let cache = HubCache(folder: options.hub.cacheFolder)
        let (suggested, reason) = StarterModel.choice(
            tokens: tokens * epochs,
            manyLanguages: readsManyLanguages,
            gigaflops: speed,
            isCached: { $0.isCached(in: cache) }
        )
        if !gives("model") { model = suggested }
        choose("model", .text(suggested.id), reason)
        guard !isGiven else { return }
        let seconds = speed.flatMap { speed in model?.seconds(tokens: tokens, gigaflops: speed) } ?? 0
        let most = seconds > 0 ? max(1, Int(StarterModel.patience / seconds)) : usual
        let why =
            most < usual
            ? "more would take longer than \(Int(StarterModel.patience / 60)) minutes on this machine"
            : usual > 3 ? "few rows need more passes" : "the usual number of passes"
        choose("num_train_epochs", .int(min(most, usual)), why)
    }

    /// Whether the texts are not all in English, whose names and borrowed words have few letters beyond ASCII.
    private var readsManyLanguages: Bool {
        let letters = texts.reduce(0) { $0 + $1.unicodeScalars.count { $0.properties.isAlphabetic } }
        let others = texts.reduce(0) {
            $0 + $1.unicodeScalars.count { !$0.isASCII && $0.properties.isAlphabetic }
        }
        return Double(others) > 0.01 * Double(max(letters, 1))
    }

    private func mean(_ numbers: [Double]) -> Double {
        numbers.reduce(0, +) / Double(max(numbers.count, 1))
    }

    /// The float32 products of a core in our measurements, from below (docs/performance.md).
    private static let usualGigaflops = 50.0

    /// The machine's fastest products; nil on a GPU.
    private func gigaflops() throws -> Double? {
        guard try options.device ?? Device.preferred() == .cpu else { return nil }
        guard let place = options.measurements else { return 100 }
        let products = try MeasuredProducts.find(in: place)
        // A busy moment must not change what the same command chooses.
        guard !products.wasMachineBusy else {
            return Self.usualGigaflops * Double(AvailableCPUs.usefulThreads)
        }
        return products.speeds.float32.values.max()
    }

    // MARK: Length and batch

    /// Chooses the length by the tokens of a sample, and a batch that fits into memory.
    mutating func chooseSizes(model path: String) throws {
        let reading = try TextClassifier.tokenizerAndLimit(of: path)
        let places = spreadEvenly(min(Self.tokenizedCount, texts.count), over: texts.count)
        let inputs = TextInputs(
            places.map { texts[$0] },
            pairedTexts: secondTexts.map { second in places.map { second[$0] } }
        )
        let encodings = inputs.encoded(by: reading.tokenizer, maxLength: nil)
        let lengths = (0..<encodings.count).map { encodings.range(of: $0).count }.sorted()
        guard let longest = lengths.last else { return }
        let limit = reading.lengthLimit ?? .max
        let enough = lengths[min(lengths.count - 1, lengths.count * 95 / 100)]
        // A multiple of 16, as people write it.
        let length = min(limit, max(16, (enough + 15) / 16 * 16))
        let cut = Double(lengths.count { $0 > length }) / Double(lengths.count)
        let share = String(format: "%.1f %%", 100 * cut)
        let reason =
            longest <= length
            ? "no text has more tokens"
            : "cuts \(share) of the texts; the longest has \(counted(longest, "token"))"
                + (length == limit ? ", and the model takes \(limit)" : "")
        choose("max_length", .int(length), reason)
        let epochs = values["num_train_epochs"].flatMap { Double($0) } ?? 3
        if let model, let speed, !gives("max_steps") {
            let tokens = mean(lengths.map { Double(min($0, length)) }) * Double(rows) * epochs
            seconds = model.seconds(tokens: tokens, gigaflops: speed)
        }
        chooseBatch(length: values["max_length"].flatMap { Int($0) } ?? length, model: path)
    }

    private mutating func chooseBatch(length: Int, model path: String) {
        let size = rows < 500 ? 8 : rows < 20_000 ? 16 : 32
        if !gives("per_device_train_batch_size", "gradient_accumulation_steps") {
            let reason = size == 8 ? "few rows need many steps" : "the usual size for \(counted(rows, "row"))"
            choose("per_device_train_batch_size", .int(size), reason)
        }
        let batch = values["per_device_train_batch_size"].flatMap { Int($0) } ?? size
        guard let memory = ProcessMemory.available(),
            let configuration = try? ModelConfiguration(folder: URL(filePath: path)),
            let layers = configuration["num_hidden_layers"].int ?? configuration["n_layers"].int,
            let width = configuration["hidden_size"].int ?? configuration["dim"].int
        else { return }
        // A block keeps about 34 numbers of 4 bytes per token and unit of its width. Wrong sizes are refused when the model loads.
        let budget = 0.3 * Double(memory) / max(Double(layers) * Double(width) * 34 * 4, 1)
        guard Double(batch) * Double(length) > budget else { return }
        let tokens = max(length, Int(budget) / 512 * 512)
        choose(
            "max_tokens_per_batch",
            .int(tokens),
            "fits into \(formattedSize(memory)) of memory; the steps stay the same"
        )
    }

    // MARK: Evaluations and checkpoints

    /// Chooses to evaluate after every epoch, and to keep the best model.
    mutating func chooseTimes() {
        guard !gives("eval_strategy", "eval_steps", "save_strategy", "load_best_model_at_end"),
            gives("test_size", "eval_dataset", "eval_split"), !gives("max_steps")
        else { return }
        let epochs = values["num_train_epochs"].flatMap { Double($0) } ?? 3
        // The only pass is evaluated at the end anyway.
        guard epochs > 1 else { return }
        choose("eval_strategy", .text("epoch"), "a score after every pass")
        choose("save_strategy", .text("epoch"), "a checkpoint with every score")
        choose("load_best_model_at_end", .bool(true), "the best of these models is kept")
        choose("save_total_limit", .int(1), "older checkpoints are removed")
        if epochs > 3 {
            choose("early_stopping_patience", .int(2), "ends when two passes have not helped")
        }
    }
}
