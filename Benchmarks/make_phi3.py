"""Writes Phi-3-mini-4k-instruct at its real shape with random weights, as a classifier: bf16, in shards with an index.

    python3 make_phi3.py FOLDER [--small]        (needs torch; 7.6 GB, or 7 MB with --small)

Writes one tensor at a time, so that it needs little memory.
"""

import argparse
import json
import pathlib
import shutil

import torch

# https://huggingface.co/microsoft/Phi-3-mini-4k-instruct/blob/main/config.json
CONFIG = {
    "_name_or_path": "Phi-3-mini-4k-instruct",
    "architectures": ["Phi3ForCausalLM"],
    "attention_bias": False,
    "attention_dropout": 0.0,
    "auto_map": {"AutoConfig": "configuration_phi3.Phi3Config",
                 "AutoModelForCausalLM": "modeling_phi3.Phi3ForCausalLM"},
    "bos_token_id": 1,
    "embd_pdrop": 0.0,
    "eos_token_id": 32000,
    "hidden_act": "silu",
    "hidden_size": 3072,
    "initializer_range": 0.02,
    "intermediate_size": 8192,
    "max_position_embeddings": 4096,
    "model_type": "phi3",
    "num_attention_heads": 32,
    "num_hidden_layers": 32,
    "num_key_value_heads": 32,
    "original_max_position_embeddings": 4096,
    "pad_token_id": 32000,
    "resid_pdrop": 0.0,
    "rms_norm_eps": 1e-05,
    "rope_scaling": None,
    "rope_theta": 10000.0,
    "sliding_window": 2047,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "transformers_version": "4.40.2",
    "use_cache": True,
    "vocab_size": 32064,
}
# A classifier, because a model without a trained head cannot predict.
CLASSIFIER = {"architectures": ["Phi3ForSequenceClassification"], "id2label": {"0": "J", "1": "P"},
              "label2id": {"J": 0, "P": 1}, "problem_type": "single_label_classification"}
SMALL = {"hidden_size": 96, "intermediate_size": 256, "num_hidden_layers": 2, "num_attention_heads": 3,
         "num_key_value_heads": 3}
SHARD = 5_000_000_000


def shapes(config):
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    yield "model.embed_tokens.weight", (config["vocab_size"], hidden)
    for layer in range(config["num_hidden_layers"]):
        for name, shape in {"self_attn.o_proj": (hidden, hidden), "self_attn.qkv_proj": (3 * hidden, hidden),
                            "mlp.gate_up_proj": (2 * inner, hidden), "mlp.down_proj": (hidden, inner),
                            "input_layernorm": (hidden,), "post_attention_layernorm": (hidden,)}.items():
            yield f"model.layers.{layer}.{name}.weight", shape
    yield "model.norm.weight", (hidden,)
    yield "score.weight", (2, hidden)


def size(shape):
    return 2 * torch.Size(shape).numel()


def shards(config, limit):
    """Returns the tensors in order, with a new shard whenever one would exceed the limit."""
    result, filled = [[]], 0
    for name, shape in shapes(config):
        if filled + size(shape) > limit and result[-1]:
            result.append([])
            filled = 0
        result[-1].append((name, shape))
        filled += size(shape)
    return result


def write_shard(path, tensors, generator):
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, shape in tensors:
        header[name] = {"dtype": "BF16", "shape": list(shape), "data_offsets": [offset, offset + size(shape)]}
        offset += size(shape)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for _, shape in tensors:
            value = torch.ones(shape) if len(shape) == 1 else torch.randn(shape, generator=generator) * 0.02
            file.write(value.bfloat16().contiguous().view(torch.uint8).numpy())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--small", action="store_true", help="two narrow layers, for testing the scripts")
    options = parser.parse_args()
    config = {**CONFIG, **CLASSIFIER, **(SMALL if options.small else {})}
    folder = options.folder
    folder.mkdir(parents=True, exist_ok=True)
    parts = shards(config, 4_000_000 if options.small else SHARD)
    generator = torch.Generator().manual_seed(0)
    names = [f"model-{number:05}-of-{len(parts):05}.safetensors" for number in range(1, len(parts) + 1)]
    for name, part in zip(names, parts):
        write_shard(folder / name, part, generator)
    total = sum(size(shape) for _, shape in shapes(config))
    (folder / "model.safetensors.index.json").write_text(json.dumps(
        {"metadata": {"total_parameters": total // 2, "total_size": total},
         "weight_map": {tensor: name for name, part in zip(names, parts) for tensor, _ in part}}, indent=2) + "\n")
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    # The same kind of tokenizer as Phi-3's, with fewer tokens.
    root = pathlib.Path(__file__).resolve().parents[1]
    shutil.copy(root / "Tests/Fixtures/tokenizers/llama2/tokenizer.json", folder)
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>", "eos_token": "</s>",
                    "model_max_length": 4096}, indent=2) + "\n")
    print(f"{total // 2:,} parameters, {total / 1e9:.2f} GB, {len(parts)} shards in {folder}")


if __name__ == "__main__":
    main()
