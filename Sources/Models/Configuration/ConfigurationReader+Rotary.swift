import Foundation
import JSON
import NN

extension ConfigurationReader {
    /// Where a family keeps its rotary fields outside `rope_parameters`, and what holds where they are missing.
    struct RotaryFields {
        var thetaField = "rope_theta"
        var defaultTheta = 10_000.0
        /// The share of each head that turns; nil for families in which all of it does.
        var partialField: String?
        var defaultPartial = 1.0
        var defaultOriginalLength: Int?
        /// Names of scalings that mean another one in this family.
        var aliases: [String: String] = [:]
    }

    /// Rotary frequencies, in the spelling of transformers 5 (`rope_parameters`) or before (`rope_theta`, `rope_scaling`).
    ///
    /// - Parameters:
    ///   - headWidth: D.
    ///   - fields: Where the family keeps them.
    ///   - layerType: Whose parameters, where each type of layer has its own.
    /// - Returns: The embedding.
    /// - Throws: `.unsupported` for a scaling that is not known; `.badConfiguration` where it lacks a number.
    ///
    /// Source: `RotaryEmbeddingConfigMixin` of transformers 5.23 (modeling_rope_utils.py).
    func rotary(
        headWidth: Int,
        _ fields: RotaryFields = RotaryFields(),
        layerType: String? = nil
    ) throws(ModelError) -> RotaryEmbedding {
        let all = self["rope_parameters"]
        let own = layerType.map { all[$0] } ?? .null
        let legacy = self["rope_scaling"]
        let parameters = own != .null ? own : all != .null ? all : legacy
        let theta = parameters["rope_theta"].double ?? self[fields.thetaField].double ?? fields.defaultTheta
        guard theta > 0, theta.isFinite else { throw bad(fields.thetaField, "a positive number") }
        let width = try rotaryWidth(headWidth, parameters, fields)
        let written = parameters["rope_type"].string ?? parameters["type"].string ?? "default"
        let scaling = try scaling(fields.aliases[written] ?? written, parameters, fields, width: width)
        return RotaryEmbedding(width: width, theta: theta, scaling: scaling)
    }

    private func rotaryWidth(
        _ headWidth: Int,
        _ parameters: JSONValue,
        _ fields: RotaryFields
    ) throws(ModelError) -> Int {
        // The table of frequencies is made before any weight is looked at.
        guard headWidth <= 1 << 16 else {
            throw ModelError(
                .badConfiguration,
                "\(source): a head of width \(headWidth) is wider than any model's; look at `head_dim` or `hidden_size`"
            )
        }
        let share: Double
        if let field = fields.partialField {
            share = parameters["partial_rotary_factor"].double ?? self[field].double ?? fields.defaultPartial
        } else {
            share = parameters["partial_rotary_factor"].double ?? 1
            guard share == 1 else {
                throw ModelError(
                    .unsupported,
                    "\(source): `partial_rotary_factor` \(share) is not known for models of type "
                        + "\"\(configuration.modelType)\""
                )
            }
        }
        let width = share > 0 && share <= 1 ? Int(Double(headWidth) * share) : 0
        guard width > 0, width.isMultiple(of: 2) else {
            throw ModelError(
                .badConfiguration,
                "\(source): \(share) of a head of width \(headWidth) is to turn; it must be a share that gives an even width"
            )
        }
        return width
    }

    private func scaling(
        _ type: String,
        _ parameters: JSONValue,
        _ fields: RotaryFields,
        width: Int
    ) throws(ModelError) -> RotaryScaling {
        func value(_ name: String) throws(ModelError) -> Double {
            if let value = parameters[name].double, value > 0, value.isFinite { return value }
            throw ModelError(
                .badConfiguration,
                "\(source): rope scaling of type \"\(type)\" needs a positive `\(name)`"
            )
        }
        switch type {
        case "default": return .none
        case "dynamic":
            guard width > 2 else { throw bad("head_dim", "more than 2 numbers to turn") }
            return .dynamic(
                factor: try value("factor"),
                originalLength: try integer("max_position_embeddings")
            )
        case "linear": return .linear(factor: try value("factor"))
        case "llama3":
            return .llama3(
                factor: try value("factor"),
                lowFrequencyFactor: try value("low_freq_factor"),
                highFrequencyFactor: try value("high_freq_factor"),
                originalLength: try originalLength(parameters, fields)
            )
        case "longrope":
            let length = try originalLength(parameters, fields)
            return .longRope(
                short: try divisors("short_factor", parameters, count: width / 2),
                long: try divisors("long_factor", parameters, count: width / 2),
                originalLength: length,
                attentionFactor: try longRopeAttentionFactor(parameters, length)
            )
        case "yarn":
            let factor = try value("factor")
            return .yarn(
                factor: factor,
                betaFast: parameters["beta_fast"].double ?? 32,
                betaSlow: parameters["beta_slow"].double ?? 1,
                originalLength: try originalLength(parameters, fields),
                attentionFactor: yarnAttentionFactor(parameters, factor),
                truncates: parameters["truncate"].bool ?? true
            )
        default:
            throw ModelError(
                .unsupported,
                "\(source): rope scaling of type \"\(type)\" is not known; known are default, dynamic, linear, llama3, "
                    + "longrope and yarn"
            )
        }
    }

    private func originalLength(_ parameters: JSONValue, _ fields: RotaryFields) throws(ModelError) -> Int {
        let name = "original_max_position_embeddings"
        if self[name] == .null, let length = parameters[name].double, length > 1, length < 1e9 {
            return Int(length)
        }
        if self[name] == .null, let length = fields.defaultOriginalLength { return length }
        return try integer(self[name] == .null ? "max_position_embeddings" : name)
    }

    private func divisors(
        _ name: String,
        _ parameters: JSONValue,
        count: Int
    ) throws(ModelError) -> [Double] {
        let numbers = parameters[name].array?.compactMap(\.double).filter { $0 > 0 && $0.isFinite } ?? []
        guard numbers.count == count, parameters[name].array?.count == count else {
            throw ModelError(
                .badConfiguration,
                "\(source): rope scaling of type \"longrope\" needs a list `\(name)` of \(count) positive numbers"
            )
        }
        return numbers
    }

    private func longRopeAttentionFactor(
        _ parameters: JSONValue,
        _ originalLength: Int
    ) throws(ModelError) -> Double {
        if let factor = parameters["attention_factor"].double { return factor }
        let longest = Double(try integer("max_position_embeddings", default: originalLength))
        let factor = parameters["factor"].double ?? longest / Double(originalLength)
        return factor <= 1 ? 1 : (1 + log(factor) / log(Double(originalLength))).squareRoot()
    }

    private func yarnAttentionFactor(_ parameters: JSONValue, _ factor: Double) -> Double {
        if let factor = parameters["attention_factor"].double { return factor }
        func scale(_ weight: Double) -> Double { factor <= 1 ? 1 : 0.1 * weight * log(factor) + 1 }
        if let weight = parameters["mscale"].double, let all = parameters["mscale_all_dim"].double,
            weight != 0, all != 0
        {
            return scale(weight) / scale(all)
        }
        return scale(1)
    }
}
