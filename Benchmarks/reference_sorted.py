"""The baseline: transformers over rows, sorted by length in padded batches; prints texts per second, without loading.

    python3 reference_sorted.py MODEL_FOLDER ROWS.jsonl [--batch 32] [--max-length 512] [--threads N] [--answers FILE] [--bf16]

Needs torch, transformers, tokenizers and numpy.
"""

import argparse

import sorted_texts

parser = argparse.ArgumentParser()
parser.add_argument("--bf16", action="store_true")
options = sorted_texts.arguments(parser)

import torch
import transformers

transformers.logging.set_verbosity_error()
torch.set_num_threads(options.threads)
model = transformers.AutoModelForSequenceClassification.from_pretrained(
    options.model, dtype=torch.bfloat16 if options.bf16 else torch.float32).eval()


def logits(ids, mask):
    with torch.inference_mode():
        return model(input_ids=torch.from_numpy(ids), attention_mask=torch.from_numpy(mask)).logits.float().numpy()


sorted_texts.classify(options, logits)
