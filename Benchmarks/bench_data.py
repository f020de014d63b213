"""Rows and models of the benchmark. Used by speed.py."""

import csv
import json
import random

from bench_process import note, run


class Data:
    def __init__(self, options, work):
        self.attune, self.work, self.cache = options.attune, work, options.cache
        self.models = {"smollm2": options.smollm2, "minilm": options.minilm}
        self.folder = options.datasets
        self.starts = {}
        tweets = self.table("election-tweets-2016.tab", "Content", "Author")
        self.rows = {"tweets": self.write("tweets", tweets)}
        by_label = {}
        for row in tweets:
            by_label.setdefault(row["label"], []).append(row["text"])
        # 120 tweets of one author joined: a text of more than 2,048 tokens.
        long = [{"text": " ".join(texts[i:i + 120]), "label": label}
                for label, texts in by_label.items() for i in range(0, len(texts) - 120, 120)]
        self.rows["long"] = self.write("long", long)
        for part in ["train", "test"]:
            self.rows[f"news-{part}"] = self.write(f"news-{part}", self.table(f"20newsgroups-{part}.tab", "Text", "Category"))

    def table(self, file, text, label):
        csv.field_size_limit(1 << 30)
        with open(self.folder / file, newline="", encoding="utf-8", errors="replace") as handle:
            rows = list(csv.reader(handle, delimiter="\t"))
        names = rows[0]
        text, label = names.index(text), names.index(label)
        return [{"text": r[text], "label": r[label]} for r in rows[3:] if len(r) > max(text, label) and r[text].strip()]

    def write(self, name, rows):
        path = self.work / f"{name}.jsonl"
        path.write_text("".join(json.dumps(r) + "\n" for r in rows))
        return path

    def sample(self, name, count):
        """Draws `count` rows. Grouping by length begins with the longest, so a short run over all rows would see only those."""
        path = self.work / f"{name}-{count}.jsonl"
        if not path.exists():
            rows = self.rows[name].read_text().splitlines(True)
            path.write_text("".join(random.Random(1).sample(rows, min(count, len(rows)))))
        return path

    def count(self, rows):
        with open(rows) as file:
            return sum(1 for _ in file)

    def train(self, model, rows, out, *more):
        saving = [] if "--save-strategy" in more else ["--save-strategy", "no"]
        return run([self.attune, "train", "--model", model, "--dataset", rows, "--text-column", "text", "--label-column", "label",
                    *saving, "--learning-rate", "5e-5", "--overwrite-output-dir", "--output-dir", out, *more])

    def start(self, name):
        """Returns the folder of the classifier that both sides start from."""
        if name not in self.starts:
            self.starts[name] = self.work / f"start-{name}"
            self.train(self.models[name], self.rows["tweets"], self.starts[name], "--max-steps", 1, "--sample", 100)
        return self.starts[name]

    def news(self):
        """Returns MiniLM trained on 20newsgroups-train with 256 tokens, for accuracies; trains it once and keeps it."""
        folder = self.cache / "minilm-20newsgroups"
        if not (folder / "config.json").exists():
            note(f"training MiniLM on 20newsgroups-train, once: {folder}")
            folder.parent.mkdir(parents=True, exist_ok=True)
            self.train(self.models["minilm"], self.rows["news-train"], folder, "--max-length", 256, "--num-train-epochs", 2,
                       "--per-device-train-batch-size", 16, "--precision", "bf16")
        return folder

    def accuracy(self, rows, answers):
        """Returns the share of labels in a file that are those of the rows: one per line, or JSON lines with a label."""
        def label(line):
            return json.loads(line)["label"] if line.startswith("{") else line

        with open(rows) as file, open(answers) as found:
            pairs = [(json.loads(row)["label"], label(line.rstrip("\n"))) for row, line in zip(file, found, strict=True)]
        return sum(a == b for a, b in pairs) / len(pairs)
