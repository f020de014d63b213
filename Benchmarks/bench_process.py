"""Runs programs of a benchmark, each as a process, and measures them. Used by speed.py."""

import dataclasses
import os
import subprocess
import sys
import tempfile
import time


class Failure(Exception):
    """A program that ended with an error; its text is the end of the program's messages."""


@dataclasses.dataclass
class Outcome:
    """The seconds of a whole process, its peak memory in MB, its output and its messages."""

    seconds: float
    peak: float
    text: str
    messages: str


@dataclasses.dataclass
class Run:
    """The examples per second of a run, its peak memory in MB, and its accuracy if it is known."""

    rate: float
    peak: float
    accuracy: float | None = None


def run(command, **variables):
    """Runs a command to its end; raises a failure if it ends with an error."""
    words = [str(word) for word in command]
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        start = time.perf_counter()
        process = subprocess.Popen(words, stdout=out, stderr=err, env={**os.environ, **variables})
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        out.seek(0), err.seek(0)
        text, messages = out.read(), err.read()
        if status:
            raise Failure(f"{' '.join(words)}\n{text}{messages[-3000:]}")
        return Outcome(seconds, usage.ru_maxrss / 1024, text, messages)


def note(text):
    """Prints progress, apart from the results."""
    print(text, file=sys.stderr, flush=True)


class Side:
    """A program in one of several settings, of which the fastest is chosen by a short trial."""

    def __init__(self, name, measure, settings=None, then=None):
        """`measure(words, is_trial)` returns a run. `settings` maps names to words, and `then` words to try with the fastest."""
        self.name, self.measure = name, measure
        self.settings = settings or {"": []}
        self.then = then or {}
        self.chosen = None if len(self.settings) > 1 or self.then else next(iter(self.settings))
        self.trials = {}

    def choose(self):
        """Tries every setting once; leaves out those that fail, and says why. Raises a failure if all do."""
        if self.chosen is not None:
            return
        for setting, words in self.settings.items():
            self.attempt(setting, words)
        if self.trials:
            best = max(self.trials, key=self.trials.get)
            for setting, words in self.then.items():
                name = f"{best}, {setting}" if best else setting
                self.settings[name] = self.settings[best] + words
                self.attempt(name, self.settings[name])
        if not self.trials:
            raise Failure(f"{self.name} fails with every setting")
        self.chosen = max(self.trials, key=self.trials.get)

    def attempt(self, setting, words):
        try:
            self.trials[setting] = self.measure(words, True).rate
            note(f"{self.name}, {setting or 'default'}: {self.trials[setting]:.3g}/s")
        except Failure as failure:
            lines = [line for line in str(failure).splitlines() if line.strip()]
            note(f"{self.name}, {setting or 'default'}: fails: {lines[-1] if lines else failure}")

    def run(self):
        self.choose()
        return self.measure(self.settings[self.chosen], False)

    @property
    def title(self):
        return f"{self.name} ({self.chosen})" if self.chosen else self.name
