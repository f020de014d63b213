import Checkpoints
import Files
import Foundation
import JSON

/// Converts a GGUF file's rotary positions to `rope_parameters` of a `config.json`.
extension GGUFMetadata {
    /// Returns the parameters of a model with one layer type.
    ///
    /// - Parameter allowsPartial: Whether the family can rotate only a part of each head.
    /// - Returns: The fields.
    /// - Throws: `.unsupported` for an unsupported scaling; `.badConfiguration` if a number is missing.
    func rope(allowsPartial: Bool = false) throws(ModelError) -> JSONObject {
        let headWidth = try headWidth()
        let width = self["rope.dimension_count"]?.int ?? headWidth
        guard width > 0, width <= headWidth, width.isMultiple(of: 2) else {
            throw bad("rope.dimension_count", "an even number up to the head width \(headWidth)")
        }
        guard width == headWidth || allowsPartial else {
            throw unsupported("the model rotates only \(counted(width, "number")) of a head")
        }
        var rope = try scaling(pairs: width / 2)
        rope["rope_theta"] = try theta("rope.freq_base")
        if allowsPartial { rope["partial_rotary_factor"] = .number(fraction(width, of: headWidth)) }
        return rope
    }

    /// The base of the frequencies; 10000 if the file does not state it.
    func theta(_ name: String) throws(ModelError) -> JSONValue { try number(name) ?? .number("10000.0") }

    /// Returns the scaling of the frequencies.
    ///
    /// - Parameter pairs: The number of rotated pairs of elements per head.
    /// - Returns: `rope_type` and its parameters.
    /// - Throws: The errors of ``rope(allowsPartial:)``.
    func scaling(pairs: Int) throws(ModelError) -> JSONObject {
        let long = try table("rope_factors_long.weight", count: pairs)
        let short = try table("rope_factors_short.weight", count: pairs)
        let frequencies = try table("rope_freqs.weight", count: pairs)
        let factor = try number(
            self["rope.scaling.factor"] == nil ? "rope.scale_linear" : "rope.scaling.factor"
        )
        // llama.cpp treats a factor without a type as linear, and 0 as none.
        let isScaled = factor?.double != nil && factor?.double != 0
        let type = self["rope.scaling.type"]?.string ?? (isScaled ? "linear" : "none")
        if let long, let short, type == "none" || type == "longrope" {
            return try longRope(long: long, short: short)
        }
        if long != nil || short != nil {
            throw unsupported("the model has only one of the two tables of rotary factors")
        }
        if let frequencies {
            guard type == "none" else {
                throw unsupported("the model scales its rotary frequencies twice")
            }
            return try stretched(by: frequencies)
        }
        switch type {
        case "none": return ["rope_type": .string("default")]
        case "linear" where !isScaled: return ["rope_type": .string("default")]
        case "linear": return ["rope_type": .string("linear"), "factor": factor ?? .null]
        case "yarn": return try yarn(factor)
        default: throw unsupported("the model scales its rotary frequencies with \"\(type)\"")
        }
    }

    /// Source: `_compute_yarn_parameters` of transformers 5.23; llama.cpp's converter writes the same fields.
    private func yarn(_ factor: JSONValue?) throws(ModelError) -> JSONObject {
        guard let factor, let original = self["rope.scaling.original_context_length"]?.int else {
            throw unsupported(
                "the model scales its rotary frequencies with \"yarn\" without a factor and original length"
            )
        }
        if let extrapolation = self["rope.scaling.yarn_ext_factor"]?.double, extrapolation != 1 {
            throw unsupported("the model has a yarn extrapolation factor of \(extrapolation)")
        }
        var rope: JSONObject = [
            "rope_type": .string("yarn"), "factor": factor,
            "original_max_position_embeddings": .int(original),
        ]
        for (name, field) in [
            "yarn_attn_factor": "attention_factor", "yarn_beta_fast": "beta_fast",
            "yarn_beta_slow": "beta_slow",
        ] { if let value = try number("rope.scaling.\(name)") { rope[field] = value } }
        return rope
    }

    /// Source: `_compute_longrope_parameters` of transformers 5.23; its GGUF reader ignores these tables.
    private func longRope(long: [Float], short: [Float]) throws(ModelError) -> JSONObject {
        let original = try count("rope.scaling.original_context_length")
        var rope: JSONObject = [
            "rope_type": .string("longrope"), "original_max_position_embeddings": .int(original),
            "long_factor": numbers(long), "short_factor": numbers(short),
        ]
        let scale = Double(try count("context_length")) / Double(original)
        let usual = scale > 1 ? (1 + log(scale) / log(Double(original))).squareRoot() : 1
        if let stated = self["rope.scaling.attn_factor"]?.double, stated.isFinite, abs(stated - usual) > 1e-4
        {
            rope["attention_factor"] = .number("\(Float(stated))")
        }
        return rope
    }

    /// Converts a table of divisors: Llama 3's, which llama.cpp's converter computes from four numbers, or any other.
    ///
    /// If the table matches Meta's models, the four numbers are restored. Otherwise the table is kept as both tables of
    /// longrope, with the same result. transformers ignores the table.
    private func stretched(by table: [Float]) throws(ModelError) -> JSONObject {
        if table.allSatisfy({ $0 == 1 }) { return ["rope_type": .string("default")] }
        let theta = try theta("rope.freq_base").double ?? 10_000
        let factor = table.max() ?? 1
        if isLlama3(table, factor: Double(factor), theta: theta) {
            return [
                "rope_type": .string("llama3"), "factor": .number("\(factor)"),
                "low_freq_factor": .number("1.0"), "high_freq_factor": .number("4.0"),
                "original_max_position_embeddings": .int(8192),
            ]
        }
        return [
            "rope_type": .string("longrope"), "attention_factor": .number("1.0"),
            "original_max_position_embeddings": .int(try count("context_length")),
            "long_factor": numbers(table), "short_factor": numbers(table),
        ]
    }

    /// Returns whether a table is that of Llama 3.1 and later: low factor 1, high factor 4, original length 8192.
    ///
    /// Source: `_compute_llama3_parameters` of transformers 5.23; llama.cpp's conversion/llama.py.
    private func isLlama3(_ table: [Float], factor: Double, theta: Double) -> Bool {
        table.enumerated().allSatisfy { index, value in
            let wavelength = 2 * Double.pi * pow(theta, Double(index) / Double(table.count))
            let smooth = (8192 / wavelength - 1) / 3
            let expected =
                wavelength < 8192 / 4 ? 1 : wavelength > 8192 ? factor : 1 / ((1 - smooth) / factor + smooth)
            // The converter computes in float32, with an error of a few units in the seventh digit.
            return abs(Double(value) - expected) < 1e-5 * expected
        }
    }

    private func numbers(_ values: [Float]) -> JSONValue { .array(values.map { .number("\($0)") }) }

    /// Returns a fraction that gives `part` again when multiplied by `whole` and truncated.
    private func fraction(_ part: Int, of whole: Int) -> String {
        let value = Double(part) / Double(whole)
        return "\(Int(value * Double(whole)) == part ? value : value.nextUp)"
    }
}
