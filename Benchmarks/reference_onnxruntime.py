"""The baseline: ONNX Runtime over rows, sorted by length in padded batches; prints texts per second, without loading.

    python3 reference_onnxruntime.py MODEL_FOLDER ROWS.jsonl --onnx FILE.onnx [--batch 32] [--max-length 512] [--threads N]
        [--answers FILE]

Needs onnxruntime, tokenizers and numpy. reference_export.py and `attune export --format onnx` write such files.
"""

import argparse

import sorted_texts

parser = argparse.ArgumentParser()
parser.add_argument("--onnx", required=True)
options = sorted_texts.arguments(parser)

import numpy
import onnxruntime

settings = onnxruntime.SessionOptions()
settings.intra_op_num_threads = options.threads
session = onnxruntime.InferenceSession(options.onnx, settings, providers=["CPUExecutionProvider"])
names = [value.name for value in session.get_inputs()]


def logits(ids, mask):
    inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": numpy.zeros_like(ids)}
    return session.run(["logits"], {name: inputs[name] for name in names})[0]


sorted_texts.classify(options, logits)
