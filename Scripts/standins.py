"""Small stand-ins for the models and datasets that the documents name. Scripts/doc-commands runs the documents' commands on them."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from documents import ROOT

DECODER = ROOT / "Tests/Fixtures/gguf-vocabularies/tiny.gguf"
ENCODER = ROOT / "Tests/Fixtures/models/sentence-transformers"
# Models of the Hub, in the local cache.
HUB = ["answerdotai/ModernBERT-base", "google-bert/bert-base-uncased", "sentence-transformers/all-MiniLM-L6-v2"]
COMMIT = "0123456789abcdef0123456789abcdef01234567"
WORDS = [("sunny", "warm", "bright"), ("rainy", "cold", "grey")]


def texts(count):
    """Texts of two kinds that a small model can tell apart, with their kinds."""
    for i in range(count):
        kind = i % 2
        yield kind, f"day {i} was {WORDS[kind][i // 2 % 3]} and {WORDS[kind][i // 6 % 3]}"


def csv(path, columns, labels, count=120):
    lines = [",".join(columns), *(f"{text},{labels[kind]}" for kind, text in texts(count))]
    path.write_text("\n".join([*lines, ""]))


def orange(path, columns, labels, count=120):
    """A table in the format of the program Orange, whose header has three rows."""
    lines = ["\t".join(columns), "string\td", "meta\tclass", *(f"{text}\t{labels[kind]}" for kind, text in texts(count))]
    path.write_text("\n".join([*lines, ""]))


def weather(path):
    """The made-up lines of docs/multi-label-and-regression.md."""
    values = {"sunny": 2.0, "windy": 1.0, "cold": 0.0}
    with open(path, "w") as file:
        for i in range(60):
            tags = [tag for tag, divisor in (("sunny", 2), ("cold", 3), ("windy", 5)) if i % divisor == 0]
            row = {"text": " ".join(["day", str(i), *tags]), "tags": tags, "stars": sum(values[tag] for tag in tags)}
            file.write(json.dumps(row) + "\n")


AUTHORS = ["HillaryClinton", "realDonaldTrump"]


def held_out(path):
    """Rows of which two have the wrong label, for docs/calibrate-and-compare.md."""
    csv(path, ["text", "author"], AUTHORS, 60)
    lines = path.read_text().split("\n")
    for i in (7, 24):
        text, author = lines[i].split(",")
        lines[i] = f"{text},{AUTHORS[1 - AUTHORS.index(author)]}"
    path.write_text("\n".join(lines))


FILES = {
    "tweets.csv": lambda path: csv(path, ["text", "author"], AUTHORS),
    "new.csv": lambda path: csv(path, ["text", "author"], AUTHORS, 20),
    "held-out.csv": held_out,
    "reviews.csv": lambda path: csv(path, ["text", "stars"], ["5", "1"]),
    "election-tweets-2016.tab": lambda path: orange(path, ["Content", "Author"], AUTHORS),
    "weather.jsonl": weather,
    "SmolLM2-135M-Instruct.gguf": lambda path: shutil.copy(DECODER, path),
    "SmolLM2-135M.gguf": lambda path: shutil.copy(DECODER, path),
    "all-MiniLM-L6-v2": lambda path: shutil.copytree(ENCODER, path),
}


class Scratch:
    """The folder in which a document's commands run."""

    def __init__(self, folder, shared, program, real):
        self.folder, self.shared, self.program, self.real = folder, shared, program, real
        folder.mkdir()
        (folder / "recipes").symlink_to(ROOT / "recipes")
        programs = shared / "bin"
        programs.mkdir(exist_ok=True)
        if not (programs / "attune").exists():
            (programs / "attune").symlink_to(program)
        # No measurement of this machine, no token and no download of the user is used.
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("HF_")},
            "PATH": f"{programs}:{os.environ['PATH']}", "XDG_CACHE_HOME": str(shared / "cache"), "HF_HOME": str(self.hub()),
            "HF_HUB_OFFLINE": "1", "CURL_HOME": str(programs),
        }
        # The server of `attune serve` in the document, while it runs.
        self.server = None
        (programs / ".curlrc").write_text("silent\nshow-error\nfail-with-body\n")

    def stop(self):
        """Stops the document's server, if one runs."""
        server, self.server = self.server, None
        if server:
            server.stop()

    def hub(self):
        """A cache of the Hub with the stand-ins for its models."""
        home = self.shared / "huggingface"
        for name in HUB:
            folder = home / "hub" / f"models--{name.replace('/', '--')}"
            if not folder.exists():
                (folder / "refs").mkdir(parents=True)
                (folder / "refs/main").write_text(COMMIT)
                shutil.copytree(ENCODER, folder / "snapshots" / COMMIT)
        return home

    def provide(self, words):
        """Puts the files that a command names in the folder, if the commands before have not written them."""
        for word in words:
            path = self.folder / word
            if word.startswith("-") or path.exists():
                continue
            if self.real:
                self.provide_real(path)
            elif path.name in FILES:
                path.parent.mkdir(parents=True, exist_ok=True)
                FILES[path.name](path)
        for word, run in zip(words, words[1:]):
            if word in ("--model", "--teacher", "report", "calibrate", "errors", "export") and run.startswith("runs/"):
                self.provide_run(self.folder / run)
        for word in words if "serve" in words else []:
            # A model may have a name: tone=runs/tone.
            run = word.split("=")[-1]
            if run.startswith("runs/"):
                self.provide_run(self.folder / run)

    def provide_real(self, path):
        """Links a file of the demo, or of the package with its tweets."""
        demo = ROOT / ".native/data"
        for source in [demo / path.name, (demo / "election-tweets-2016.tab").resolve().parent / path.name]:
            if source.is_file():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.symlink_to(source)
                return

    def provide_run(self, folder):
        """A classifier, trained on the stand-in for tweets."""
        if folder.exists():
            return
        trained = self.shared / "trained"
        if not trained.exists():
            data = self.shared / "tweets.csv"
            FILES["tweets.csv"](data)
            result = subprocess.run(
                [self.program, "train", "--model", DECODER, "--dataset", data, "--text-column", "text", "--label-column", "author",
                 "--learning-rate", "5e-3", "--max-steps", "60", "--save-strategy", "no", "--output-dir", trained],
                env=self.environment, capture_output=True, text=True)
            if result.returncode:
                sys.exit(f"the stand-in for {folder.name} cannot be trained:\n{result.stderr}")
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(trained, folder)
