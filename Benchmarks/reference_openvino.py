"""The baseline: OpenVINO over rows, sorted by length in padded batches; prints texts per second, without loading.

    python3 reference_openvino.py MODEL_FOLDER ROWS.jsonl --file FILE.onnx|FILE.xml [--batch 32] [--max-length 512] [--threads N]
        [--answers FILE] [--throughput]

Needs openvino, tokenizers and numpy. It computes in float32, although OpenVINO's default is bfloat16 if the CPU has
instructions for it; the weights of an int8 file stay int8. --throughput gives its hint for many requests, instead of for one.
"""

import argparse

import sorted_texts

parser = argparse.ArgumentParser()
parser.add_argument("--file", required=True)
parser.add_argument("--throughput", action="store_true")
options = sorted_texts.arguments(parser)

import numpy
import openvino

model = openvino.Core().read_model(options.file)
compiled = openvino.Core().compile_model(model, "CPU", {
    "INFERENCE_NUM_THREADS": options.threads, "INFERENCE_PRECISION_HINT": "f32",
    "PERFORMANCE_HINT": "THROUGHPUT" if options.throughput else "LATENCY"})
names = [value.get_any_name() for value in compiled.inputs]
request = compiled.create_infer_request()


def logits(ids, mask):
    inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": numpy.zeros_like(ids)}
    request.infer({name: inputs[name] for name in names})
    return request.get_output_tensor(0).data


sorted_texts.classify(options, logits)
