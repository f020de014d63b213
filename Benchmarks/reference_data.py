"""The data path of the mission's Python script, with datasets and transformers: load, encode, sample, split, tokenize.

    python Benchmarks/reference_data.py FILE TOKENIZER OUT     needs datasets==5.2.0, transformers==5.23.0

Prints each step's seconds, then `reference SECONDS PEAK_MB`. Writes the rows to OUT/train.parquet and OUT/test.parquet for
comparison.
"""

import resource
import sys
import tempfile
import time

import datasets
from transformers import AutoTokenizer

file, model, out = sys.argv[1:]
datasets.disable_progress_bars()
start = last = time.perf_counter()


def lap(step):
    global last
    now = time.perf_counter()
    print(f"  {step:<24} {now - last:7.2f} s", flush=True)
    last = now


with tempfile.TemporaryDirectory() as cache:
    rows = datasets.load_dataset("parquet", data_files=file, split="train", cache_dir=cache)
    lap("load")
    for column in ["mbti", "E-I", "N-S", "F-T", "J-P"]:
        rows = rows.class_encode_column(column)
    lap("encode five columns")
    rows = rows.train_test_split(test_size=0.01, stratify_by_column="mbti", seed=0)["test"]
    lap("keep a stratified 1 %")
    parts = rows.train_test_split(test_size=0.2, stratify_by_column="mbti", seed=1)
    lap("split it 80/20")
    tokenizer = AutoTokenizer.from_pretrained(model)
    tokenized = parts.map(lambda batch: tokenizer(batch["body"], truncation=True), batched=True)
    lap("tokenize")
    seconds = time.perf_counter() - start
    for name, part in tokenized.items():
        part.to_parquet(f"{out}/{name}.parquet")
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
print(f"reference {seconds:.2f} {peak:.0f}")
