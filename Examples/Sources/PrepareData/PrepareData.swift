import Attune
import Foundation

/// Prepares data for fine-tuning, step by step: load, encode labels, keep a sample, split it, tokenize, write.
///
///     swift run -c release PrepareData posts.parquet MODEL OUT
///
/// The rows are the ones that the Python library datasets picks with the same seeds.
@main
struct PrepareData {
    static func main() throws {
        let arguments = CommandLine.arguments.dropFirst()
        guard arguments.count == 3 else {
            print("usage: PrepareData FILE MODEL OUT")
            return
        }
        let (file, model, out) = (arguments[1], arguments[2], URL(filePath: arguments[3]))

        // This reads only the file's schema.
        var posts = try Dataset(file)
        print(
            "\(posts.count) rows: \(posts.features.map { "\($0.name) (\($0.feature))" }.joined(separator: ", "))"
        )

        for column in ["mbti", "E-I", "N-S", "F-T", "J-P"] { posts = try posts.classEncodeColumn(column) }
        let sample = try posts.sample(.fraction(0.01), stratifyBy: "mbti", seed: 0)
        let (train, test) = try sample.loaded().trainTestSplit(
            testSize: .fraction(0.2),
            stratifyBy: "mbti",
            seed: 1
        )

        let tokenizer = try TextClassifier.tokenizer(of: model)
        for (name, part) in [("train", train), ("test", test)] {
            let tokenized = try part.tokenize("body", with: tokenizer, maxLength: tokenizer.modelMaxLength)
            try tokenized.write(to: out.appending(path: "\(name).parquet"), as: .parquet)
            print(
                "\(name): \(part.count) rows, labels \(try part.feature(of: "J-P").classLabel?.names ?? [])"
            )
        }
    }
}
