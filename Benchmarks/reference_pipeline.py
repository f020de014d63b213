"""The baseline: transformers' text-classification pipeline over rows; prints texts per second, without loading.

    python3 reference_pipeline.py MODEL_FOLDER ROWS.jsonl [--batch 32] [--max-length 512]
"""

import argparse
import json
import time

import transformers

parser = argparse.ArgumentParser()
parser.add_argument("model")
parser.add_argument("rows")
parser.add_argument("--batch", type=int, default=32)
parser.add_argument("--max-length", type=int, default=512)
options = parser.parse_args()
transformers.logging.set_verbosity_error()
with open(options.rows) as file:
    texts = [json.loads(line)["text"] for line in file]
classify = transformers.pipeline("text-classification", model=options.model, dtype="float32", device="cpu")
start = time.perf_counter()
answers = classify(texts, batch_size=options.batch, truncation=True, max_length=options.max_length)
print(json.dumps({"rate": len(texts) / (time.perf_counter() - start), "first": answers[0]}))
