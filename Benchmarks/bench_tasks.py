"""The tasks of the benchmark: the two or more sides of each, and the limit that it is compared with. Used by speed.py."""

import dataclasses
import json
import pathlib
import re
import sys

from bench_limits import Goal, Step
from bench_process import Run, Side, run

HERE = pathlib.Path(__file__).resolve().parent
TEXT = "We will meet on Thursday to talk about the bridge."
EIGHT = ["--optim", "adamw_bnb_8bit"]
# The origins of ONNX files; OpenVINO does not know ONNX Runtime's own operators.
EXPORTS = {"Attune's file": "plain", "Attune's file for ONNX Runtime": "contrib", "torch's file": "torch"}
PLAIN_EXPORTS = {"Attune's file": "plain"}
# The first steps of a training that are not measured, for every side: in them memory is touched for the first time, which takes
# seconds on a virtual machine, and torch.compile compiles.
WARMUP = 4
HINTS = {"": [], ", throughput": ["--throughput"]}
BATCHES = {f"batch {size}": ["--batch", size] for size in [8, 16, 32]}


@dataclasses.dataclass
class Task:
    """Attune's side, the others, and the step whose limit counts; None for work without a limit."""

    title: str
    ours: Side
    others: list
    goal: Goal | None = None


class Tasks:
    def __init__(self, data, threads):
        self.data, self.threads = data, threads
        self.fastest_trainers = {}
        self.files = {}

    def reference(self, script, *words):
        return run([sys.executable, HERE / f"{script}.py", *words])

    # Training

    def training(self, title, model, steps, their_steps, rows="tweets", batch=8, accumulation=1, words=(), theirs=(),
                 dtype="fp32", max_length=None, has_limit=True, are_settings_fixed=False):
        """A training task. transformers takes its fastest setting, whichever type that multiplies in, unless they are fixed."""
        examples = batch * accumulation
        ours = ["--per-device-train-batch-size", batch, "--gradient-accumulation-steps", accumulation, *words]
        ours += ["--precision", dtype] if dtype == "bf16" else []
        common = ["--batch", batch, "--accumulation", accumulation, *theirs]
        if max_length:
            ours, common = ours + ["--max-length", max_length], common + ["--max-length", max_length]

        def first(words, is_trial):
            outcome = self.data.train(self.data.start(model), self.data.rows[rows], self.data.work / "out", "--max-steps",
                                      WARMUP + steps, "--json", "--logging-steps", 1, *ours)
            events = [json.loads(line) for line in outcome.messages.splitlines() if line.startswith("{")]
            times = [event["time"] for event in events if event["event"] == "log"]
            return Run(steps * examples / (times[-1] - times[WARMUP - 1]), outcome.peak)

        def second(words, is_trial):
            count = min(their_steps, max(3, their_steps // 3)) if is_trial else their_steps
            sample = self.data.sample(rows, examples * count)
            outcome = self.reference("reference_training", self.data.start(model), sample, count, "--warmup", WARMUP, *common, *words)
            return Run(float(re.search(r"reference ([\d.]+)", outcome.text)[1]), outcome.peak)

        key = (model, rows, batch, accumulation, tuple(theirs))
        if key not in self.fastest_trainers:
            self.fastest_trainers[key] = Side("transformers", second) if are_settings_fixed else Side(
                "transformers", second,
                {"float32": [], "float32, grouped": ["--group-by-length"], "bf16": ["--bf16"], "bf16, grouped": ["--bf16", "--group-by-length"]},
                {"compiled": ["--compile"]})
        # Micro-batches of short texts are merged, so the step is that of the whole effective batch.
        step = Step(self.data.start(model), examples, self.data.rows[rows], max_length)
        goal = Goal(step, "training", dtype) if has_limit else None
        return Task(title, Side("Attune", first), [self.fastest_trainers[key]], goal)

    def adapter(self, title, steps, their_steps, *more):
        words = ["--adapter", "dora" if more else "lora", "--lora-r", 16, "--lora-alpha", 16, "--lora-target-modules", "all-linear"]
        return self.training(title, "smollm2", steps, their_steps, words=words, theirs=["--lora", 16, *more], has_limit=False,
                             are_settings_fixed=True)

    # Prediction

    def onnx(self, model, kind):
        """Returns the ONNX file of a classifier: by Attune plainly, with ONNX Runtime's operators, or by torch.onnx."""
        if (model, kind) not in self.files:
            out = self.data.work / f"{model.name}-{kind}"
            if kind == "torch":
                out.mkdir(exist_ok=True)
                self.reference("reference_export", model, out / "model.onnx")
                self.files[model, kind] = out / "model.onnx"
            else:
                more = ["--contrib-operators"] if kind == "contrib" else []
                run([self.data.attune, "export", model, "--format", "onnx", "--output", out, *more])
                self.files[model, kind] = out / "onnx/model.onnx"
        return self.files[model, kind]

    def quantized(self, model, kind, runtime):
        """Returns the int8 file of a classifier for a runtime."""
        key = (model, kind, runtime)
        if key not in self.files:
            source = self.onnx(model, kind)
            out = source.with_name("int8.onnx" if runtime == "onnxruntime" else "int8.xml")
            more = [] if runtime == "onnxruntime" else ["--model", model, "--rows", self.data.rows["news-train"]]
            self.reference("reference_quantize", runtime, source, out, *more)
            self.files[key] = out
        return self.files[key]

    def runtime(self, name, script, flag, model, rows, kinds, bits=32, more=None):
        """A runtime that reads a file; `kinds` are the origins of the file to try, each with batches of several sizes."""
        def measure(words, is_trial):
            kind, *words = words
            library = "onnxruntime" if "onnx" in script else "openvino"
            file = self.onnx(model, kind) if bits == 32 else self.quantized(model, kind, library)
            words = [flag, file, "--threads", self.threads, *words]
            return self.texts(script, model, rows, is_trial, words, scores=bits == 8)

        settings = {f"{origin}, {size}{name_of_more}": [kind, *words, *words_of_more] for origin, kind in kinds.items()
                    for size, words in BATCHES.items() for name_of_more, words_of_more in (more or {"": []}).items()}
        return Side(name, measure, settings)

    def texts(self, script, model, rows, is_trial, words, scores=False):
        """Runs a reference program over rows, or over a few of them."""
        rows = self.data.sample("news-test", 320) if is_trial else rows
        answers = self.data.work / "their-answers.txt"
        outcome = self.reference(script, model, rows, "--max-length", 256, *(["--answers", answers] if scores else []), *words)
        rate = json.loads(outcome.text.splitlines()[-1])["rate"]
        return Run(rate, outcome.peak, self.data.accuracy(rows, answers) if scores else None)

    def attune(self, name, model, rows, more=(), scores=False):
        """Attune's side of a prediction: the whole process, with the default batches or batches of a size."""
        def measure(words, is_trial):
            own = self.data.sample("news-test", 320) if is_trial else rows
            answers = self.data.work / "answers.jsonl"
            outcome = run([self.data.attune, "predict", "--model", model, "--input", own, "--output", answers, "--max-length", 256, *more,
                           *words])
            accuracy = self.data.accuracy(own, answers) if scores else None
            return Run(self.data.count(own) / outcome.seconds, outcome.peak, accuracy)

        sizes = {name: ["--batch-size", words[1]] for name, words in BATCHES.items()}
        return Side(name, measure, {"": [], **sizes})

    def prediction(self, title, rows):
        """MiniLM in float32. Its labels are not those of the rows, which costs no time."""
        model = self.data.start("minilm")

        def by_transformers(script, *more):
            return lambda words, is_trial: self.texts(script, model, rows, is_trial, [*more, *words])

        others = [
            self.runtime("ONNX Runtime", "reference_onnxruntime", "--onnx", model, rows, EXPORTS),
            self.runtime("OpenVINO", "reference_openvino", "--file", model, rows, PLAIN_EXPORTS, more=HINTS),
            Side("transformers, sorted", by_transformers("reference_sorted", "--threads", self.threads), dict(BATCHES)),
            Side("transformers' pipeline", by_transformers("reference_pipeline"), dict(BATCHES))]
        goal = Goal(Step(model, None, rows, 256), "prediction", "fp32")
        return Task(title, self.attune("Attune", model, rows), others, goal)

    def int8(self, title, rows):
        """MiniLM trained on such rows, so that the loss of accuracy is known. The first comparison is with its float32 weights."""
        model = self.data.news()
        others = [
            self.attune("Attune, float32", model, rows, scores=True),
            self.runtime("ONNX Runtime, int8", "reference_onnxruntime", "--onnx", model, rows, EXPORTS, bits=8),
            self.runtime("OpenVINO, int8", "reference_openvino", "--file", model, rows, PLAIN_EXPORTS, bits=8, more=HINTS)]
        return Task(title, self.attune("Attune, int8", model, rows, ["--quantize", "int8"], scores=True), others)

    def cold(self, title, model, has_onnx=True):
        folder = self.data.start(model)

        def timed(command):
            def measure(words, is_trial):
                outcome = run(command())
                return Run(1 / outcome.seconds, outcome.peak)
            return measure

        script = [sys.executable, HERE / "reference_cold.py"]
        others = [Side("transformers", timed(lambda: [*script, "transformers", folder, TEXT]))]
        if has_onnx:
            others.append(Side("ONNX Runtime", timed(lambda: [*script, "onnxruntime", folder, TEXT, "--onnx", self.onnx(folder, "contrib")])))
        return Task(title, Side("Attune", timed(lambda: [self.data.attune, "predict", "--model", folder, "--text", TEXT])), others)

    def all(self):
        """Returns the tasks by name, each as a function that prepares it."""
        tutorial = {"batch": 4, "accumulation": 2, "theirs": EIGHT}
        news = self.data.rows["news-test"]
        return {
            "mission": lambda: self.training("SmolLM2, 4 × 2, AdamW 8-bit, float32", "smollm2", 30, 8, words=[*EIGHT, "--precision", "tf32"], **tutorial),
            "mission-bf16": lambda: self.training("SmolLM2, 4 × 2, AdamW 8-bit, bf16", "smollm2", 30, 8, words=EIGHT, dtype="bf16", **tutorial),
            "fp32-8": lambda: self.training("SmolLM2, 8, float32", "smollm2", 30, 12),
            "bf16": lambda: self.training("SmolLM2, 8, bf16", "smollm2", 30, 12, dtype="bf16"),
            "fp32-32": lambda: self.training("SmolLM2, 32, float32", "smollm2", 10, 4, batch=32),
            "minilm": lambda: self.training("MiniLM, 32, float32", "minilm", 60, 24, batch=32),
            "minilm-bf16": lambda: self.training("MiniLM, 32, bf16", "minilm", 60, 24, batch=32, dtype="bf16"),
            "long": lambda: self.training("SmolLM2, 2 texts of 2,048 tokens, float32", "smollm2", 3, 2, "long", batch=2, max_length=2048),
            "lora": lambda: self.adapter("SmolLM2, LoRA r 16 on all linear layers, 8, float32", 40, 12),
            "dora": lambda: self.adapter("SmolLM2, DoRA r 16 on all linear layers, 8, float32", 30, 8, "--dora"),
            "saving": lambda: self.training(
                "SmolLM2, 8, float32, a checkpoint every 4 steps", "smollm2", 12, 12, words=["--save-strategy", "steps", "--save-steps", 4],
                theirs=["--save-steps", 4], has_limit=False, are_settings_fixed=True),
            "predict": lambda: self.prediction("MiniLM over 1,500 texts of 20newsgroups-test, 256 tokens", self.data.sample("news-test", 1500)),
            "predict-all": lambda: self.prediction("MiniLM over 20newsgroups-test, 256 tokens", news),
            "predict-int8": lambda: self.int8("MiniLM in int8 over 1,500 texts of 20newsgroups-test, 256 tokens", self.data.sample("news-test", 1500)),
            "predict-int8-all": lambda: self.int8("MiniLM in int8 over 20newsgroups-test, 256 tokens", news),
            "cold-minilm": lambda: self.cold("one text from a cold start, MiniLM", "minilm"),
            "cold": lambda: self.cold("one text from a cold start, SmolLM2", "smollm2", has_onnx=False),
        }


# The tasks that take too long to run every time, or need libraries that transformers' users may not have.
ONLY_BY_NAME = ["predict-all", "predict-int8", "predict-int8-all", "mission-bf16"]
