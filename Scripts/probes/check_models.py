"""Checks for every model fixture that transformers loads our saved model with the same logits, and that saving is repeatable.

Run by Scripts/check-models. The tolerance of 1e-4 allows for float32 sums in another order.
"""

import json
import pathlib
import sys
import tempfile

import torch
from probes import ROOT, ProbeFailed, distance, probe, quiet, read_texts, reference_logits, write_texts
from safetensors.torch import load_file
from transformers import AutoModelForSequenceClassification

MODELS = ROOT / "Tests" / "Fixtures" / "models"
TOLERANCE = 1e-4
# Fields that a saved classifier may add to those of the original: only DeBERTa's classes leave `problem_type` out.
ADDED = {"problem_type"}
# Fields that may change when a base model becomes a classifier of two labels in float32.
BECOMES = {"architectures", "id2label", "label2id", "problem_type", "dtype", "torch_dtype", "num_labels"}


def files(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def random_texts(folder, path):
    torch.manual_seed(1)
    write_texts(path, [torch.randint(3, 101, (length,)) for length in (9, 1, 40)])


def faults(folder, space):
    """Returns the faults of a fixture, one line each."""
    is_classifier = (folder / "expected.safetensors").exists()
    texts_path = folder / "expected.safetensors"
    if not is_classifier:
        texts_path = space / "texts.safetensors"
        random_texts(folder, texts_path)
    try:
        result = probe("save", folder, texts_path, space / "out", space / "again")
    except ProbeFailed as error:
        return [f"not loaded: {error}"]
    found = []
    texts, types = read_texts(texts_path)
    saved, info = AutoModelForSequenceClassification.from_pretrained(
        space / "out", dtype=torch.float32, output_loading_info=True)
    found += [f"transformers says {key}: {sorted(map(str, value))}" for key, value in info.items() if value]
    ours = torch.tensor(result["logits"], dtype=torch.float64)
    theirs = reference_logits(saved.eval(), texts, types).flatten()
    pairs = {"ours and transformers' from our file": (ours, theirs)}
    if is_classifier:
        expected = load_file(texts_path)["logits"].flatten()
        pairs["ours and the fixture's"] = (ours, expected)
        pairs["transformers' from our file and the fixture's"] = (theirs, expected)
    for title, (a, b) in pairs.items():
        if (far := distance(a, b)) > TOLERANCE:
            found.append(f"logits {title} differ by {far:.1e}")
    # Only a fresh head may differ from transformers' model of the same folder.
    original = AutoModelForSequenceClassification.from_pretrained(
        folder, dtype=torch.float32, num_labels=saved.num_labels)
    state = saved.state_dict()
    found += [f"{key} differs from the original" for key, value in original.state_dict().items()
              if key not in result["fresh"] and not torch.equal(value, state[key])]
    weights = [(path / "model.safetensors") for path in (folder, space / "out")]
    if is_classifier and weights[0].read_bytes() != weights[1].read_bytes():
        found.append("model.safetensors differs from transformers' file")
    if files(space / "out") != files(space / "again"):
        found.append("saving, loading and saving again gives different bytes")
    before, after = (json.loads((path / "config.json").read_text()) for path in (folder, space / "out"))
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    if odd := changed - ((ADDED - before.keys()) if is_classifier else BECOMES):
        found.append(f"config.json differs in {sorted(odd)}")
    return found


def main():
    quiet()
    wanted = sys.argv[1:]
    folders = [path for path in sorted(MODELS.iterdir()) if not wanted or path.name in wanted]
    wrong = 0
    for folder in folders:
        with tempfile.TemporaryDirectory() as space:
            try:
                found = faults(folder, pathlib.Path(space))
            except Exception as error:  # transformers fails: report it and continue
                found = [f"transformers: {type(error).__name__}: {error}"]
        wrong += bool(found)
        print(f"{folder.name:24} {'ok' if not found else ''}{'; '.join(found)}", flush=True)
    print(f"{len(folders) - wrong} of {len(folders)} models passed")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
