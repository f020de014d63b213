"""Runs ModelProbe; helpers shared by the checks on models."""

import json
import os
import pathlib
import subprocess

import torch
import transformers
from safetensors.torch import load_file, save_file

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROBE = os.environ.get("PROBE", str(ROOT / ".build" / "release" / "ModelProbe"))


class ProbeFailed(Exception):
    """The probe failed; the message is its output."""


def probe(*arguments):
    """Runs ModelProbe and returns its last line, parsed as JSON, or None."""
    result = subprocess.run([PROBE, *map(str, arguments)], capture_output=True, text=True)
    lines = result.stdout.strip().splitlines()
    if result.returncode:
        told = lines[-1] if lines else result.stderr.strip()[-300:]
        raise ProbeFailed(told if result.returncode > 0 else f"CRASHED by signal {-result.returncode}: {told}")
    return json.loads(lines[-1]) if lines else None


def quiet():
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()


def distance(found, expected):
    """Returns the largest difference as a fraction of the largest value."""
    return ((found.double() - expected.double()).abs().max() / expected.double().abs().max()).item()


def write_texts(path, texts, types=None):
    """Writes the input of ModelProbe: the ids of all texts, one after another."""
    lengths = torch.tensor([0] + [len(text) for text in texts])
    tensors = {"ids": torch.cat(texts).int(), "cu_seqlens": lengths.cumsum(0).int()}
    if types:
        tensors["type_ids"] = torch.cat(types).int()
    save_file(tensors, path)


def read_texts(path):
    """Returns the texts of such a file, and their token types or None."""
    tensors = load_file(path)
    bounds = tensors["cu_seqlens"].tolist()
    rows = {key: [tensors[key][start:end].long() for start, end in zip(bounds, bounds[1:])]
            for key in ("ids", "type_ids") if key in tensors}
    return rows["ids"], rows.get("type_ids")


@torch.no_grad()
def reference_logits(model, texts, types=None):
    """Returns transformers' logits of each text, run alone, so that nothing depends on padding."""
    results = []
    for row, text in enumerate(texts):
        inputs = {"input_ids": text[None], "attention_mask": torch.ones_like(text)[None]}
        if types:
            inputs["token_type_ids"] = types[row][None]
        results.append(model(**inputs).logits)
    return torch.cat(results)
