import Foundation
import JSON
import NN

extension ConfigurationReader {
    /// A family's names of rotary fields outside of `rope_parameters`, and their defaults.
    struct RotaryFields {
        var thetaField = "rope_theta"
        var defaultTheta = 10_000.0
        /// The field with the rotated share of each head; nil for families that rotate whole heads.
        var partialField: String?
        var defaultPartial = 1.0
        var defaultOriginalLength: Int?
        /// Names of scalings that stand for other ones in this family.
        var aliases: [String: String] = [:]
        /// Whether the old `rope_scaling` applies to these frequencies, for families with one set per layer type.
        var takesScaling = true
    }

    /// Reads rotary frequencies, spelled as in transformers 5 (`rope_parameters`) or before (`rope_theta`, `rope_scaling`).
    ///
    /// If a file has both spellings, the old one wins as in transformers, and a note reports a difference.
    ///
    /// - Parameters:
    ///   - headWidth: D.
    ///   - fields: The family's field names.
    ///   - layerType: The layer type to read, if each has its own parameters.
    /// - Returns: The embedding.
    /// - Throws: `.unsupported` for an unknown scaling; `.badConfiguration` if it lacks a number.
    ///
    /// Source: `RotaryEmbeddingConfigMixin` of transformers 5.23 (modeling_rope_utils.py).
    func rotary(
        headWidth: Int,
        _ fields: RotaryFields = RotaryFields(),
        layerType: String? = nil
    ) throws(ModelError) -> RotaryEmbedding {
        let resolved = try ropeParameters(fields, layerType)
        let rotary = try rotary(headWidth: headWidth, resolved, fields)
        if let other = resolved.overridden {
            var plain = resolved
            plain.parameters = other
            let before = try? self.rotary(headWidth: headWidth, plain, fields)
            if before != rotary {
                noteOverride(other, by: resolved.parameters, theta: rotary.theta, layerType)
            }
        }
        return rotary
    }

    private func rotary(
        headWidth: Int,
        _ resolved: RopeParameters,
        _ fields: RotaryFields
    ) throws(ModelError) -> RotaryEmbedding {
        let parameters = JSONValue.object(resolved.parameters)
        let theta = parameters["rope_theta"].double ?? self[fields.thetaField].double ?? fields.defaultTheta
        guard theta > 0, theta.isFinite else { throw bad(fields.thetaField, "a positive number") }
        let width = try rotaryWidth(headWidth, parameters, fields)
        let scaling = try scaling(resolved.type(fields), parameters, fields, resolved, width: width)
        return RotaryEmbedding(width: width, theta: theta, scaling: scaling)
    }

    /// Returns the text length that rotary positions support: the scaled length, even if the file states the original one.
    ///
    /// transformers does not truncate texts at such a length; it is the length that the scaling is meant for, `factor` times
    /// the original length. Configurations with llama3 and longrope scaling state the scaled length, those with yarn and
    /// dynamic often the original one. The longer of the two counts.
    ///
    /// - Parameters:
    ///   - stated: `max_position_embeddings`; nil if missing.
    ///   - fields: The family's field names.
    ///   - layerType: The layer type that sees whole texts, if each type has its own parameters.
    /// - Returns: The limit; nil if the file does not state it.
    /// - Throws: The errors of ``rotary(headWidth:_:layerType:)``.
    func positionLimit(
        _ stated: Int?,
        _ fields: RotaryFields = RotaryFields(),
        layerType: String? = nil
    ) throws(ModelError) -> PositionLimit? {
        guard let stated else { return nil }
        let resolved = try ropeParameters(fields, layerType)
        let parameters = JSONValue.object(resolved.parameters)
        let type = resolved.type(fields)
        let plain = PositionLimit(tokens: stated, kind: .stated)
        guard let factor = parameters["factor"].double, factor > 1, factor.isFinite else { return plain }
        let original: Int
        switch type {
        case "dynamic": original = stated
        case "linear":
            // Gemma 3's files state the scaled length; other files usually state the original length.
            if configuration.modelType.hasPrefix("gemma3") { return plain }
            original = parameters["original_max_position_embeddings"].int ?? stated
        case "llama3", "longrope", "yarn": original = try originalLength(parameters, fields, resolved)
        default: return plain
        }
        let stretched = Int(min(Double(original) * factor, 1e9))
        guard stretched > stated else { return plain }
        return PositionLimit(
            tokens: stretched,
            kind: .stretched(type: type, factor: factor, original: original)
        )
    }

    private func rotaryWidth(
        _ headWidth: Int,
        _ parameters: JSONValue,
        _ fields: RotaryFields
    ) throws(ModelError) -> Int {
        // The table of frequencies is created before any weight is checked.
        guard headWidth <= 1 << 16 else {
            throw ModelError(
                .badConfiguration,
                "\(source): the head width \(headWidth) is too large; check `head_dim` or `hidden_size`"
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
                    "\(source): `partial_rotary_factor` \(share) is not supported for models of type "
                        + "\"\(configuration.modelType)\""
                )
            }
        }
        // As in transformers, an odd width rotates one element more, because elements are rotated in pairs.
        let width = share > 0 && share <= 1 ? Int(Double(headWidth) * share) : 0
        guard width > 0, width + width % 2 <= headWidth else {
            throw ModelError(
                .badConfiguration,
                "\(source): cannot rotate the share \(share) of a head of width \(headWidth); it must cover at least one pair"
            )
        }
        return width
    }

    private func scaling(
        _ type: String,
        _ parameters: JSONValue,
        _ fields: RotaryFields,
        _ resolved: RopeParameters,
        width: Int
    ) throws(ModelError) -> RotaryScaling {
        func value(_ name: String) throws(ModelError) -> Double {
            if let value = parameters[name].double, value > 0, value.isFinite { return value }
            throw ModelError(
                .badConfiguration,
                "\(source): rope scaling of type \"\(type)\" needs a positive `\(name)`"
            )
        }
        guard width.isMultiple(of: 2) || !["longrope", "yarn"].contains(type) else {
            throw ModelError(
                .unsupported,
                "\(source): rope scaling of type \"\(type)\" needs an even number of rotated elements per head, not \(width)"
            )
        }
        switch type {
        case "default": return .none
        case "dynamic":
            guard width > 2 else { throw bad("head_dim", "more than 2 rotated elements") }
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
                originalLength: try originalLength(parameters, fields, resolved)
            )
        case "longrope":
            let length = try originalLength(parameters, fields, resolved)
            return .longRope(
                short: try divisors("short_factor", parameters, count: width / 2),
                long: try divisors("long_factor", parameters, count: width / 2),
                originalLength: length,
                attentionFactor: try longRopeAttentionFactor(parameters, length)
            )
        case "yarn":
            let length = try originalLength(parameters, fields, resolved)
            // A null factor means the ratio of the two lengths.
            let isNull = resolved.parameters.contains("factor") && parameters["factor"] == .null
            let factor =
                isNull
                ? Double(try integer("max_position_embeddings")) / Double(length) : try value("factor")
            return .yarn(
                factor: factor,
                betaFast: parameters["beta_fast"].double ?? 32,
                betaSlow: parameters["beta_slow"].double ?? 1,
                originalLength: length,
                attentionFactor: yarnAttentionFactor(parameters, factor),
                truncates: resolved.truncates
            )
        default:
            throw ModelError(
                .unsupported,
                "\(source): rope scaling of type \"\(type)\" is not supported; supported are default, dynamic, linear, llama3, "
                    + "longrope and yarn"
            )
        }
    }

    private func originalLength(
        _ parameters: JSONValue,
        _ fields: RotaryFields,
        _ resolved: RopeParameters
    ) throws(ModelError) -> Int {
        let name = "original_max_position_embeddings"
        let inside = parameters[name].double.flatMap { $0 > 1 && $0 < 1e9 ? Int($0) : nil }
        // With parameters per layer type, transformers ignores the field outside of them.
        if !resolved.isPerLayerType, self[name] != .null { return try integer(name) }
        guard !resolved.isPerLayerType, let length = fields.defaultOriginalLength else {
            if let inside { return inside }
            return try integer("max_position_embeddings")
        }
        // The default of transformers' configuration class overrides the value inside the parameters.
        if let inside, inside != length {
            note(
                "\(source): `\(name)` is \(inside) inside the rotary parameters and missing outside of them; as in transformers, "
                    + "models of type \"\(configuration.modelType)\" use \(length)"
            )
        }
        return length
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
