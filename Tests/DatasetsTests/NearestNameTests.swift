import Testing

@testable import Datasets

/// Suggestions for unknown names.
struct NearestNameTests {
    private let flags = [
        "model", "dataset", "text-column", "label-column", "learning-rate", "num-train-epochs",
        "warmup-steps",
        "warmup-ratio", "per-device-train-batch-size", "per-device-eval-batch-size", "weights-dtype",
        "class-weights", "test-size", "seed", "gradient-accumulation-steps", "gradient-checkpointing",
        "eval-strategy", "save-strategy",
    ]

    @Test(
        arguments: [
            ("modle", "model"), ("learning_rate", "learning-rate"), ("Learning Rate", "learning-rate"),
            ("learn-rate", "learning-rate"), ("lerning-rate", "learning-rate"),
            ("epochs", "num-train-epochs"),
            ("train-batch", "per-device-train-batch-size"), ("test-szie", "test-size"), ("sed", "seed"),
            ("lern-rate", "learning-rate"), ("leraning", "learning-rate"), ("eval-stratgy", "eval-strategy"),
            ("label-colum", "label-column"), ("gradient-acumulation", "gradient-accumulation-steps"),
            ("gradent-accum", "gradient-accumulation-steps"), ("grad-checkpont", "gradient-checkpointing"),
            ("num-epocs", "num-train-epochs"), ("textcolum", "text-column"),
        ]
    )
    func `finds transposed, wrong and missing letters, other separators and shortened words`(
        typed: String,
        meant: String
    ) {
        #expect(nearest(to: typed, among: flags) == meant)
    }

    @Test(
        arguments: [
            "", "-", "x", "lr", "nonsense", "warmup", "batch-size", "weights", "deploy", "tree", "gradient",
            "gradent", "strategy", "stratgy", "trees-rate", "rate-learning", "lea-rat-x", "model-size",
        ])
    func `suggests nothing far-fetched, and nothing if several names are meant equally`(typed: String) {
        #expect(nearest(to: typed, among: flags) == nil)
    }

    @Test func `a transposition is one edit, so that short verbs are found`() {
        let verbs = ["train", "plan", "evaluate", "predict", "data", "hub"]
        #expect(nearest(to: "trian", among: verbs) == "train")
        #expect(nearest(to: "plna", among: verbs) == "plan")
        #expect(nearest(to: "evalaute", among: verbs) == "evaluate")
        #expect(nearest(to: "hbu", among: verbs) == "hub")
        #expect(nearest(to: "run", among: verbs) == nil)
    }
}
