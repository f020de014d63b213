"""Opens a folder to which several processes have written, by torch and by transformers, and compares it with one in a single file.

    PYTHON open_sharded.py SHARDED WHOLE

Prints a JSON object with the number of tensors that each reader has compared; ends with an error for the first difference.
"""

import json
import pathlib
import sys
import warnings

import torch
import torch.distributed.checkpoint as dcp
from safetensors.torch import load_file
from transformers import AutoModelForSequenceClassification

warnings.filterwarnings("ignore", message="torch.distributed is disabled")


def compare(reader, found, expected):
    if found.keys() != expected.keys():
        sys.exit(f"{reader}: other tensors: {', '.join(sorted(found.keys() ^ expected.keys())[:5])}")
    for name, tensor in expected.items():
        other = found[name]
        if other.dtype != tensor.dtype or not torch.equal(other.cpu(), tensor):
            sys.exit(f"{reader}: {name} differs: {other.dtype} {list(other.shape)}, {tensor.dtype} {list(tensor.shape)}")
    return len(expected)


def by_torch(folder, expected):
    """Into empty tensors, as a program does that continues with its own model."""
    state = {name: torch.empty_like(tensor) for name, tensor in expected.items()}
    dcp.load(state, storage_reader=dcp.HuggingFaceStorageReader(str(folder)), no_dist=True)
    return state


def by_transformers(folder):
    model, report = AutoModelForSequenceClassification.from_pretrained(folder, output_loading_info=True, dtype="auto")
    if faults := {key: names for key, names in report.items() if names}:
        sys.exit(f"transformers: {faults}")
    return dict(model.state_dict())


def main():
    sharded, whole = map(pathlib.Path, sys.argv[1:])
    expected = load_file(whole / "model.safetensors")
    seen = {"torch": compare("torch", by_torch(sharded, expected), expected)}
    seen["transformers"] = compare("transformers", by_transformers(sharded), by_transformers(whole))
    moments = whole / "optimizer.safetensors"
    if moments.exists():
        expected = load_file(moments)
        seen["moments"] = compare("torch, moments", by_torch(sharded, expected), expected)
    print(json.dumps(seen))


main()
