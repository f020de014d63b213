import Foundation
import JSON
import Models
import TestSupport
import Testing
import Torch
import Training

@testable import AttuneCommand

/// `attune doctor --model`: the limit of a step.
@Suite(.hangGuard)
struct DoctorStepTests {
    private static let model = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)

    private func doctor(_ more: [String], in folder: URL? = nil) throws -> CommandOutcome {
        try attune(
            ["doctor", "--model", Self.model, "--seconds", "0.001"] + more,
            in: folder,
            variables: ["HF_HUB_OFFLINE": "1"]
        )
    }

    @Test func `it prints a table of products and the limits below it`() throws {
        let outcome = try doctor(["--batch-size", "3", "--tokens", "5"])
        #expect(outcome.code == 0, "\(outcome.errors)")
        let words = outcome.output.replacing(/\ +/, with: " ")
        for part in [
            "the matrix products of a step of 3 texts of 5 tokens, ",
            "\nlayers product rows in → out times MKL ",
            "mlp.gate_proj, mlp.up_proj forward 15 16 → 24 2 ", "mlp.down_proj weight gradient 3 24 → 16 1 ",
            "a square product 1,024 1,024 → 1,024 ", "\ntraining in float32: at most ",
            "\nprediction in float32: at most ", "if nothing but products took time", "\nadvice\n",
        ] {
            #expect(words.contains(part), "\(part): \(outcome.output)")
        }
    }

    @Test func `with --json the products, their speeds and the limits are numbers`() throws {
        let outcome = try doctor(["--batch-size", "3", "--tokens", "5", "--json"])
        #expect(outcome.code == 0, "\(outcome.errors)")
        let step = try JSONValue.parse(outcome.output.utf8)["step"]
        #expect(step["texts"].int == 3 && step["tokens"].int == 5)
        let products = try step["products"].elements()
        let forward = products.filter { $0["product"].string == "forward" }
        #expect(products.count == 3 * forward.count && !forward.isEmpty)
        var flop = 0.0
        for product in forward {
            let sizes = ["rows", "inputs", "outputs", "count"].map { product[$0].int ?? 0 }
            flop += 2 * Double(sizes.reduce(1, *))
            #expect(product["gigaflops"]["fp32 mkl"].double ?? 0 > 0)
        }
        let limits = step["limits"]
        #expect(limits["prediction"]["flop"].double == flop)
        #expect(limits["training"]["flop"].double == 3 * flop)
        for work in ["training", "prediction"] {
            #expect(limits[work]["fp32"]["gigaflops"].double ?? 0 > 0)
            #expect(limits[work]["fp32"]["texts_per_second"].double ?? 0 > 0)
            #expect(limits[work]["fp32"]["share_of_square"].double ?? 0 > 0)
            let best = limits[work]["fp32"]["texts_per_second"].double ?? 0
            let mean = limits[work]["fp32"]["mean_texts_per_second"].double ?? 0
            #expect(0 < mean && mean <= best)
        }
        #expect(step["square"]["size"].int == 1024)
    }

    @Test func `--output writes the same object to a file, next to the text`() throws {
        try withTemporaryFolder { folder in
            let outcome = try doctor(["--output", "found.json", "--tokens", "4"], in: folder)
            #expect(outcome.code == 0 && outcome.output.contains("\nadvice\n"), "\(outcome.errors)")
            let found = try JSONValue.parse(Data(contentsOf: folder.appending(path: "found.json")))
            #expect(found["step"]["tokens"].int == 4 && found["step"]["texts"].int == 8)
            #expect(found["threads"].int ?? 0 > 0 && found["cpu_kernels"].string != nil)
        }
    }

    @Test func `the tokens of a dataset are counted as the model reads them`() throws {
        try withTemporaryFolder { folder in
            try writeWeather(20, to: folder)
            let all = try doctor(["--dataset", "d.csv", "--json"], in: folder)
            #expect(all.code == 0, "\(all.errors)")
            let count = try #require(try JSONValue.parse(all.output.utf8)["step"]["tokens"].int)
            let cut = try doctor(["--dataset", "d.csv", "--max-length", "2", "--json"], in: folder)
            #expect(try JSONValue.parse(cut.output.utf8)["step"]["tokens"].int == 2 && count > 2)
        }
    }

    @Test(arguments: [
        (["--tokens", "3"], "--tokens has no effect without --model"),
        (["--model", "m", "--text-column", "a"], "--text-column has no effect without --dataset"),
        (["--model", "m", "--tokens", "3", "--dataset", "d"], "--tokens and --dataset exclude each other"),
        (["--model", "m", "--batch-size", "0"], "--batch-size must be at least 1"),
        (["--model", "m", "--seconds", "0"], "--seconds must be more than 0"),
        (["--model", "m", "--distributed"], "--distributed and --model exclude each other"),
    ])
    func `flags that do not fit are refused`(flags: [String], answer: String) throws {
        let outcome = try attune(["doctor"] + flags)
        #expect(outcome.code == 64 && outcome.output.isEmpty)
        #expect(outcome.errors.contains(answer), "\(outcome.errors)")
    }

    @Test func `more tokens than the model reads are refused`() throws {
        let outcome = try doctor(["--tokens", "100000"])
        #expect(
            outcome.code == 65 && outcome.errors.contains("the model reads at most "),
            "\(outcome.errors)"
        )
    }

    @Test func `the report shows the fastest route of each type, and warns about a busy machine`() {
        let products = StepProducts(
            [LayerUse(weight: "score.weight", block: nil, rows: 1000, inputs: 1000, outputs: 1000)],
            blocks: 0,
            texts: 10,
            tokens: 100
        )
        func limit(_ gigaflops: [ProbedRoute: Double]) -> StepLimit {
            let rates = ProductRates(gigaflops: gigaflops)
            let all = products.products.map { ($0.shape, rates) }
            return StepLimit(products, rates: .init(uniqueKeysWithValues: all), square: rates)
        }
        let report = StepReport(
            model: "m",
            hasAdapter: true,
            limit: limit([.mkl: 100, .oneDNN: 200, .bfloat16: 50]),
            meanLimit: limit([.mkl: 80, .oneDNN: 120, .bfloat16: 30]),
            wasMachineBusy: true
        )
        let text = report.text(columns: nil)
        #expect(text.contains("oneDNN; bf16"), "\(text)")
        // 6 GFLOP at 200 GFLOP/s: 10 texts in 0.03 s.
        #expect(text.contains("training in float32: at most 333 examples/s"), "\(text)")
        #expect(
            text.contains(
                "(6.00 GFLOP at 200 GFLOP/s, 100 % of the square product's 200); at the mean speeds of this measurement 200\n"
            ),
            "\(text)"
        )
        #expect(text.contains("products of the base model") && text.contains("other programs used the cores"))
    }
}
