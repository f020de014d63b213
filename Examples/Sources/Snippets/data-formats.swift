// swift-format-ignore-file
// Written by Scripts/doc-snippets from docs/data-formats.md.
import Attune

/// Compiles the snippets of docs/data-formats.md.
func dataformats() async throws {
    do {
        let posts = try Dataset("posts.parquet").classEncodeColumn("type")
        let (train, test) = try posts.sample(.fraction(0.01), stratifyBy: "type", seed: 0)
            .trainTestSplit(testSize: .fraction(0.2), stratifyBy: "type", seed: 1)
        for row in try train.filter({ $0["body"].string?.isEmpty == false }).rows() { print(row["body"], row["type"]) }
        print("\(train.count) rows to train on, \(test.count) to evaluate on")
    }
}
