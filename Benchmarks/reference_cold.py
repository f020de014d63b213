"""The baseline of a cold start: classifies one text, as a small Python program would, and prints the answer.

    python3 reference_cold.py transformers MODEL_FOLDER TEXT
    python3 reference_cold.py onnxruntime MODEL_FOLDER TEXT --onnx FILE.onnx

The caller times the whole process. Needs transformers and torch, or onnxruntime, tokenizers and numpy, and imports nothing else.
"""

import argparse

parser = argparse.ArgumentParser()
parser.add_argument("library", choices=["transformers", "onnxruntime"])
parser.add_argument("model")
parser.add_argument("text")
parser.add_argument("--onnx")
options = parser.parse_args()


def by_transformers():
    from transformers import pipeline
    return pipeline("text-classification", model=options.model, device="cpu")(options.text)


def by_onnxruntime():
    import json

    import numpy
    import onnxruntime
    from tokenizers import Tokenizer

    with open(f"{options.model}/config.json") as file:
        names = json.load(file)["id2label"]
    session = onnxruntime.InferenceSession(options.onnx, providers=["CPUExecutionProvider"])
    ids = numpy.array([Tokenizer.from_file(f"{options.model}/tokenizer.json").encode(options.text).ids], dtype=numpy.int64)
    inputs = {"input_ids": ids, "attention_mask": numpy.ones_like(ids), "token_type_ids": numpy.zeros_like(ids)}
    logits = session.run(["logits"], {value.name: inputs[value.name] for value in session.get_inputs()})[0][0]
    scores = numpy.exp(logits - logits.max())
    best = int(logits.argmax())
    return {"label": names[str(best)], "score": float(scores[best] / scores.sum())}


print(by_transformers() if options.library == "transformers" else by_onnxruntime())
