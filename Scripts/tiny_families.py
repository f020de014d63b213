"""Tiny models of every family, and texts for them, for the scripts that train them."""

import json
import pathlib
import random
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
# In a folder that Scripts/check-gpu packed they are next to the scripts.
MODELS = HERE / "parts/models" if (HERE / "parts.tar.xz").exists() else HERE.parent / "Tests/Fixtures/models"
FAMILIES = ["llama-gqa", "mistral-window", "qwen2-mixed", "qwen3-wide", "phi3-partial", "gemma2-plain", "gemma3-linear",
            "gpt2-plain", "gpt-neox-parallel", "bert-gelu", "roberta-plain", "xlm-roberta-plain", "distilbert-plain",
            "electra-projected", "modernbert-cls", "deberta-v3"]
# Letters with ids that no family uses for padding.
TOKENS = {"a": 5, "b": 6, "c": 7, "d": 8}
TEXT = "abcadbacd"


def make_base(name, folder):
    """Copies a tiny model and adds a tokenizer of four letters."""
    shutil.copytree(MODELS / name, folder, ignore=shutil.ignore_patterns("expected*"))
    tokenizer = {"version": "1.0", "added_tokens": [], "model": {"type": "BPE", "vocab": TOKENS, "merges": []}}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "PreTrainedTokenizerFast"}))


def write_rows(file):
    """Texts of random letters, labelled by their first letter."""
    choice = random.Random(0)
    texts = ["".join(choice.choices("abcd", k=choice.randint(4, 12))) for _ in range(40)]
    file.write_text("text,label\n" + "".join(f"{text},{'early' if text[0] in 'ab' else 'late'}\n" for text in texts))


def attune(program, *arguments):
    """The standard output of a command; ends the script if it fails."""
    result = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"attune {' '.join(map(str, arguments))}\n{result.stderr}")
    return result.stdout


def logits(program, model, *flags):
    """The logits of the text."""
    found = json.loads(attune(program, "predict", "--model", model, "--text", TEXT, "--logits", "--quiet", *flags))["logits"]
    return list(found.values()) if isinstance(found, dict) else found
