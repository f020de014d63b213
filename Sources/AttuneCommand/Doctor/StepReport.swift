import Attune
import Evaluation
import Files
import Foundation
import JSON
import Models
import Torch
import Training

/// The limit of a step: the speeds of its matrix products, and the texts per second that they allow.
struct StepReport {
    /// The model as typed.
    let model: String
    /// Whether the model has an adapter, whose products are not counted.
    let hasAdapter: Bool
    /// The best speeds that were measured.
    let limit: StepLimit
    /// The mean speeds of the same measurement.
    let meanLimit: StepLimit
    /// Whether other programs used the cores during the measurement.
    let wasMachineBusy: Bool

    /// The types of products, and their names in text and in JSON.
    private static let types: [(dtype: DType, name: String, key: String)] = [
        (.float32, "float32", "fp32"), (.bfloat16, "bfloat16", "bf16"),
    ]

    /// The routes of which any product has a speed.
    private var routes: [ProbedRoute] {
        ProbedRoute.allCases.filter { route in limit.rates.values.contains { $0.gigaflops[route] != nil } }
    }

    /// The products' GFLOP/s and the texts per second, both at the best speeds, the texts at the mean ones, and the share of the
    /// square product's speed; nil if the step has no speed in a type.
    private func speeds(
        of work: StepWork,
        in dtype: DType
    ) -> (gigaflops: Double, texts: Double, meanTexts: Double, shareOfSquare: Double)? {
        guard let gigaflops = limit.gigaflops(of: work, in: dtype),
            let texts = limit.textsPerSecond(of: work, in: dtype),
            let meanTexts = meanLimit.textsPerSecond(of: work, in: dtype),
            let shareOfSquare = limit.shareOfSquare(of: work, in: dtype)
        else { return nil }
        return (gigaflops, texts, meanTexts, shareOfSquare)
    }

    // MARK: For people

    /// The findings for people, with a line feed at the end.
    ///
    /// - Parameter columns: The terminal's columns; nil for no limit.
    /// - Returns: A table and the limits below it.
    func text(columns: Int?) -> String {
        let step = limit.products
        let size = "\(counted(step.texts, "text")) of \(counted(step.tokens, "token"))"
        return "the matrix products of a step of \(size), \(model), in GFLOP/s by route\n\n"
            + table.text(columns: columns) + "\n" + limits + notes
    }

    private var table: TextTable {
        let titles =
            ["layers", "product", "rows", "in → out", "times"] + routes.map(\.title) + ["fastest", "of time"]
        let rows = limit.products.products.map { product -> [String] in
            let shape = product.shape
            let place = [
                product.layers.joined(separator: ", "), shape.kind.rawValue, grouped(shape.rows),
                "\(grouped(shape.inputs)) → \(grouped(shape.outputs))", "\(product.count)",
            ]
            return place + speeds(limit.rates[shape]) + [share(of: product)]
        }
        let square = StepLimit.squareShape
        let peak = [
            "a square product", "", grouped(square.rows),
            "\(grouped(square.inputs)) → \(grouped(square.outputs))", "",
        ]
        return TextTable(
            rows: [titles] + rows + [peak + speeds(limit.square)],
            rightAligned: Set([2, 3, 4] + (5..<5 + routes.count)).union([titles.count - 1])
        )
    }

    /// The speed of each route, and the fastest route of each type.
    private func speeds(_ rates: ProductRates?) -> [String] {
        let cells = routes.map { rates?.gigaflops[$0].map(Self.rounded) ?? "" }
        let fastest = Self.types.compactMap { rates?.best(in: $0.dtype)?.route.title }
        return cells + [fastest.joined(separator: "; ")]
    }

    /// The product's part of the limit of a float32 training step.
    private func share(of product: StepProducts.Product) -> String {
        guard let own = limit.seconds(of: product, in: .float32),
            let all = limit.seconds(of: .training, in: .float32)
        else { return "" }
        return String(format: "%.1f %%", 100 * own / all)
    }

    /// One line per work and type.
    private var limits: String {
        var lines: [String] = []
        for work in StepWork.allCases {
            for type in Self.types {
                guard let found = speeds(of: work, in: type.dtype) else { continue }
                let flop = Self.rounded(limit.products.flop(of: work) / 1e9)
                let peak = limit.square.best(in: type.dtype).map { Self.rounded($0.gigaflops) } ?? ""
                lines.append(
                    "\(work.rawValue) in \(type.name): at most \(Self.rounded(found.texts)) examples/s if nothing but products took "
                        + "time (\(flop) GFLOP at \(Self.rounded(found.gigaflops)) GFLOP/s, "
                        + String(format: "%.0f %%", 100 * found.shareOfSquare)
                        + " of the square product's \(peak)); at the mean "
                        + "speeds of this measurement \(Self.rounded(found.meanTexts))"
                )
            }
        }
        return lines.map { $0 + "\n" }.joined()
    }

    private var notes: String {
        var notes = ""
        if hasAdapter {
            notes += "these are the products of the base model, trained whole; an adapter's step has others\n"
        }
        if wasMachineBusy {
            notes +=
                "other programs used the cores, so the speeds are too low: measure again on the quiet machine\n"
        }
        return notes
    }

    /// A number with three digits, or all digits of a larger one.
    private static func rounded(_ number: Double) -> String {
        String(format: number < 10 ? "%.2f" : number < 100 ? "%.1f" : "%.0f", number)
    }

    // MARK: For programs

    /// The findings for programs.
    var json: JSONObject {
        [
            "model": .string(model), "texts": .int(limit.products.texts),
            "tokens": .int(limit.products.tokens),
            "products": .array(limit.products.products.map { .object(object($0)) }),
            "square": .object([
                "size": .int(StepLimit.squareShape.rows), "gigaflops": .object(Self.speeds(limit.square)),
            ]),
            "limits": .object(
                JSONObject(
                    StepWork.allCases.map { work -> (String, JSONValue) in
                        (work.rawValue, .object(limits(of: work)))
                    }
                )
            ),
            "was_machine_busy": .bool(wasMachineBusy),
        ]
    }

    private func object(_ product: StepProducts.Product) -> JSONObject {
        [
            "layers": .array(product.layers.map(JSONValue.string)),
            "product": .string(product.shape.kind.rawValue),
            "rows": .int(product.shape.rows), "inputs": .int(product.shape.inputs),
            "outputs": .int(product.shape.outputs), "count": .int(product.count),
            "gigaflops": .object(limit.rates[product.shape].map(Self.speeds) ?? [:]),
        ]
    }

    private static func speeds(_ rates: ProductRates) -> JSONObject {
        JSONObject(
            ProbedRoute.allCases.compactMap { route -> (String, JSONValue)? in
                rates.gigaflops[route].map { (route.rawValue, .double($0)) }
            }
        )
    }

    private func limits(of work: StepWork) -> JSONObject {
        var object: JSONObject = ["flop": .double(limit.products.flop(of: work))]
        for type in Self.types {
            guard let found = speeds(of: work, in: type.dtype) else { continue }
            object[type.key] = .object([
                "gigaflops": .double(found.gigaflops), "texts_per_second": .double(found.texts),
                "mean_texts_per_second": .double(found.meanTexts),
                "share_of_square": .double(found.shareOfSquare),
            ])
        }
        return object
    }
}
