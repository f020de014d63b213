"""Computes the logits of texts with llama.cpp.

    PYTHON llama_logits.py FILE < INPUT

FILE is a GGUF file of `attune export`. INPUT is a JSON object: "rows", the ids of the tokens of each text, and "texts", which are only
tokenized. Prints a JSON object: the logits of the rows, whether they are probabilities, and llama.cpp's ids of the texts; or the reason
why it was skipped.

PYTHON has llama-cpp-python or llama-cpp-py-sync. Only the functions of llama.h are called, which have the same names in both.
"""

import json
import pathlib
import sys

# The script "gguf" in this folder has the package's name.
sys.path[:] = [path for path in sys.path if pathlib.Path(path or ".").resolve() != pathlib.Path(__file__).resolve().parent]

# llama.h: the pooled state of the last token, and the output of a classification head.
LAST, RANK = 3, 4
# ggml.h
FLOAT32 = 0
CONTEXT = 512


class Unavailable(Exception):
    """No package of llama.cpp can be used."""


def library():
    """The functions of llama.h, and a function that makes an array of token ids."""
    reasons = []
    for open_package in (open_cffi, open_ctypes):
        try:
            return open_package()
        except (ImportError, OSError, RuntimeError) as error:
            reasons.append(str(error))
    raise Unavailable(", ".join(reasons))


def open_cffi():
    from llama_cpp_py_sync import _cffi_bindings as bindings

    return bindings.get_lib(), lambda ids: bindings.get_ffi().new("llama_token[]", ids)


def open_ctypes():
    import llama_cpp

    return llama_cpp, lambda ids: (llama_cpp.llama_token * len(ids))(*ids)


class Model:
    """An opened file."""

    def __init__(self, path, pooling):
        self.library, self.array = library()
        self.library.llama_backend_init()
        settings = self.library.llama_model_default_params()
        settings.n_gpu_layers = 0
        self.model = self.library.llama_model_load_from_file(path.encode(), settings)
        if not self.model:
            sys.exit("llama.cpp cannot open the file")
        self.context = self.library.llama_init_from_model(self.model, self.context_settings(pooling))
        if not self.context:
            sys.exit("llama.cpp cannot make a context")

    def context_settings(self, pooling):
        """Keys and values in float32, and no flash attention, which rounds them to float16."""
        settings = self.library.llama_context_default_params()
        settings.n_ctx = settings.n_batch = settings.n_ubatch = CONTEXT
        settings.n_threads = settings.n_threads_batch = 1
        settings.embeddings, settings.pooling_type = True, pooling
        settings.type_k = settings.type_v = FLOAT32
        # Older versions have the flag flash_attn, which is false by default.
        if hasattr(settings, "flash_attn_type"):
            settings.flash_attn_type = 0
        return settings

    def output(self, ids, count):
        """The first numbers of the pooled output of one text."""
        self.library.llama_memory_clear(self.library.llama_get_memory(self.context), True)
        tokens = self.array(ids)
        run = self.library.llama_decode if self.library.llama_model_has_decoder(self.model) else self.library.llama_encode
        if code := run(self.context, self.library.llama_batch_get_one(tokens, len(ids))):
            sys.exit(f"llama.cpp cannot compute the text: {code}")
        numbers = self.library.llama_get_embeddings_seq(self.context, 0)
        if not numbers:
            sys.exit("llama.cpp gives no output")
        return [numbers[index] for index in range(count)]

    def ids(self, text):
        """llama.cpp's own tokens."""
        data, space = text.encode(), self.array([0] * CONTEXT)
        count = self.library.llama_tokenize(self.library.llama_model_get_vocab(self.model), data, len(data), space, CONTEXT, True, True)
        return [space[index] for index in range(count)]


def main():
    import gguf
    import numpy as np

    path, given = sys.argv[1], json.load(sys.stdin)
    fields = gguf.GGUFReader(path).fields
    architecture = fields["general.architecture"].contents()
    labels = fields[f"{architecture}.classifier.output_labels"].contents()
    head = fields.get("attune.classifier.weight")
    try:
        model = Model(path, LAST if head else RANK)
    except Unavailable as error:
        print(json.dumps({"skipped": str(error)}))
        return
    if head:
        weight = np.array(head.contents(), np.float64).reshape(len(labels), -1)
        logits = [(weight @ model.output(ids, weight.shape[1])).tolist() for ids in given["rows"]]
    else:
        if (count := model.library.llama_model_n_cls_out(model.model)) != len(labels):
            sys.exit(f"llama.cpp's head has {count} outputs, not {len(labels)}")
        logits = [model.output(ids, count) for ids in given["rows"]]
    print(json.dumps({"logits": logits, "are_probabilities": head is None and architecture == "qwen3",
                      "ids": [model.ids(text) for text in given["texts"]]}))


main()
