import Foundation
import JSON
import TestSupport
import Testing

/// The output of `attune inspect`.
struct InspectTests {
    private func inspect(_ name: String, _ more: [String] = []) throws -> String {
        let path = Fixture.folder.appending(path: name).path(percentEncoded: false)
        let outcome = try attune(["inspect", "--model", path] + more)
        #expect(outcome.code == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
        return outcome.output.replacing(path, with: "MODEL")
    }

    @Test func `a base model`() throws {
        #expect(
            try inspect("models/tiny-base") == """
                model       MODEL
                            LlamaForCausalLM, family llama
                parameters  20 tensors                        13,168
                            embeddings                         7,712  58.6 %
                            2 layers of 2,720 (model.layers)   5,440  41.3 %
                              attention                        3,072  23.3 %
                              feed-forward                     2,304  17.5 %
                              norms                               64   0.5 %
                            final norm                            16   0.1 %
                stored      F32: 13,168 in 20 tensors
                context     64 tokens
                tokenizer   BPE, 482 tokens
                            bos <s>, eos </s>, pad </s>
                labels      none: a base model; training adds a head
                memory      to load        52.7 kB  in float32, 26.3 kB in bfloat16
                            to predict  + 426.0 kB  for a batch of 8 texts of 64 tokens
                            to train      210.7 kB  weights, gradients and AdamW's moments in float32, without activations
                files       config.json              713 B
                            model.safetensors      54.7 kB
                            tokenizer.json          8.3 kB
                            tokenizer_config.json    109 B

                """
        )
    }

    @Test func `a classifier's labels and tensors, and the JSON output`() throws {
        let text = try inspect("models/llama-gqa", ["--tensors"])
        #expect(text.contains("labels      one of 3: a, b, c\n"))
        #expect(text.contains("            classification head                   72   0.3 %\n"))
        #expect(text.contains("\nmodel.layers.0.self_attn.o_proj.weight          24 × 96   F32\n"))
        let json = try JSONValue.parse(inspect("models/llama-gqa", ["--tensors", "--json"]).utf8)
        #expect(json["labels"].array?.compactMap(\.string) == ["a", "b", "c"])
        #expect(json["parameters"].int == 21_240 && json["memory"]["training_float32"].int == 339_840)
        #expect(json["tensors"].array?.count == 21 && json["is_known_family"].bool == true)
        #expect(
            json["blocks"].array?.map { $0["role"].string ?? "" } == [
                "embeddings", "layers", "final norm", "classification head",
            ]
        )
        #expect(try JSONValue.parse(inspect("models/llama-gqa", ["--json"]).utf8)["tensors"] == .null)
    }

    @Test func `a file that is not a model`() throws {
        let outcome = try attune(["inspect", "--model", "nowhere.gguf"])
        #expect(outcome.code == 66 && outcome.errors.contains("there is no model at nowhere.gguf"))
        let offline = try attune(["inspect", "--model", "nowhere"], variables: ["HF_HUB_OFFLINE": "1"])
        #expect(
            offline.code == 66 && offline.errors.contains("no local file or folder nowhere, and on the Hub: ")
        )
    }
}
