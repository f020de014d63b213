import Checkpoints
import Foundation
import JSON
import Models
import TestSupport
import Testing
import Torch

struct GGUFConfigurationTests {
    private func configuration(_ path: String) throws -> ModelConfiguration {
        try ModelConfiguration(gguf: GGUFFile(contentsOf: Fixture.folder.appending(path: path)), source: path)
    }

    @Test func `metadata becomes fields of config.json, with the shortest text of float32 numbers`() throws {
        let fields = try configuration("checkpoints/llama-plain.gguf")
        #expect(fields["hidden_size"].int == 16 && fields["vocab_size"].int == 2)
        #expect(fields["rms_norm_eps"] == .number("1e-05"))
        #expect(fields["rope_parameters"]["rope_theta"] == .number("100000.0"))
        #expect(fields["tie_word_embeddings"].bool == true)
        #expect(try configuration("checkpoints/llama-linear.gguf")["rope_parameters"]["factor"].double == 4)
        // A table of ones has no effect.
        let table = try configuration("checkpoints/llama-table.gguf")["rope_parameters"]
        #expect(table["rope_type"].string == "default")
    }

    @Test(arguments: [
        ("yarn", "with \"yarn\" without a factor"), ("experts", "8 experts"),
        ("partial", "only 4 numbers"),
    ])
    func `files that would be computed wrongly are refused`(name: String, part: String) {
        #expect { try configuration("checkpoints/llama-\(name).gguf") } throws: {
            "\($0)".contains(part) && "\($0)".contains("safetensors")
        }
    }

    // MARK: Every architecture, compared with the original model's configuration

    private static let models = [
        "llama", "llama3", "mistral", "qwen2", "qwen3", "phi3", "phi3-longrope", "gemma2", "gemma3", "gpt2",
        "gptneox", "bert", "modern-bert",
    ]

    /// Whether two documents are equivalent.
    ///
    /// Numbers are compared as float32, the type in the file, and objects by the fields of the first.
    private func agree(_ ours: JSONValue, _ theirs: JSONValue) -> Bool {
        if let ours = ours.double, let theirs = theirs.double { return Float(ours) == Float(theirs) }
        if let ours = ours.array, let theirs = theirs.array {
            return ours.count == theirs.count && zip(ours, theirs).allSatisfy(agree)
        }
        if let members = ours.object?.members {
            return members.allSatisfy { agree($0.value, theirs[$0.name]) }
        }
        return ours == theirs
    }

    @Test(arguments: models)
    func `a file restores the configuration of the original model`(name: String) throws {
        let ours = try configuration("gguf/\(name).gguf")
        let theirs = try Fixture.json("gguf/configs.json")["models"][name]["config"]
        try #require(theirs.object?.members.isEmpty == false)
        for member in ours.fields.members where member.name != "architectures" {
            #expect(agree(member.value, theirs[member.name]), "\(member.name): \(member.value)")
        }
        // Rotary parameters are complete too: missing ones are defaults.
        for member in theirs["rope_parameters"].object?.members ?? []
        where member.name != "partial_rotary_factor" || member.value.double != 1 {
            #expect(agree(member.value, ours["rope_parameters"][member.name]), "\(member.name)")
        }
        let needed = [
            "hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads",
            "intermediate_size",
            "max_position_embeddings", "vocab_size", "rms_norm_eps", "layer_norm_eps", "head_dim",
            "sliding_window",
            "attn_logit_softcapping", "final_logit_softcapping", "query_pre_attn_scalar", "layer_types",
            "n_inner",
            "n_positions", "n_embd", "n_head", "n_layer", "type_vocab_size", "local_attention",
            "pad_token_id",
            "original_max_position_embeddings", "use_parallel_residual", "norm_eps", "hidden_act",
            "hidden_activation", "activation_function",
        ]
        for field in needed where theirs[field] != .null {
            let isDerived =
                field == "layer_types" && name.hasPrefix("qwen") || field == "head_dim" && name == "phi3"
            if !isDerived { #expect(ours[field] != .null, "\(field) is missing") }
        }
    }

    /// Architectures that transformers does not open from a GGUF file.
    private static let unknownToTransformers: Set = ["gptneox", "bert", "modern-bert"]

    @Test func `transformers opens all architectures except three`() throws {
        for name in Self.models {
            let theirs = try Fixture.json("gguf/configs.json")["models"][name]["reference"]
            #expect((theirs == .null) == Self.unknownToTransformers.contains(name), "\(name)")
        }
    }

    private static let knownToTransformers =
        models.filter { !unknownToTransformers.contains($0) } + ["llama-stretched"]

    @Test(arguments: knownToTransformers)
    func `every field that transformers reads from a file has the same value`(name: String) throws {
        let theirs = try #require(Fixture.json("gguf/configs.json")["models"][name]["reference"].object)
        let ours = try configuration("gguf/\(name).gguf")
        for member in theirs.members {
            switch member.name {
            // transformers only looks at a name, and keeps fields that no class reads.
            case "model_type" where name == "mistral", "feed_forward_length": continue
            case "rope_theta":
                let rope = ours["rope_parameters"]
                let theta =
                    rope["full_attention"] == .null
                    ? rope["rope_theta"] : rope["full_attention"]["rope_theta"]
                #expect(theta.double == member.value.double)
            default:
                let value = ours[member.name == "n_ctx" ? "n_positions" : member.name]
                // Theirs is the float32 value as double; ours is the shortest text of the same float32.
                let isSame =
                    member.value.double.map { value.double.map(Float.init) == Float($0) }
                    ?? (value == member.value)
                #expect(isSame, "\(member.name): \(value)")
            }
        }
    }

    @Test func `a table that is not Llama 3's is kept unchanged`() throws {
        let rope = try configuration("gguf/llama-stretched.gguf")["rope_parameters"]
        #expect(rope["rope_type"].string == "longrope" && rope["attention_factor"].double == 1)
        let factors = try #require(rope["long_factor"].array).compactMap(\.double)
        let url = Fixture.folder.appending(path: "gguf/llama-stretched.gguf")
        let table = try GGUFFile(contentsOf: url).tensor("rope_freqs.weight").array(of: Float.self)
        #expect(factors.map(Float.init) == table)
        #expect(rope["short_factor"] == rope["long_factor"])
    }

    @Test func `an unknown architecture lists the supported ones`() {
        #expect { try configuration("checkpoints/quantised-of-nothing.gguf") } throws: {
            "\($0)".contains("cannot read")
        }
        #expect(HubNamedGGUF.architectures.contains("gemma3"))
    }
}
