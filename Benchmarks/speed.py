"""Measures Attune and other programs alternately, and prints each task's share of the machine's limit; see Benchmarks/run."""

import argparse
import json
import pathlib
import statistics
import sys
import tempfile

import bench_expected
from bench_data import Data
from bench_limits import Limits, family
from bench_process import Failure, note, run
from bench_tasks import ONLY_BY_NAME, Tasks

TITLES = ["task", "Attune/s", "of its limit", "at mean speeds", "of the square peak", "compared with", "/s", "ratio", "MB Attune", "MB other"]


def percent(share):
    return "" if share is None else f"{share * 100:.0f} %"


class Bench:
    def __init__(self, options, work):
        self.options = options
        self.limits = Limits(options.attune, work, options.seconds)
        self.data = Data(options, work)
        self.accuracies = []
        if options.out:
            options.out.parent.mkdir(parents=True, exist_ok=True)
            options.out.write_text("")

    def say(self, line):
        """Prints a line, and adds it to the file at once, because a run takes hours."""
        print(line, flush=True)
        if self.options.out:
            with open(self.options.out, "a") as file:
                file.write(line + "\n")

    def prepare(self, names):
        """Measures the limits of all tasks, prints `attune doctor`'s tables, and returns the tasks."""
        threads = self.machine()["threads"]
        known = Tasks(self.data, threads).all()
        unknown = [name for name in names if name not in known]
        if unknown:
            sys.exit(f"no such task: {', '.join(unknown)}; the tasks are {', '.join(known)}")
        tasks = {name: known[name]() for name in names or [name for name in known if name not in ONLY_BY_NAME]}
        seen = set()
        for task in tasks.values():
            if task.goal and task.goal.step not in seen:
                seen.add(task.goal.step)
                self.say("```\n" + self.limits.measure(task.goal).rstrip() + "\n```\n")
        return tasks

    def machine(self):
        if not self.limits.machine:
            self.limits.machine = json.loads(run([self.options.attune, "doctor", "--json", "--quiet"], HF_HUB_OFFLINE="1").text)
        return self.limits.machine

    def pairs(self, task):
        """Runs the pairs of a task and prints its rows; returns the share of the limit at mean speeds, or None."""
        others = [] if self.options.ours_only else list(task.others)
        for side in list(others):
            try:
                side.choose()
            except Failure as failure:
                note(f"{task.title}: left out: {failure}")
                others.remove(side)
        task.ours.choose()
        runs = {side: [] for side in [task.ours, *others]}
        mean_shares = []
        for pair in range(self.options.pairs):
            for side in runs:
                # The machine becomes faster and slower all the time, so it is measured right before and after each run.
                has_limit = task.goal and side is task.ours
                if has_limit:
                    self.limits.measure(task.goal)
                runs[side].append(side.run())
                if has_limit:
                    self.limits.measure(task.goal)
                    mean_shares.append(self.limits.mean_share(task.goal, runs[side][-1].rate))
            done = ", ".join(f"{side.name} {found[-1].rate:.3g}/s" for side, found in runs.items())
            note(f"{task.title}, {pair + 1} of {self.options.pairs}: {done}")
        return self.rows(task, runs, mean_shares)

    def rows(self, task, runs, mean_shares):
        ours = runs[task.ours]
        rate, peak = statistics.median(one.rate for one in ours), statistics.median(one.peak for one in ours)
        share, of_square = self.limits.shares(task.goal, rate) if task.goal else (None, None)
        of_mean = statistics.median(mean_shares) if mean_shares and None not in mean_shares else None
        first = [task.title + (f" ({task.ours.chosen})" if task.ours.chosen else ""), f"{rate:.2f}", percent(share), percent(of_mean),
                 percent(of_square)]
        for side, found in list(runs.items())[1:] or [(None, [])]:
            if side is None:
                self.say("| " + " | ".join([*first, "", "", "", f"{peak:.0f}", ""]) + " |")
                continue
            ratios = sorted(a.rate / b.rate for a, b in zip(ours, found))
            theirs = [statistics.median(getattr(one, key) for one in found) for key in ("rate", "peak")]
            ratio = f"{statistics.median(ratios):.2f} ({ratios[0]:.2f}–{ratios[-1]:.2f})"
            self.say("| " + " | ".join([*first, side.title, f"{theirs[0]:.2f}", ratio, f"{peak:.0f}", f"{theirs[1]:.0f}"]) + " |")
        scored = [f"{side.name} {found[-1].accuracy:.4f}" for side, found in runs.items() if found[-1].accuracy is not None]
        if scored:
            self.accuracies.append(f"{task.title}: accuracy {', '.join(scored)}")
        return of_mean

    def table(self, tasks):
        """Runs all tasks; returns the shares of the limits at mean speeds by name."""
        self.say("| " + " | ".join(TITLES) + " |")
        self.say("|---|" + "---:|" * 4 + "---|" + "---:|" * 4)
        shares = {name: self.pairs(task) for name, task in tasks.items()}
        for line in self.accuracies:
            self.say("\n" + line)
        return {name: share for name, share in shares.items() if share is not None}

    def settings(self, tasks):
        """Prints the trials of the settings of the other programs."""
        shown = set()
        for task in tasks.values():
            for side in task.others:
                if id(side) in shown or (len(side.settings) == 1 and not side.then):
                    continue
                shown.add(id(side))
                try:
                    side.choose()
                except Failure as failure:
                    self.say(f"{task.title}: {failure}")
                    continue
                self.say(f"{task.title}: {side.name}")
                for setting, rate in sorted(side.trials.items(), key=lambda trial: -trial[1]):
                    self.say(f"  {setting or 'default'}: {rate:.2f}/s")


def main():
    parser = argparse.ArgumentParser()
    for name in ["attune", "smollm2", "minilm", "datasets"]:
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    parser.add_argument("--cache", type=pathlib.Path, default=pathlib.Path.home() / ".cache/attune/bench",
                        help="the folder of trained models that are kept")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.5, help="the time to measure each product of a limit")
    parser.add_argument("--out", type=pathlib.Path, help="also write what is printed to this file")
    parser.add_argument("--ours-only", action="store_true", help="without other programs, to see the effect of a change")
    parser.add_argument("--reference-settings", action="store_true",
                        help="only try the settings of the other programs, and print them")
    parser.add_argument("--compare", action="store_true",
                        help="compare the shares with the committed ones; exits with 1 if one fell by more than 5 points")
    parser.add_argument("--update", action="store_true", help="write the shares to expected.json")
    parser.add_argument("tasks", nargs="*")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options, pathlib.Path(folder))
        tasks = bench.prepare(options.tasks)
        if options.reference_settings:
            bench.settings(tasks)
            shares = {}
        else:
            shares = bench.table(tasks)
        has_fallen = False
        if options.compare and not options.reference_settings:
            lines, has_fallen = bench_expected.compare(family(bench.machine()), shares)
            bench.say("\n" + "\n".join(lines))
        if options.update and shares:
            bench_expected.update(family(bench.machine()), shares)
        return has_fallen


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        sys.exit(str(failure))
