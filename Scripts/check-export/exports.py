"""Runs `attune`, prepares the fixtures, and prints the table, for the scripts onnx and gguf in this folder."""

import argparse
import json
import multiprocessing
import os
import pathlib
import random
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAIRS = ROOT / "Tests/Fixtures/pairs"
MODELS = ROOT / "Tests/Fixtures/models"
sys.path.append(str(ROOT / "Scripts"))

TEXTS = ["a", "The quick brown fox jumps over the lazy dog.", "Make tomorrow better: 12,345 €, 漢字 and 🙂", "no " * 20]
PAIRED = [("Who wrote it?", "It was written in 1912 by two brothers."), ("a", "b")]
# Numbers of words of the made-up texts. llama-dynamic and phi3-longrope compute long texts differently.
COUNTS = (1, 7, 2, 60, 25, 33)
UNKNOWN = 3


class Failed(Exception):
    """A row whose demands are not met."""


class Attune:
    """The command."""

    def __init__(self, program):
        self.program = program

    def run(self, *words):
        """The standard output of a command that must succeed."""
        words = list(map(str, words))
        done = subprocess.run([self.program, *words], capture_output=True, text=True, env={**os.environ, "HF_HUB_OFFLINE": "1"})
        if done.returncode:
            raise Failed(f"attune {' '.join(words)}: {done.stderr.strip()[-600:]}")
        return done.stdout

    def lines(self, *words):
        """The JSON objects that a command prints."""
        return [json.loads(line) for line in self.run(*words).splitlines()]

    def export(self, model, output, *words):
        self.run("export", model, "--output", output, "--quiet", *words)

    def rows(self, model, sample):
        """The ids and token types of a sample's texts."""
        return [row for words in sample for row in self.lines("tokenize", "--model", model, "--quiet", *words)]

    def logits(self, model, sample):
        """The logits of a sample's texts."""
        return [values(row) for words in sample for row in self.lines("predict", "--model", model, "--logits", "--quiet", *words)]


def values(row):
    logits = row["logits"]
    return list(logits.values()) if isinstance(logits, dict) else logits


# MARK: Samples: lists of flags, one command each

def written_sample(pairs=True):
    """Texts and, if wanted, pairs of texts."""
    sample = [[word for text in TEXTS for word in ("--text", text)]]
    if pairs:
        sample.append([word for first, second in PAIRED for word in ("--text", first, "--text-pair", second)])
    return sample


def counted_sample(config):
    """Texts of a tokenizer from `give_tokenizer`."""
    source = random.Random(5)
    ids = [id for id in range(UNKNOWN + 1, config["vocab_size"]) if id != config.get("pad_token_id")]

    def text(count):
        return " ".join(f"w{source.choice(ids)}" for _ in range(count))

    singles = [word for count in COUNTS for word in ("--text", text(count))]
    pairs = [word for count in (3, 9) for word in ("--text", text(count), "--text-pair", text(12 - count))]
    return [[*words, "--max-length", 70] for words in (singles, pairs)]


def give_tokenizer(folder, config):
    """Writes a tokenizer whose token 7 is the word "w7", for fixtures that have none."""
    padding = config.get("pad_token_id") or 0
    # Special tokens have names that are no part of a word.
    words = {id: f"w{id}" for id in range(config["vocab_size"])} | {UNKNOWN - (padding == UNKNOWN): "<unknown>", padding: "<padding>"}
    second = int(config.get("type_vocab_size") or 1) > 1
    first, other = {"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": int(second)}}
    document = {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
        "pre_tokenizer": {"type": "WhitespaceSplit"}, "decoder": None,
        "post_processor": {"type": "TemplateProcessing", "single": [first], "pair": [first, other], "special_tokens": {}},
        "model": {"type": "WordLevel", "vocab": {word: id for id, word in words.items()}, "unk_token": "<unknown>"},
    }
    (folder / "tokenizer.json").write_text(json.dumps(document))
    names = ["input_ids", *(["token_type_ids"] if second else []), "attention_mask"]
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "<padding>", "unk_token": "<unknown>",
                "model_input_names": names}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))


def fixtures(work):
    """The classifiers among the fixtures: name, folder and sample."""
    for folder in sorted(PAIRS.iterdir()):
        yield f"pairs/{folder.name}", folder, written_sample()
    for folder in sorted(MODELS.iterdir()):
        config = json.loads((folder / "config.json").read_text())
        if not any("SequenceClassification" in name for name in config.get("architectures", [])):
            continue
        copy = work / folder.name
        shutil.copytree(folder, copy)
        give_tokenizer(copy, config)
        yield folder.name, copy, counted_sample(config)


# MARK: Processes, arguments and the table

def in_child(measure, *arguments):
    """Calls a function in a child process, because the libraries under test can end theirs."""
    receiving, sending = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.get_context("fork").Process(target=send, args=(sending, measure, *arguments))
    child.start()
    sending.close()
    try:
        answer = receiving.recv()
    except EOFError:
        child.join()
        reason = f"signal {-child.exitcode}" if child.exitcode < 0 else f"code {child.exitcode}"
        raise Failed(f"the process ended with {reason}") from None
    child.join()
    if isinstance(answer, Failed):
        raise answer
    return answer


def send(connection, measure, *arguments):
    try:
        connection.send(measure(*arguments))
    except Exception as error:
        connection.send(error if isinstance(error, Failed) else Failed(f"{type(error).__name__}: {error}"))


def parse(description, *more):
    """Reads the arguments. With --python, starts the script again in that Python."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("attune", type=pathlib.Path)
    parser.add_argument("--python", help="the Python with the libraries; default: the one that runs this")
    parser.add_argument("--models", nargs="*", default=[], metavar="NAME=PATH", help="classifiers to check")
    parser.add_argument("--fixtures", action="store_true", help="also check the fixtures if --models is given")
    parser.add_argument("--only", action="append", default=[], help="fixtures whose names contain this")
    for name, settings in more:
        parser.add_argument(name, **settings)
    options = parser.parse_args()
    if options.python:
        python = shutil.which(options.python) or sys.exit(f"{options.python}: not found")
        words = [word for word in sys.argv[1:] if not word.startswith("--python=")]
        if "--python" in words:
            place = words.index("--python")
            del words[place:place + 2]
        os.execv(python, [python, sys.argv[0], *words])
    options.models = [named(model) for model in options.models]
    options.attune = options.attune.resolve()
    return options


def named(word):
    name, equals, path = word.partition("=")
    return (name, pathlib.Path(path)) if equals else (pathlib.Path(word).name, pathlib.Path(word))


class Table:
    """The rows, printed when they are known; then the faults, and the exit code."""

    def __init__(self, *columns):
        self.columns, self.count, self.faults, self.begun = columns, 0, [], False

    def add(self, title, measure):
        """Adds a row: `measure` returns its cells and its fault, which is None if it is right."""
        if not self.begun:
            numbers = "---:|" * (len(self.columns) - len(title))
            print(f"\n| {' | '.join(self.columns)} |\n|{'---|' * len(title)}{numbers}", flush=True)
            self.begun = True
        try:
            cells, fault = measure()
        except Exception as error:
            cells, fault = [], error if isinstance(error, Failed) else f"{type(error).__name__}: {error}"
        self.count += 1
        cells = [*title, *cells, *[""] * (len(self.columns) - len(title) - len(cells))]
        print(f"| {' | '.join(map(str, cells))} |{' FAILED' if fault else ''}", flush=True)
        if fault:
            self.faults.append(f"{', '.join(title)}: {str(fault).strip()}")


def finish(*tables):
    """Prints all faults and ends the script."""
    faults = [fault for table in tables for fault in table.faults]
    print(f"\n{len(faults)} of {sum(table.count for table in tables)} rows failed")
    print(*faults, sep="\n")
    sys.exit(bool(faults))
