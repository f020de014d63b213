"""The limit of each task on this machine, measured by `attune doctor --model`. Used by speed.py."""

import collections
import json
import pathlib

from bench_process import run

# The step of a task: the model, the texts in it, and the file whose texts are counted.
Step = collections.namedtuple("Step", "model batch rows max_length")
# The part of a step's limit that a task is compared with: "training" or "prediction", and "fp32" or "bf16".
Goal = collections.namedtuple("Goal", "step work dtype")
# The tokens of a batch when `attune predict` chooses its size.
TOKENS_PER_BATCH = 4096


class Limits:
    """Measures the limits of steps, as often as asked."""

    def __init__(self, attune, work, seconds):
        self.attune, self.seconds = attune, seconds
        self.file = pathlib.Path(work) / "doctor.json"
        self.found = collections.defaultdict(list)
        self.machine = None

    def doctor(self, step, seconds):
        words = [self.attune, "doctor", "--output", self.file, "--model", step.model, "--batch-size", step.batch or 1,
                 "--dataset", step.rows, "--text-column", "text", "--seconds", seconds]
        if step.max_length:
            words += ["--max-length", step.max_length]
        outcome = run(words, HF_HUB_OFFLINE="1")
        return outcome, json.loads(self.file.read_text())

    def measure(self, goal):
        """Measures the step of a goal; returns the text of `attune doctor`."""
        step = goal.step
        if step.batch is None:
            # As `attune predict` does, fill a batch with tokens.
            tokens = self.doctor(step, 0.001)[1]["step"]["tokens"]
            step = step._replace(batch=max(1, TOKENS_PER_BATCH // tokens))
        outcome, found = self.doctor(step, self.seconds)
        self.machine = self.machine or found
        self.found[goal.step].append(found["step"])
        return outcome.text

    def dtype(self, goal):
        """The type in which Attune computes a task: bfloat16 only if this machine multiplies it faster."""
        computes_narrow = self.machine and self.machine["products"]["bf16_computes_in"] == "bf16"
        return goal.dtype if computes_narrow else "fp32"

    def mean_share(self, goal, rate):
        """The share of the step's limit at its mean speeds in the last two measurements, between which `rate` was reached.

        The best speeds are those of a few milliseconds, but if other guests of the host use the same cores, a run of half a minute
        has the mean speed.
        """
        limits = [found["limits"][goal.work].get(self.dtype(goal), {}).get("mean_texts_per_second", 0)
                  for found in self.found[goal.step][-2:]]
        # The time of a text is what adds up.
        return rate * sum(1 / limit for limit in limits) / len(limits) if limits and all(limits) else None

    def shares(self, goal, rate):
        """The shares of the step's limit and of the square product's speed, as fractions; (None, None) without a limit.

        The best measurement of each counts.
        """
        dtype = self.dtype(goal)
        best = max((found["limits"][goal.work].get(dtype, {}).get("texts_per_second", 0) for found in self.found[goal.step]),
                   default=0)
        if not best:
            return None, None
        found = self.found[goal.step][0]
        square = max((speed for one in self.found[goal.step] for route, speed in one["square"]["gigaflops"].items()
                      if route.startswith(dtype)), default=0)
        flop = found["limits"][goal.work]["flop"] / found["texts"]
        return rate / best, rate * flop / (square * 1e9) if square else None


def family(machine):
    """The kind of processor of `attune doctor`'s findings, by which figures are committed."""
    name = machine.get("processor", "unknown processor")
    numbers = {}
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            key, _, value = line.partition(":")
            # Virtual machines may hide the name: several generations of EPYC have the same one.
            if key.strip() in ("cpu family", "model"):
                numbers.setdefault(key.strip(), value.strip())
    except OSError:
        pass
    kind = f" (family {numbers['cpu family']}, model {numbers['model']})" if len(numbers) == 2 else ""
    return f"{name}{kind}, {machine['cpu_kernels']}, {machine['threads']} threads"
