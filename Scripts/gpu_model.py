"""A random model of SmolLM2-135M's shape, and rows for it, written without other packages."""

import array
import json
import random
import struct

CONFIG = {
    "architectures": ["LlamaForSequenceClassification"], "model_type": "llama", "hidden_size": 576, "intermediate_size": 1536,
    "num_hidden_layers": 30, "num_attention_heads": 9, "num_key_value_heads": 3, "vocab_size": 49152,
    "max_position_embeddings": 2048, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "hidden_act": "silu",
    "tie_word_embeddings": True, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "torch_dtype": "float32",
    "id2label": {"0": "early", "1": "late"}, "label2id": {"early": 0, "late": 1},
}
# Letters, one token each.
LETTERS = "abcdefghijklmnopqrstuvwxyz"
# Tokens of a text, about those of a tweet.
LENGTH = 35


def shapes():
    hidden, inner, keys = CONFIG["hidden_size"], CONFIG["intermediate_size"], 192
    yield "model.embed_tokens.weight", (CONFIG["vocab_size"], hidden)
    for layer in range(CONFIG["num_hidden_layers"]):
        block = f"model.layers.{layer}."
        for name, shape in {
            "self_attn.q_proj": (hidden, hidden), "self_attn.k_proj": (keys, hidden), "self_attn.v_proj": (keys, hidden),
            "self_attn.o_proj": (hidden, hidden), "mlp.gate_proj": (inner, hidden), "mlp.up_proj": (inner, hidden),
            "mlp.down_proj": (hidden, inner), "input_layernorm": (hidden,), "post_attention_layernorm": (hidden,),
        }.items():
            yield f"{block}{name}.weight", shape
    yield "model.norm.weight", (hidden,)
    yield "score.weight", (2, hidden)


def write_model(folder):
    """Writes the model's folder; the weights repeat a million random numbers, which is enough for speed and memory."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(CONFIG))
    vocabulary = {letter: 5 + place for place, letter in enumerate(LETTERS)}
    tokenizer = {"version": "1.0", "added_tokens": [], "model": {"type": "BPE", "vocab": vocabulary, "merges": []}}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "PreTrainedTokenizerFast"}))
    header, offset = {}, 0
    for name, shape in shapes():
        size = 4
        for length in shape:
            size *= length
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    numbers = random.Random(1)
    pool = array.array("f", (numbers.gauss(0, 0.02) for _ in range(1_000_003))).tobytes()
    ones = struct.pack("f", 1)
    with open(folder / "model.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name, entry in header.items():
            start, end = entry["data_offsets"]
            if "norm" in name:
                file.write(ones * ((end - start) // 4))
                continue
            for place in range(start, end, len(pool)):
                file.write(pool[:end - place])


def write_rows(file, count=2000):
    choice = random.Random(2)
    texts = ["".join(choice.choices(LETTERS, k=LENGTH)) for _ in range(count)]
    file.write_text("text,label\n" + "".join(f"{text},{'early' if text[0] < 'n' else 'late'}\n" for text in texts))
