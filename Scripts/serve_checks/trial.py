"""The models, servers and helpers that the rows of Scripts/check-serve share."""

import http.client
import json
import math
import pathlib
import shutil
import subprocess
import time

import numpy as np
from safetensors.numpy import load_file, save_file

import serving

TINY = pathlib.Path(__file__).resolve().parents[2] / "Tests/Fixtures/models/bert-gelu"
WORDS = ["good", "bad", "news", "from", "the", "front", "page", "poison"]
# A text with this word has logits that are NaN, although every weight is finite.
POISON = "poison"
# Texts and keys with this word must not be in any log.
SECRET = "zanzibarsecret"
HOSTILE = ['"quoted" \'label\'', "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "e\u0301\"\u0301 combining",
           "a|b", "two\nlines\tand a tab", "😀 \u202e backwards", "back\\slash {} \u2028 end"]

rows = []


class Skip(Exception):
    """A row that cannot be run here; the message is the reason."""


class Failed(Exception):
    """A row that does not hold; the message says why."""


def row(title):
    """Adds a function that takes a `Trial` and returns a remark or None."""
    def add(function):
        rows.append((title, function))
        return function
    return add


def require(condition, message):
    if not condition:
        raise Failed(str(message))


def equal(found, expected, what):
    require(found == expected, f"{what} is {found!r}, but must be {expected!r}")


def close(found, expected, what, tolerance=1e-5):
    """Compares scores by label."""
    equal(set(found), set(expected), f"the labels of {what}")
    worst = max(abs(found[label] - expected[label]) for label in expected)
    require(worst <= tolerance, f"{what}: scores differ by {worst:.1e}: {found} and {expected}")


def by_label(entries):
    """The scores of a list of objects with `label` and `score`."""
    return {entry["label"]: entry["score"] for entry in entries}


def tokenizer():
    """A WordPiece tokenizer with every letter and a few words."""
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    names = special + letters + ["##" + letter for letter in letters] + WORDS + list("0123456789.,!?")
    vocabulary = {name: place for place, name in enumerate(names)}

    def token(name, kind):
        return {"SpecialToken": {"id": name, "type_id": kind}}

    def sequence(name, kind):
        return {"Sequence": {"id": name, "type_id": kind}}

    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    single = [token("[CLS]", 0), sequence("A", 0), token("[SEP]", 0)]
    return vocabulary, {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [{"id": vocabulary[name], "content": name, **flags} for name in special],
        "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None,
                       "lowercase": True},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing", "single": single,
            "pair": single + [sequence("B", 1), token("[SEP]", 1)],
            "special_tokens": {name: {"id": name, "ids": [vocabulary[name]], "tokens": [name]} for name in ("[CLS]", "[SEP]")},
        },
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
                  "vocab": vocabulary},
    }


def make_model(folder, labels=("a", "b", "c"), problem="single_label_classification", poisoned=True):
    """A tiny BERT classifier of at most 80 tokens; if poisoned, one of its words makes scores that are not finite."""
    folder.mkdir()
    vocabulary, contents = tokenizer()
    (folder / "tokenizer.json").write_text(json.dumps(contents))
    names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}
    (folder / "tokenizer_config.json").write_text(json.dumps(
        {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 80, **names}))
    configuration = json.loads((TINY / "config.json").read_text())
    assert len(vocabulary) <= configuration["vocab_size"]
    configuration |= {"id2label": {str(i): label for i, label in enumerate(labels)},
                      "label2id": {label: i for i, label in enumerate(labels)}, "problem_type": problem}
    (folder / "config.json").write_text(json.dumps(configuration))
    tensors = load_file(TINY / "model.safetensors")
    draw = np.random.default_rng(26)
    for name, values in tensors.items():
        if poisoned and name.endswith("word_embeddings.weight"):
            # Sums overflow in the first norm.
            values[vocabulary[POISON]] = np.where(np.arange(values.shape[1]) < 3 * values.shape[1] // 4, 3e38, -3e38)
        elif name == "classifier.weight" and len(labels) != 3:
            tensors[name] = draw.normal(size=(len(labels), values.shape[1])).astype(np.float32)
        elif name == "classifier.bias" and len(labels) != 3:
            tensors[name] = np.zeros(len(labels), np.float32)
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    return folder


class Trial:
    """Starts servers when rows need them, and keeps them until the end."""

    def __init__(self, attune, folder, real=None):
        self.attune, self.folder = attune, folder
        # Another classifier's folder, for the rows that need a model that is not tiny.
        self.real = real
        self.servers, self.models = {}, {}

    def model(self, name="plain"):
        """The folder of one of the tiny models."""
        if name not in self.models:
            labels, problem = ("a", "b", "c"), "single_label_classification"
            if name == "multi":
                problem = "multi_label_classification"
            elif name == "hostile":
                labels = HOSTILE
            self.models[name] = make_model(self.folder / name, labels, problem, poisoned=name != "sound")
        return self.models[name]

    def start(self, *flags, model="plain", **options):
        """A new server, which the caller ends."""
        models = [self.model(name) if isinstance(name, str) else name for name in (model if isinstance(model, list) else [model])]
        return serving.Server.attune(self.attune, models, *flags, **options)

    def server(self, *flags, model="plain"):
        """A running server with these flags, which other rows use, too."""
        key = (model, *flags)
        found = self.servers.get(key)
        if found is None or not found.is_running():
            found = self.servers[key] = self.start(*flags, model=model).wait()
        return found

    def stop(self):
        for server in self.servers.values():
            server.kill()

    def expected(self, texts, model="plain"):
        """The scores by label that `attune predict` gives texts, or pairs of texts."""
        source = self.folder / "expected.jsonl"
        arePairs = isinstance(texts[0], (list, tuple))
        lines = [{"text": text[0], "pair": text[1]} if arePairs else {"text": text} for text in texts]
        source.write_text("".join(json.dumps(line) + "\n" for line in lines))
        pair = ["--text-pair-column", "pair"] if arePairs else []
        result = subprocess.run(
            [self.attune, "predict", "--model", self.model(model), "--input", source, "--text-column", "text", *pair, "--logits",
             "--raw"], capture_output=True, text=True)
        require(result.returncode == 0, f"attune predict failed: {result.stderr[-500:]}")
        configuration = json.loads((self.model(model) / "config.json").read_text())
        labels = list(configuration["id2label"].values())
        found = []
        for line in result.stdout.splitlines():
            logits = json.loads(line)["logits"]
            if configuration["problem_type"].startswith("multi"):
                scores = [1 / (1 + math.exp(-logit)) for logit in logits]
            else:
                powers = [math.exp(logit - max(logits)) for logit in logits]
                scores = [power / sum(powers) for power in powers]
            found.append(dict(zip(labels, scores, strict=True)))
        return found

    def logits(self, text, model="plain"):
        """The logits by label that `attune predict` gives a text."""
        result = subprocess.run([self.attune, "predict", "--model", self.model(model), "--text", text, "--logits", "--raw"],
                                capture_output=True, text=True)
        require(result.returncode == 0, f"attune predict failed: {result.stderr[-500:]}")
        labels = json.loads((self.model(model) / "config.json").read_text())["id2label"].values()
        return dict(zip(labels, json.loads(result.stdout)["logits"], strict=True))


def predict(server, inputs, headers=(), **fields):
    """The answer of POST /predict."""
    return server.ask("POST", "/predict", {"inputs": inputs, **fields}, headers)


def require_unharmed(server, seconds=20):
    """Requires that the server still answers."""
    require(server.is_running(), f"the server has ended: {server.logged()[-800:]}")
    start = time.monotonic()
    answer = None
    while time.monotonic() - start < seconds:
        try:
            answer = predict(server, "good news")
            if answer.status == 200:
                return
        except (OSError, http.client.HTTPException) as error:
            answer = error
        time.sleep(0.2)
    raise Failed(f"the server answers no more: {answer!r}")


def copied(folder, place):
    """A copy of a folder."""
    shutil.copytree(folder, place)
    return place
