import ArgumentParser
import Attune
import Classification
import Files
import Foundation
import Models
import Tokenization
import Torch
import Training

/// The step whose matrix products `attune doctor --model` measures.
struct StepOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Also measure the matrix products of a step of this model: a folder, a .gguf file, or an id of the Hub: "
                + "org/name[@revision]. Its weights are not read.",
            valueName: "model"
        )
    )
    var model: String?

    @Option(help: ArgumentHelp("The texts in the step. Default: 8.", valueName: "count"))
    var batchSize: Int?

    @Option(help: ArgumentHelp("The mean tokens of a text. Default: 35.", valueName: "count"))
    var tokens: Int?

    @Option(
        help: ArgumentHelp(
            "Count the mean tokens of the texts in this file of rows, folder or dataset of the Hub, instead of --tokens.",
            valueName: "path"
        )
    )
    var dataset: String?

    @OptionGroup var texts: TextOptions

    @Option(
        help: ArgumentHelp(
            "Seconds to measure each product, at least. Default: 0.3.",
            valueName: "seconds"
        )
    )
    var seconds: Double?

    func validate() throws {
        let needModel: [(flag: String, isGiven: Bool)] = [
            ("--batch-size", batchSize != nil), ("--tokens", tokens != nil), ("--dataset", dataset != nil),
            ("--seconds", seconds != nil), ("--text-column", texts.textColumn != nil),
            ("--text-pair-column", texts.textPairColumn != nil), ("--max-length", texts.maxLength != nil),
            ("--long-text", texts.longText != nil),
        ]
        if model == nil, let first = needModel.first(where: \.isGiven) {
            throw ValidationError("\(first.flag) has no effect without --model")
        }
        if dataset == nil, let first = needModel.dropFirst(4).first(where: \.isGiven) {
            throw ValidationError("\(first.flag) has no effect without --dataset")
        }
        if tokens != nil, dataset != nil {
            throw ValidationError(
                "--tokens and --dataset exclude each other: the dataset's tokens are counted"
            )
        }
        for (flag, value) in [("--batch-size", batchSize), ("--tokens", tokens)] {
            if let value, value < 1 { throw ValidationError("\(flag) must be at least 1") }
        }
        if let seconds, !(seconds > 0 && seconds < 1000) {
            throw ValidationError("--seconds must be more than 0 and less than 1000")
        }
    }

    /// Measures the products; nil without `--model`.
    ///
    /// - Returns: The findings.
    /// - Throws: The errors of reading the model and the dataset; `TorchError`.
    func measured() throws -> StepReport? {
        guard let model else { return nil }
        let path = try HubPath.model(model)
        let base = try HubPath.base(ofModelAt: path)
        let skeleton = try ModelSkeleton(path, base: base, maxLength: texts.maxLength)
        let products = try skeleton.stepProducts(
            texts: batchSize ?? 8,
            tokens: tokens ?? meanTokens(path, base) ?? 35
        )
        let shapes = counted(products.products.count, "matrix product")
        writeToStandardError("measuring \(shapes) of a step of \(model)\n")
        let waiting = CoreWaiting()
        let (limit, meanLimit) = try StepLimit.measured(products, seconds: seconds ?? 0.3)
        return StepReport(
            model: model,
            hasAdapter: skeleton.adapter != nil,
            limit: limit,
            meanLimit: meanLimit,
            wasMachineBusy: waiting.wasDisturbed(threads: try TorchRuntime.threadCount())
        )
    }

    /// The most rows whose tokens are counted.
    private static let mostRows = 10_000

    /// The mean number of tokens of the dataset's texts as the model reads them; nil without `--dataset`.
    private func meanTokens(_ path: String, _ base: String?) throws -> Int? {
        guard let dataset else { return nil }
        var told = ClassifierSettings()
        texts.apply(to: &told)
        let reader = try RowReader(model: path, told: told)
        let all = try rows(of: HubPath.dataset(dataset))
        guard all.count > 0 else { throw ValidationError("--dataset \(dataset) has no rows") }
        // Spread evenly, because rows are often sorted.
        let count = min(all.count, Self.mostRows)
        let inputs = try reader.inputs(of: all.select((0..<count).map { $0 * all.count / count }))
        let tokenizer = try TextClassifier.tokenizer(of: path, base: base)
        let length = try TextClassifier.lengthLimit(
            of: path,
            base: base,
            tokenizer: tokenizer,
            maxLength: reader.settings.maxLength
        ).tokens
        let encodings =
            switch inputs {
            case .texts(let texts):
                tokenizer.encodeBatch(texts, maxLength: length, longText: reader.settings.longText)
            case .pairs(let pairs): tokenizer.encodeBatch(pairs: pairs, maxLength: length)
            }
        return max(1, Int((Double(encodings.ids.count) / Double(count)).rounded()))
    }
}
