"""Texts of a file in padded batches of similar length, for the other programs that predict.

Needs numpy and tokenizers. Everything from a text to its label is timed; loading a model is not.
"""

import argparse
import json
import os
import pathlib
import time


def arguments(parser=None):
    """Reads the command line that these programs share, and sets the number of the tokenizer's threads."""
    parser = parser or argparse.ArgumentParser()
    parser.add_argument("model", type=pathlib.Path, help="the folder of a classifier, with tokenizer.json and config.json")
    parser.add_argument("rows", type=pathlib.Path, help="JSON lines with a text")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--max-length", type=int, default=512)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--answers", type=pathlib.Path, help="write one label per line, in the order of the rows")
    options = parser.parse_args()
    os.environ["RAYON_NUM_THREADS"] = str(options.threads)
    return options


def classify(options, logits):
    """Classifies all rows and prints the texts per second; `logits` maps ids and mask, both [B, S], to logits [B, K]."""
    import numpy
    from tokenizers import Tokenizer

    with open(options.rows) as file:
        texts = [json.loads(line)["text"] for line in file]
    names = json.loads((options.model / "config.json").read_text())["id2label"]
    tokenizer = Tokenizer.from_file(str(options.model / "tokenizer.json"))
    tokenizer.enable_truncation(options.max_length)
    tokenizer.no_padding()

    def padded(encodings):
        width = max(len(e.ids) for e in encodings)
        ids, mask = (numpy.zeros((len(encodings), width), dtype=numpy.int64) for _ in range(2))
        for row, encoding in enumerate(encodings):
            ids[row, :len(encoding.ids)] = encoding.ids
            mask[row, :len(encoding.ids)] = 1
        return ids, mask

    logits(*padded(tokenizer.encode_batch(texts[:options.batch])))  # the first batch also fills caches
    labels = [""] * len(texts)
    start = time.perf_counter()
    encodings = tokenizer.encode_batch(texts)
    order = sorted(range(len(texts)), key=lambda i: len(encodings[i].ids))
    for first in range(0, len(order), options.batch):
        places = order[first:first + options.batch]
        best = numpy.asarray(logits(*padded([encodings[i] for i in places]))).argmax(axis=-1)
        for place, label in zip(places, best):
            labels[place] = names[str(label)]
    seconds = time.perf_counter() - start
    if options.answers:
        options.answers.write_text("\n".join(labels) + "\n")
    print(json.dumps({"rate": len(texts) / seconds}))
