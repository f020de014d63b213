"""Starts the ranks of `attune train`, watches them, and compares their results, for the scripts in this folder and in
Benchmarks/distributed. Needs Linux and only Python; the network of two hosts needs root."""

import argparse
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import sys
import time
import traceback
import uuid

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent)]

import serving

# Variables that launchers set or read. A process starts without them, so that only the launcher under test is detected.
LAUNCHERS = re.compile(r"(RANK|WORLD_SIZE|LOCAL_|GROUP_|ROLE_|NODE_RANK|MASTER_|TORCHELASTIC_|TORCH_NCCL_|PET_|SLURM|OMPI_|PMI_|PMIX_"
                       r"|MPI_|GLOO_|OMP_NUM_THREADS)")
# The variables that hold a process's rank, by launcher.
RANKS = ("RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK", "PMI_RANK")
# Every process that these scripts start, and its children, have this variable.
MARK = ("ATTUNE_CHECK", uuid.uuid4().hex)
# Columns of a log row that differ between runs of the same bytes.
TIMES = re.compile(r"(_runtime|_per_second)$")
# `GroupOptions.startUpTimeout`: how long ranks wait for the others at the start.
START_UP = 300


class Failed(Exception):
    """A row whose demands are not met."""


class Skip(Exception):
    """A row that cannot be tried here."""


# MARK: Processes

def environment(**variables):
    """The environment of a process that starts a rank, without those of another launcher."""
    kept = {name: value for name, value in os.environ.items() if not LAUNCHERS.match(name)}
    return {**kept, "HF_HUB_OFFLINE": "1", MARK[0]: MARK[1], **variables}


class Process:
    """A rank, or a launcher. Its standard output and error are in one file."""

    def __init__(self, name, command, log, folder=None, variables=()):
        self.name, self.log, self.code, self.seconds, self.peak = name, pathlib.Path(log), None, None, 0
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.started = time.monotonic()
        with open(self.log, "w") as output:
            self.process = subprocess.Popen(
                [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=folder,
                env=environment(**dict(variables)), start_new_session=True)

    def is_running(self):
        if self.code is None:
            pid, status, usage = os.wait4(self.process.pid, os.WNOHANG)
            if pid:
                self.code = self.process.returncode = os.waitstatus_to_exitcode(status)
                self.seconds = time.monotonic() - self.started
                self.peak = usage.ru_maxrss * 1024
        return self.code is None

    def send(self, number):
        if self.is_running():
            os.kill(self.process.pid, number)

    @property
    def text(self):
        return self.log.read_text(errors="replace")

    @property
    def last_words(self):
        """The last line with an error or a reason, else the last line."""
        lines = [line.strip() for line in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.text).replace("\r", "\n").splitlines()]
        lines = [line for line in lines if line]
        reasons = [line for line in lines if re.search(r"error:|stopped, because|^(attune: )?rank \d+:", line)]
        return (reasons or lines or ["(nothing)"])[-1]

    def describe(self, since=None):
        """Its exit code, the seconds since a moment, and its last words."""
        if self.is_running():
            return f"{self.name}: still running; {self.last_words}"
        end = f"killed by {signal.Signals(-self.code).name}" if self.code < 0 else f"exit code {self.code}"
        seconds = self.started + self.seconds - (self.started if since is None else since)
        return f"{self.name}: {end} after {seconds:.1f} s; {self.last_words}"


class Group:
    """Processes that are waited for, and ended, together."""

    def __init__(self, processes):
        self.processes = list(processes)

    def __getitem__(self, index):
        return self.processes[index]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def running(self):
        return [process for process in self.processes if process.is_running()]

    def wait(self, seconds, without=(), meanwhile=None):
        """Waits until all have ended, except those in `without`; returns whether they have."""
        deadline = time.monotonic() + seconds
        while [process for process in self.running() if process not in without]:
            if time.monotonic() > deadline:
                return False
            if meanwhile:
                meanwhile()
            time.sleep(0.02)
        return True

    def kill(self):
        for process in self.running():
            process.send(signal.SIGKILL)
        self.wait(30)

    def describe(self, since=None):
        return "\n".join(process.describe(since) for process in self.processes)

    def must_succeed(self, seconds):
        """Waits for an end with exit code 0 everywhere."""
        if not self.wait(seconds):
            self.kill()
            raise Failed(f"did not end within {seconds:.0f} s:\n{self.describe()}")
        if any(process.code for process in self.processes):
            raise Failed(f"failed:\n{self.describe()}")
        return self


def end(pid, number=signal.SIGKILL):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def workers():
    """The processes of all ranks that these scripts started, also through a launcher: their ids by rank."""
    found = {}
    for place in pathlib.Path("/proc").glob("[0-9]*/environ"):
        try:
            variables = dict(entry.partition("=")[::2] for entry in place.read_bytes().decode(errors="replace").split("\0"))
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        rank = next((variables[name] for name in RANKS if name in variables), None)
        if variables.get(MARK[0]) == MARK[1] and rank is not None:
            found.setdefault(int(rank), []).append(int(place.parent.name))
    return found


def end_workers():
    """Kills the ranks of launchers that left them running; returns how many there were."""
    pids = [pid for group in workers().values() for pid in group]
    for pid in pids:
        end(pid)
    return len(pids)


def start(command, count, logs, address="127.0.0.1", port=None, place=lambda rank: {}):
    """Starts ranks with the environment variables of torch.distributed, as ranks of one host.

    `place(rank)` may return a `prefix` of the command, more `flags`, more `variables`, and a `folder` to run in.
    """
    port = port or serving.free_port()
    processes = []
    for rank in range(count):
        own = place(rank)
        variables = {"RANK": rank, "WORLD_SIZE": count, "LOCAL_RANK": rank, "LOCAL_WORLD_SIZE": count, "MASTER_ADDR": address,
                     "MASTER_PORT": port, **own.get("variables", {})}
        processes.append(Process(
            f"rank {rank}", [*own.get("prefix", ()), *command, *own.get("flags", ())], pathlib.Path(logs) / f"rank-{rank}.log",
            own.get("folder"), {name: str(value) for name, value in variables.items()}))
    return Group(processes)


# MARK: Runs

def parse(description, *more):
    """Reads the arguments that all these scripts have, and flags for `attune train` after `--`."""
    words = sys.argv[1:]
    words, flags = (words[:words.index("--")], words[words.index("--") + 1:]) if "--" in words else (words, [])
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("attune", "model", "data"):
        parser.add_argument(name, type=pathlib.Path)
    parser.add_argument("--text-column", default="Content")
    parser.add_argument("--label-column", default="Author")
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--batch", type=int, default=4, help="texts of a rank in a step")
    parser.add_argument("--only", action="append", default=[], help="rows whose titles contain these words")
    for name, settings in more:
        parser.add_argument(name, **settings)
    options = parser.parse_args(words)
    options.flags = flags
    options.attune, options.model, options.data = (path.resolve() for path in (options.attune, options.model, options.data))
    return options


def settled(flags):
    """The flags without those that are given again later, because the command refuses a flag that is given twice."""
    given = {}
    for word in map(str, flags):
        if word.startswith("--"):
            name = word
            given[name] = []
        else:
            given[name].append(word)
    return [word for name, values in given.items() for word in [name, *values]]


class Job:
    """The command of a run: the same for all ranks."""

    def __init__(self, options, *flags, sample=400, held=120, length=32):
        self.options = options
        self.flags = ["--text-column", options.text_column, "--label-column", options.label_column, "--max-length", length]
        self.flags += ["--sample", sample] if sample else []
        self.flags += ["--test-size", held, "--split-seed", 1] if held else []
        self.flags += ["--logging-steps", 1, "--report-to", "jsonl", "--no-baseline", "--no-token-cache", *flags, *options.flags]

    def command(self, output, *flags, batch=None, model=None, data=None, threads=1):
        given = self.options
        return [given.attune, "train", "--model", model or given.model, "--dataset", data or given.data,
                *settled(["--per-device-train-batch-size", batch or given.batch, "--output-dir", output, *self.flags,
                          *(["--threads", threads] if threads else []), *flags])]

    def alone(self, output, *flags, seconds=1800, **changes):
        """Runs one process with the batch of all ranks."""
        batch = self.options.batch * self.options.ranks
        with Group([Process("one process", self.command(output, *flags, **{"batch": batch, **changes}), f"{output}.log")]) as group:
            return group.must_succeed(seconds)


def without_dropout(model, folder):
    """A copy of a model's folder without dropout. With dropout each number of ranks has different losses.

    A GGUF file is returned unchanged, because the families in such files have no dropout.
    """
    if not model.is_dir():
        return model
    folder.mkdir()
    for file in model.iterdir():
        if file.is_file() and file.name != "config.json":
            shutil.copyfile(file, folder / file.name)
    config = json.loads((model / "config.json").read_text())
    for name, value in config.items():
        if re.search("dropout|pdrop", name) and type(value) in (int, float):
            config[name] = 0.0
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def history(folder):
    """The rows of `trainer_state.json` without times."""
    rows = json.loads((pathlib.Path(folder) / "trainer_state.json").read_text())["log_history"]
    return [{name: value for name, value in row.items() if not TIMES.search(name)} for row in rows]


def column(folder, name):
    return [row[name] for row in history(folder) if name in row]


def difference(ours, theirs, name):
    """The largest relative difference of a column of two logs, which must have equally many values."""
    ours, theirs = column(ours, name), column(theirs, name)
    if len(ours) != len(theirs) or not ours:
        raise Failed(f"{len(ours)} values of {name} instead of {len(theirs)}")
    return max(abs(a - b) / max(abs(b), 1e-12) for a, b in zip(ours, theirs))


def digest(folder):
    """A hash of the trained weights: the same for the same bytes."""
    total = hashlib.sha256()
    for file in sorted(pathlib.Path(folder).glob("*.safetensors")):
        with open(file, "rb") as opened:
            while piece := opened.read(1 << 22):
                total.update(piece)
    return total.hexdigest()


def events(folder, *kinds):
    """The events of these kinds in a run's `events.jsonl`; a last line that is being written is left out."""
    try:
        lines = (pathlib.Path(folder) / "events.jsonl").read_text().split("\n")[:-1]
    except FileNotFoundError:
        return []
    return [event for event in map(json.loads, lines) if event["event"] in kinds]


def seconds_per_step(folder, warm=3):
    """The time of a step, without the first ones."""
    rows = events(folder, "log")
    if len(rows) < warm + 2:
        raise Failed(f"only {len(rows)} steps; at least {warm + 2} are needed")
    return (rows[-1]["time"] - rows[warm]["time"]) / (rows[-1]["step"] - rows[warm]["step"])


def checkpoints(folder):
    """The checkpoints of a run by step."""
    found = {int(place.name.partition("-")[2]): place for place in pathlib.Path(folder).glob("checkpoint-*")}
    return dict(sorted(found.items()))


def damage(folder):
    """The faults of a run's checkpoints: files that are missing, cut, or of another step."""
    faults = []
    for step, place in checkpoints(folder).items():
        try:
            if json.loads((place / "trainer_state.json").read_text())["global_step"] != step:
                faults.append(f"{place.name}/trainer_state.json is of another step")
        except (OSError, ValueError) as error:
            faults.append(f"{place.name}/trainer_state.json: {error}")
        files = list(place.glob("*.safetensors"))
        if len(files) < 2:
            faults.append(f"{place.name} has only {', '.join(file.name for file in files) or 'no safetensors files'}")
        for file in files:
            data = file.read_bytes()
            try:
                length = struct.unpack("<Q", data[:8])[0]
                header = json.loads(data[8:8 + length])
                whole = 8 + length + max(entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__")
            except (struct.error, ValueError):
                whole = -1
            if whole != len(data):
                faults.append(f"{place.name}/{file.name} is damaged")
    return faults


def wait_for(path, group, seconds=600):
    """Waits until a file or folder exists, while all processes of a group run."""
    deadline = time.monotonic() + seconds
    while not pathlib.Path(path).exists():
        if len(group.running()) < len(group.processes):
            raise Failed(f"ended before {pathlib.Path(path).name} was there:\n{group.describe()}")
        if time.monotonic() > deadline:
            raise Failed(f"no {pathlib.Path(path).name} after {seconds} s:\n{group.describe()}")
        time.sleep(0.02)


# MARK: Rows

class Rows:
    """The table that a script prints: a title, the demand, the outcome."""

    def __init__(self, only=()):
        self.only, self.counts = only, {"ok": 0, "FAIL": 0, "skip": 0}

    def run(self, title, asked, function, *arguments):
        """Runs a row, which returns a text for people, or raises `Failed` or `Skip`."""
        if self.only and not any(words.lower() in title.lower() for words in self.only):
            return
        begun = time.monotonic()
        try:
            outcome, seen = "ok", function(*arguments)
        except Skip as skip:
            outcome, seen = "skip", str(skip)
        except Failed as fault:
            outcome, seen = "FAIL", str(fault)
        except Exception:  # A row that fails in an unforeseen way is a failed row, and the others are still run.
            outcome, seen = "FAIL", traceback.format_exc(limit=-3)
        self.counts[outcome] += 1
        print(f"{outcome:4}  {title}  ({time.monotonic() - begun:.1f} s)\n      asked: {asked}\n      seen:  "
              + str(seen).rstrip().replace("\n", "\n             "), flush=True)

    def finish(self):
        print(f"{self.counts['ok']} rows hold, {self.counts['FAIL']} fail, {self.counts['skip']} are skipped")
        sys.exit(1 if self.counts["FAIL"] else 0)
