import JSON
import NN

/// Rotary parameters, resolved like in transformers from a configuration's two spellings.
struct RopeParameters {
    /// The parameters in use: `rope_type`, `rope_theta` and the numbers of the scaling.
    var parameters: JSONObject
    /// The parameters that `rope_scaling` overrides; nil if it does not override any.
    var overridden: JSONObject?
    /// Whether each layer type has its own parameters.
    var isPerLayerType = false
    /// Whether yarn's ramp begins and ends at whole numbers.
    ///
    /// transformers reads it outside of the layers' parameters.
    var truncates = true

    /// Returns the type of scaling, after the family's aliases.
    func type(_ fields: ConfigurationReader.RotaryFields) -> String {
        let written = parameters["rope_type"].string ?? parameters["type"].string ?? "default"
        return fields.aliases[written] ?? written
    }
}

extension ConfigurationReader {
    private static let layerTypes = ["full_attention", "sliding_attention"]
    /// Families with layer types but without rotary parameters per layer type.
    ///
    /// transformers fails on such a file.
    private static let familiesWithLayerTypes: Set = ["gemma2", "qwen2", "qwen3"]

    /// Resolves the two spellings.
    ///
    /// Source: `convert_rope_params_to_dict` and `standardize_rope_params` of transformers 5.23: modeling_rope_utils.py, and
    /// the configurations of gemma3 and modernbert for parameters per layer type.
    func ropeParameters(_ fields: RotaryFields, _ layerType: String?) throws(ModelError) -> RopeParameters {
        let new = try object("rope_parameters")
        let old = try object("rope_scaling")
        if let layerType {
            return try ropeParameters(of: layerType, new, old, takesScaling: fields.takesScaling)
        }
        let given = (old ?? [:]).members.isEmpty ? new : old
        if let given, Self.layerTypes.contains(where: { given[$0].object != nil }) {
            guard !Self.familiesWithLayerTypes.contains(configuration.modelType) else {
                throw ModelError(
                    .unsupported,
                    "\(source): `rope_parameters` has parameters per layer type, which models of type "
                        + "\"\(configuration.modelType)\" do not have; use one set for all layers"
                )
            }
            note(
                "\(source): `rope_parameters` has parameters per layer type, which models of type "
                    + "\"\(configuration.modelType)\" ignore, as in transformers"
            )
        }
        let replaces = new != nil && given != new
        return RopeParameters(
            parameters: given ?? [:],
            overridden: replaces ? new : nil,
            truncates: given?["truncate"].bool ?? true
        )
    }

    /// Resolves the spellings of a family with parameters per layer type.
    private func ropeParameters(
        of layerType: String,
        _ new: JSONObject?,
        _ old: JSONObject?,
        takesScaling: Bool
    ) throws(ModelError) -> RopeParameters {
        let isStrict = configuration.modelType == "modernbert"
        if let new {
            let others = new.members.map(\.name).filter { !Self.layerTypes.contains($0) }
            if isStrict, let other = others.first {
                throw bad(
                    "rope_parameters",
                    "only full_attention and sliding_attention, without `\(other)`"
                )
            }
            if Self.layerTypes.allSatisfy({ new[$0].object == nil }), !new.members.isEmpty {
                note(
                    "\(source): `rope_parameters` has one set for all layers, which models of type "
                        + "\"\(configuration.modelType)\" ignore, as in transformers: they read only full_attention and "
                        + "sliding_attention"
                )
            }
        }
        let base: JSONObject = new?[layerType].object ?? ["rope_type": .string("default")]
        var result = RopeParameters(parameters: base, isPerLayerType: true)
        result.truncates = new?["truncate"].bool ?? true
        guard let old else { return result }
        if let new {
            let wanted = isStrict ? Self.layerTypes : ["full_attention"]
            if let missing = wanted.first(where: { new[$0].object == nil }) {
                throw ModelError(
                    .badConfiguration,
                    "\(source): `rope_scaling` is combined with `rope_parameters`, which lacks \(missing); transformers "
                        + "cannot read that either. Remove `rope_scaling`, or move it into `rope_parameters`"
                )
            }
        }
        guard takesScaling else { return result }
        for member in old.members { result.parameters[member.name] = member.value }
        if old["rope_type"] == .null, let type = old["type"].string,
            type != result.parameters["rope_type"].string,
            result.parameters["rope_type"] != .null
        {
            note(
                "\(source): `rope_scaling` has type \"\(type)\", but models of type \"\(configuration.modelType)\" read "
                    + "only `rope_type`, as in transformers: the scaling is \"\(result.parameters["rope_type"].string ?? "")\""
            )
        }
        if new != nil { result.overridden = base }
        return result
    }

    private func object(_ name: String) throws(ModelError) -> JSONObject? {
        let value = self[name]
        if value == .null { return nil }
        guard let object = value.object else { throw bad(name, "an object") }
        return object
    }

    /// Adds a note that `rope_scaling` overrides `rope_parameters`, with the difference.
    func noteOverride(_ other: JSONObject, by parameters: JSONObject, theta: Double, _ layerType: String?) {
        var text =
            "\(source): `rope_scaling` and `rope_parameters` differ; `rope_scaling` is used, as in transformers"
        if let layerType { text += " (\(layerType))" }
        text += ": \(shortened(parameters)) instead of \(shortened(other))"
        if parameters["rope_theta"] == .null, let lost = other["rope_theta"].double, lost != theta {
            text += "; the base `rope_theta` is \(theta) instead of \(lost)"
        }
        note(text)
    }

    /// The parameters on one line of bounded length, because longrope has one number per pair.
    private func shortened(_ parameters: JSONObject) -> String {
        let text = JSONValue.object(parameters).compact
        return text.count > 240 ? text.prefix(240) + "…" : text
    }
}
