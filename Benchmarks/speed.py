"""Measures Attune and transformers alternately and prints a table; see Benchmarks/run."""

import argparse
import csv
import json
import os
import pathlib
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
# The weights that a token is multiplied by, and a tweet's tokens: training costs six operations for each weight and token. The
# last block computes only the pooled rows, so only its keys and values count; head and embedding do not count.
SMOLLM2, MINILM = (102.9e6, 35.0), (9.14e6, 36.5)


def run(command, **variables):
    """Returns the seconds of the whole process, its peak memory in MB and its output; exits if it fails."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        start = time.perf_counter()
        process = subprocess.Popen([str(w) for w in command], stdout=out, stderr=err, env={**os.environ, **variables})
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        out.seek(0), err.seek(0)
        text = out.read()
        if status:
            sys.exit(f"{' '.join(map(str, command))}\n{text}{err.read()[-3000:]}")
        return seconds, usage.ru_maxrss / 1024, text


class Bench:
    def __init__(self, options, work):
        self.attune, self.work = options.attune, work
        self.models = {"smollm2": options.smollm2, "minilm": options.minilm}
        self.datasets = options.datasets
        self.starts = {}
        tweets = self.table(options.datasets / "election-tweets-2016.tab", "Content", "Author")
        self.rows = {"tweets": self.write("tweets", tweets)}
        by_label = {}
        for row in tweets:
            by_label.setdefault(row["label"], []).append(row["text"])
        # 120 tweets of one author joined: a text of more than 2,048 tokens.
        long = [{"text": " ".join(texts[i:i + 120]), "label": label} for label, texts in by_label.items() for i in range(0, len(texts) - 120, 120)]
        self.rows["long"] = self.write("long", long)
        self.rows["news"] = self.write("news", self.table(options.datasets / "20newsgroups-test.tab", "Text", "Category"))

    def table(self, file, text, label):
        csv.field_size_limit(1 << 30)
        with open(file, newline="", encoding="utf-8", errors="replace") as handle:
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

    def train(self, model, rows, steps, out, *more):
        return run([self.attune, "train", "--model", model, "--dataset", self.rows[rows], "--text-column", "text", "--label-column", "label",
                    "--save-strategy", "no", "--learning-rate", "5e-5", "--max-steps", steps, "--overwrite-output-dir", "--output-dir", self.work / out, *more])

    def start(self, name):
        """Returns the folder of the classifier that both sides start from."""
        if name not in self.starts:
            self.starts[name] = self.work / f"start-{name}"
            self.train(self.models[name], "tweets", 1, self.starts[name], "--sample", 100)
        return self.starts[name]

    def training(self, model, steps, reference_steps, rows="tweets", ours=(), reference=(), weights=None, examples=8):
        """Returns both sides of a training task; `examples` is the number per step."""
        def first():
            _, peak, text = self.train(self.start(model), rows, steps, "out", *ours)
            return float(re.search(r"\(([\d.]+) examples/s\)", text)[1]), peak

        def second():
            _, peak, text = run([sys.executable, HERE / "reference_training.py", self.start(model), self.sample(rows, examples * reference_steps), reference_steps, *reference])
            return float(re.search(r"reference ([\d.]+)", text)[1]), peak
        return first, second, weights and 6e-9 * weights[0] * weights[1]

    def adapter(self, kind):
        return ["--adapter", kind, "--lora-r", 16, "--lora-alpha", 16, "--lora-target-modules", "all-linear"]

    def prediction(self, model, rows, max_length):
        with open(rows) as file:
            count = sum(1 for _ in file)

        def first():
            seconds, peak, _ = run([self.attune, "predict", "--model", self.capped(model, max_length), "--input", rows, "--output", self.work / "answers.jsonl"])
            return count / seconds, peak

        def second():
            _, peak, text = run([sys.executable, HERE / "reference_pipeline.py", self.start(model), rows, "--max-length", max_length])
            return json.loads(text.splitlines()[-1])["rate"], peak
        return first, second, None

    def capped(self, model, max_length):
        """Returns the same classifier, limited to texts of `max_length` tokens."""
        folder = self.work / f"capped-{model}-{max_length}"
        if not folder.exists():
            folder.mkdir()
            for file in self.start(model).iterdir():
                os.link(file, folder / file.name) if file.name != "tokenizer_config.json" else None
            settings = json.loads((self.start(model) / "tokenizer_config.json").read_text())
            (folder / "tokenizer_config.json").write_text(json.dumps({**settings, "model_max_length": max_length}))
        return folder

    def cold(self, model):
        text = "We will meet on Thursday to talk about the bridge."

        def first():
            seconds, peak, _ = run([self.attune, "predict", "--model", self.start(model), "--text", text])
            return 1 / seconds, peak

        def second():
            code = f"from transformers import pipeline; print(pipeline('text-classification', model={str(self.start(model))!r}, device='cpu')({text!r}))"
            seconds, peak, _ = run([sys.executable, "-c", code])
            return 1 / seconds, peak
        return first, second, None

    def tasks(self):
        eight = ["--optim", "adamw_bnb_8bit"]
        mission = ["--per-device-train-batch-size", 4, "--gradient-accumulation-steps", 2, *eight, "--precision", "tf32"]
        long = ["--per-device-train-batch-size", 2, "--max-length", 2048]
        return {
            "mission": ("SmolLM2, 4 × 2, AdamW 8-bit, float32", lambda: self.training("smollm2", 30, 8, ours=mission, reference=["--batch", 4, "--accumulation", 2, *eight], weights=SMOLLM2)),
            "fp32-8": ("SmolLM2, 8, float32", lambda: self.training("smollm2", 30, 12, weights=SMOLLM2)),
            "fp32-32": ("SmolLM2, 32, float32", lambda: self.training("smollm2", 10, 4, ours=["--per-device-train-batch-size", 32], reference=["--batch", 32], weights=SMOLLM2, examples=32)),
            "minilm": ("MiniLM, 32, float32", lambda: self.training("minilm", 60, 24, ours=["--per-device-train-batch-size", 32], reference=["--batch", 32], weights=MINILM, examples=32)),
            "bf16": ("SmolLM2, 8, bf16", lambda: self.training("smollm2", 30, 8, ours=["--precision", "bf16"], reference=["--bf16", "--group-by-length"], weights=SMOLLM2)),
            "minilm-bf16": ("MiniLM, 32, bf16", lambda: self.training("minilm", 60, 12, ours=["--per-device-train-batch-size", 32, "--precision", "bf16"], reference=["--batch", 32, "--bf16", "--group-by-length"], weights=MINILM, examples=32)),
            "lora": ("SmolLM2, LoRA r 16 on all linear layers, 8, float32", lambda: self.training("smollm2", 40, 12, ours=self.adapter("lora"), reference=["--lora", 16])),
            "dora": ("SmolLM2, DoRA r 16 on all linear layers, 8, float32", lambda: self.training("smollm2", 30, 8, ours=self.adapter("dora"), reference=["--lora", 16, "--dora"])),
            "saving": ("SmolLM2, 8, float32, a checkpoint every 4 steps", lambda: self.training("smollm2", 12, 12, ours=["--save-strategy", "steps", "--save-steps", 4], reference=["--save-steps", 4])),
            "long": ("SmolLM2, 2 texts of 2,048 tokens, float32", lambda: self.training("smollm2", 3, 2, "long", ours=long, reference=["--batch", 2, "--max-length", 2048], examples=2)),
            "predict": ("MiniLM over 1,500 texts of 20newsgroups-test, 256 tokens", lambda: self.prediction("minilm", self.sample("news", 1500), 256)),
            "predict-all": ("MiniLM over 20newsgroups-test, 256 tokens", lambda: self.prediction("minilm", self.rows["news"], 256)),
            "cold-minilm": ("one text from a cold start, MiniLM", lambda: self.cold("minilm")),
            "cold": ("one text from a cold start, SmolLM2", lambda: self.cold("smollm2")),
        }


def main():
    parser = argparse.ArgumentParser()
    for name in ["attune", "smollm2", "minilm", "datasets"]:
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--ours-only", action="store_true", help="without transformers, to see the effect of a change")
    parser.add_argument("tasks", nargs="*")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options, pathlib.Path(folder))
        found = re.findall(r"(fp32|bf16)(?: by \w+)? +(\d+) GFLOP/s", run([options.attune, "doctor"])[2])
        limits = {kind: max(float(speed) for name, speed in found if name == kind) for kind in ("fp32", "bf16")}
        lines = ["| task | Attune/s | transformers/s | ratio | of matmul | MB Attune | MB transformers |", "|---|---:|---:|---:|---:|---:|---:|"]
        print(f"products: {limits} GFLOP/s\n" + "\n".join(lines), flush=True)
        tasks = bench.tasks()
        for name in options.tasks or [name for name in tasks if name != "predict-all"]:
            title, make = tasks[name]
            first, second, cost = make()
            ours, reference = [], []
            for _ in range(options.pairs):
                ours.append(first())
                if not options.ours_only:
                    reference.append(second())
                done = [f"{whose} {runs[-1][0]:.3g}/s" for whose, runs in [("Attune", ours), ("transformers", reference)] if runs]
                print(f"{title}, {len(ours)} of {options.pairs}: {', '.join(done)}", file=sys.stderr, flush=True)
            rate, peak = (statistics.median(x[i] for x in ours) for i in range(2))
            # A CPU without bfloat16 instructions multiplies bfloat16 in float32.
            limit = max(limits.values()) if "bf16" in name else limits["fp32"]
            share = f"{cost * rate / limit * 100:.0f} %" if cost and limit else ""
            if reference:
                ratios = sorted(a[0] / b[0] for a, b in zip(ours, reference))
                theirs = [statistics.median(x[i] for x in reference) for i in range(2)]
                line = f"| {title} | {rate:.2f} | {theirs[0]:.2f} | {statistics.median(ratios):.2f} ({ratios[0]:.2f}–{ratios[-1]:.2f}) | {share} | {peak:.0f} | {theirs[1]:.0f} |"
            else:
                line = f"| {title} | {rate:.2f} | | | {share} | {peak:.0f} | |"
            lines.append(line)
            print(line, flush=True)
        if options.out:
            options.out.write_text("\n".join(lines) + "\n")


main()
