"""Loads one model and scores one text with Attune and with transformers: seconds, peak memory and logits, side by side.

    python3 compare_predict.py MODEL_FOLDER ATTUNE [--float32]

Run by Benchmarks/phi3. Each is a separate process, timed from start to end. The files are read once first, so that they are in
the page cache for both. `resident` includes mapped pages of the files, which the system can reclaim; `own` does not.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import time

TEXT = ("The committee of the city met on Thursday to talk about the new bridge, and did not agree on who should pay for "
        "it; the engineers had asked for twice what the first plan had said, and nobody could tell them why.")


def own_memory(pid):
    """Returns the bytes in memory that are not mapped from files."""
    try:
        with open(f"/proc/{pid}/status") as status:
            return sum(int(line.split()[1]) * 1024 for line in status if line.startswith(("RssAnon", "RssShmem")))
    except (FileNotFoundError, ProcessLookupError):
        return 0


def measure(command):
    """Returns seconds, peak resident bytes, peak bytes not mapped from files (sampled every 20 ms) and the last output line."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    own = 0
    while True:
        own = max(own, own_memory(process.pid))
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        time.sleep(0.02)
    seconds = time.perf_counter() - start
    output, errors = process.stdout.read(), process.stderr.read()
    if status:
        sys.exit(f"{' '.join(map(str, command[:3]))} … failed: {errors[-2000:]}")
    return seconds, usage.ru_maxrss * 1024, own, output.strip().splitlines()[-1]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("attune")
    parser.add_argument("--float32", action="store_true", help="also measure float32 weights, which need twice the memory")
    options = parser.parse_args()
    for shard in options.model.glob("*.safetensors"):
        with open(shard, "rb", buffering=0) as file:
            while file.read(1 << 24):
                pass
    reference = pathlib.Path(__file__).with_name("reference_predict.py")
    runs = {}
    kinds = [("bf16", "bf16", "auto")] + ([("float32", "fp32", "float32")] if options.float32 else [])
    for dtype, ours, theirs in kinds:
        runs[f"attune, {dtype}"] = [options.attune, "predict", "--model", options.model, "--weights-dtype", ours,
                                    "--logits", "--text", TEXT]
        runs[f"transformers, {dtype}"] = [sys.executable, reference, options.model, theirs, TEXT]
    print(f"{'':24} {'seconds':>8} {'resident GB':>12} {'own GB':>8}   logits")
    for name, command in runs.items():
        seconds, resident, own, output = measure([str(part) for part in command])
        result = json.loads(output)
        split = f"   (load {result['load']:.1f}, predict {result['predict']:.1f})" if "load" in result else ""
        logits = " ".join(f"{value:.5f}" for value in result["logits"])
        print(f"{name:24} {seconds:8.1f} {resident / 1e9:12.2f} {own / 1e9:8.2f}   {logits}{split}", flush=True)


if __name__ == "__main__":
    main()
