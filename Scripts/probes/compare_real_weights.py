"""Compares hidden states of every token and logits with transformers', on real weights and real texts, within 1e-4.

If a text differs by more, it is compared with the same model in float64. If transformers' own float32 is more than 1e-4 from
float64, float32 is not precise enough for this text, and both distances are printed. (One token's huge activations cancel in the
last norm; with two matrix libraries transformers itself gives results 4e-4 apart.)

Run by Scripts/compare-real-weights, which passes the folders. Both sides read all-MiniLM-L6-v2 from its sentence-transformers
folder and SmolLM2-135M from its GGUF file. For the logits transformers makes a random head once and writes the classifier, which
both then load.
"""

import argparse
import csv
import pathlib
import sys
import tempfile

import torch
from probes import probe, quiet, write_texts
from safetensors.torch import load_file
from transformers import AutoModelForSequenceClassification, AutoTokenizer, GgufConfig

TOLERANCE = 1e-4
LONGEST = 256


def column(path, name, count):
    """Returns `count` texts spread evenly over an Orange file."""
    csv.field_size_limit(1 << 30)
    with open(path, newline="") as file:
        rows = list(csv.reader(file, delimiter="\t"))
    place = rows[0].index(name)
    texts = [row[place] for row in rows[3:] if len(row) > place and row[place].strip()]
    return [texts[number * len(texts) // count] for number in range(count)]


def tokenized(tokenizer, texts, with_pairs):
    """Returns the ids of every text, truncated to 256; the last tenth are pairs if the model has token types."""
    ids, types = [], []
    for number, text in enumerate(texts):
        second = texts[number - 1] if with_pairs and number >= len(texts) * 9 // 10 else None
        encoded = tokenizer(text, second, truncation=True, max_length=LONGEST)
        ids.append(torch.tensor(encoded["input_ids"]))
        types.append(torch.tensor(encoded["token_type_ids"] if with_pairs else [0] * len(encoded["input_ids"])))
    return ids, types if with_pairs else None


@torch.no_grad()
def reference(model, ids, types):
    """Returns the last hidden states and logits of each text, run alone."""
    hidden, logits = [], []
    hook = model.base_model.register_forward_hook(lambda *call: hidden.append(call[2].last_hidden_state[0]))
    for row, text in enumerate(ids):
        inputs = {"input_ids": text[None], "attention_mask": torch.ones_like(text)[None]}
        if types:
            inputs["token_type_ids"] = types[row][None]
        logits.append(model(**inputs).logits[0])
    hook.remove()
    return hidden, torch.stack(logits)


def distance(a, b):
    """Returns the largest difference as a fraction of the largest value."""
    return ((a.double() - b.double()).abs().max() / b.double().abs().max()).item()


def compare(title, ours, theirs, exact):
    """Compares text by text; `exact` returns a text's values in float64."""
    shares = [distance(a, b) for a, b in zip(ours, theirs)]
    far = [number for number, share in enumerate(shares) if share > TOLERANCE]
    near = max(share for share in shares if share <= TOLERANCE)
    print(f"  {title:46} worst text {near:.1e}, median {sorted(shares)[len(shares) // 2]:.1e}")
    right = True
    for number in far:
        truth = exact(number)
        own = distance(theirs[number], truth)
        carried = own <= TOLERANCE
        right &= not carried
        print(f"    text {number} differs by {shares[number]:.1e}; from float64 ours {distance(ours[number], truth):.1e}, "
              f"transformers' {own:.1e}: " + ("NOT within 1e-4" if carried else "float32 is not precise enough"))
    return right


def check(name, source, texts, space, gguf=None):
    """`source` is a folder, or the folder of the file `gguf`."""
    options = {"gguf_file": gguf} if gguf else {}
    # transformers cannot save a model that is still quantized as GGUF.
    whole = {"quantization_config": GgufConfig(dequantize=True)} if gguf else {}
    tokenizer = AutoTokenizer.from_pretrained(source, **options)
    torch.manual_seed(0)
    model = AutoModelForSequenceClassification.from_pretrained(
        source, num_labels=3, dtype=torch.float32, **options, **whole).eval()
    head = model.score if hasattr(model, "score") else model.classifier
    torch.nn.init.normal_(head.weight, 0, 0.05)
    if model.config.pad_token_id is None:
        model.config.pad_token_id = tokenizer.pad_token_id or tokenizer.eos_token_id
    model.save_pretrained(space / "classifier")
    ids, types = tokenized(tokenizer, texts, with_pairs=getattr(model.config, "type_vocab_size", 0) > 1)
    lengths = [len(text) for text in ids]
    write_texts(space / "texts.safetensors", ids, types)
    print(f"{name}: {len(ids)} texts, {sum(lengths)} tokens, {min(lengths)} to {max(lengths)} per text", flush=True)
    hidden, logits = reference(model, ids, types)
    right = True

    def exact(part):
        """Returns a function for the hidden states (0) or logits (1) of one text in float64."""
        return lambda number: reference(model.double(), [ids[number]], types and [types[number]])[part][0]

    sources = {"from transformers' classifier": space / "classifier",
               "from the " + ("GGUF file" if gguf else "encoder's folder"): source / gguf if gguf else source}
    for title, path in sources.items():
        probe("run", path, space / "texts.safetensors", space / "results.safetensors")
        ours = load_file(space / "results.safetensors")
        right &= compare("hidden states " + title, ours["hidden"].split(lengths), hidden, exact(0))
        if path == space / "classifier":
            right &= compare("logits " + title, ours["logits"], logits, exact(1))
    return right


def main():
    parser = argparse.ArgumentParser()
    for name in ("--minilm", "--smollm2", "--datasets"):
        parser.add_argument(name, type=pathlib.Path, required=True)
    parser.add_argument("--texts", type=int, default=200)
    options = parser.parse_args()
    quiet()
    half = options.texts // 2
    texts = column(options.datasets / "election-tweets-2016.tab", "Content", half)
    texts += column(options.datasets / "20newsgroups-train.tab", "Text", options.texts - half)
    right = True
    with tempfile.TemporaryDirectory() as space:
        right &= check("all-MiniLM-L6-v2", options.minilm, texts, pathlib.Path(space))
    with tempfile.TemporaryDirectory() as space:
        right &= check("SmolLM2-135M", options.smollm2.parent, texts, pathlib.Path(space), gguf=options.smollm2.name)
    sys.exit(not right)


if __name__ == "__main__":
    main()
