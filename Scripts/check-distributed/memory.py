"""Samples the memory of processes while a group of them is waited for, also of ranks that a launcher has started."""

import time

from ranks import Failed

PARTS = ("RssAnon", "RssFile", "VmRSS")


def sizes(pid, parts):
    """Lines of /proc/PID/status in bytes; None if the process is gone."""
    found = {}
    try:
        with open(f"/proc/{pid}/status") as status:
            for line in status:
                name, _, value = line.partition(":")
                if name in parts:
                    found[name] = int(value.split()[0]) * 1024
    except (FileNotFoundError, ProcessLookupError):
        return None
    return found if len(found) == len(parts) else None


class Sampler:
    """The peaks of processes, by a number such as a rank, which are sampled ten times a second.

    By default anonymous memory, pages mapped from files, and both. `VmHWM` is the system's own peak of both.
    """

    def __init__(self, find, parts=PARTS):
        self.find, self.parts, self.peaks, self.next = find, parts, {}, 0

    def sample(self):
        if time.monotonic() < self.next:
            return
        self.next = time.monotonic() + 0.1
        for number, pids in self.find().items():
            for pid in pids:
                now, peak = sizes(pid, self.parts), self.peaks.setdefault(number, dict.fromkeys(self.parts, 0))
                for name, value in (now or {}).items():
                    peak[name] = max(peak[name], value)


def finished(group, sampler, seconds):
    """Waits for an end with exit code 0 everywhere, and samples meanwhile."""
    if not group.wait(seconds, meanwhile=sampler.sample):
        group.kill()
        raise Failed(f"did not end within {seconds:.0f} s:\n{group.describe()}")
    return group.must_succeed(1)
