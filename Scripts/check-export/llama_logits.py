"""Computes the logits of texts with llama.cpp.

    PYTHON llama_logits.py FILE < TEXTS      FILE is a GGUF file of `attune export`, TEXTS a JSON list

Prints a JSON object: the ids of the tokens, the logits, and whether they are probabilities; or the reason why it was skipped.
"""

import json
import pathlib
import sys

# The script "gguf" in this folder has the package's name.
sys.path[:] = [path for path in sys.path if pathlib.Path(path or ".").resolve() != pathlib.Path(__file__).resolve().parent]

# llama.h: the pooled state of the last token, and the output of a classification head.
LAST, RANK = 3, 4


def main():
    try:
        import llama_cpp
    except ImportError as error:
        print(json.dumps({"skipped": str(error)}))
        return
    import gguf
    import numpy as np

    path, texts = sys.argv[1], json.load(sys.stdin)
    fields = gguf.GGUFReader(path).fields
    architecture = fields["general.architecture"].contents()
    labels = fields[f"{architecture}.classifier.output_labels"].contents()
    head = fields.get("attune.classifier.weight")
    model = llama_cpp.Llama(path, embedding=True, pooling_type=LAST if head else RANK, n_ctx=512, n_batch=512, n_ubatch=512,
                            verbose=False)
    ids = [model.tokenize(text.encode(), add_bos=True, special=True) for text in texts]
    # One text at a time; with a head, llama.cpp gives the logits as the first numbers of the state.
    states = [np.array(model.embed(text, normalize=False), np.float64) for text in texts]
    if head:
        weight = np.array(head.contents(), np.float64).reshape(len(labels), -1)
        logits = [weight @ state for state in states]
    else:
        logits = [state[:len(labels)] for state in states]
    print(json.dumps({"ids": ids, "logits": [row.tolist() for row in logits],
                      "are_probabilities": head is None and architecture == "qwen3"}))


main()
