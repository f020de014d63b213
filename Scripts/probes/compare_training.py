"""Compares a hundred steps of `attune train` with transformers' Trainer, from the same weights on the same texts.

Run by Scripts/compare-training, which passes the files. Written for transformers 5.23.0, torch 2.13.0, datasets 5.2.0,
scikit-learn 1.9.1 and bitsandbytes 0.50.2. Both sides use float32, no dropout, and data in transformers' shuffled order. 301
texts make 38 steps per epoch, the last with five texts, so that micro-batches of different sizes occur.

Losses and norms are compared relative to transformers' value, weights by the largest absolute difference. AdamW divides a
gradient by its own size. If the gradient is close to zero, for example of a word that occurs once, rounding decides the direction
of the update. So if a weight is beyond the limit, transformers trains once more in float64, and both distances are printed.
Ours passes if in every tensor it is at most twice as far from float64 as transformers' float32. One weight in 100,000, the
furthest on either side, is exempt: distances are heavy-tailed (ten times the distance is ten times as rare), so the largest of
millions says nothing about the others. The biases of BERT's keys are not compared: softmax cancels them, so their gradient is
only rounding on either side.
"""

import argparse
import csv
import json
import math
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import datasets
import torch
import transformers
from probes import quiet
from reference_trainer import reference
from safetensors.torch import load_file
from training_variants import MODELS, VARIANTS, WEIGHTS, flags, write_model

LIMITS = {"loss": 1e-3, "learning_rate": 1e-3, "grad_norm": 1e-3, "weights": 1e-4, "eval_loss": 1e-3, "metrics": 1e-12}
# One weight in this many is exempt; see above.
RARE = 100_000
TRAIN, HELD = 301, 200


def tweets(path):
    """Returns texts spread evenly over the file, and their authors."""
    with open(path / "election-tweets-2016.tab", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t"))
    author, text = rows[0].index("Author"), rows[0].index("Content")
    rows = rows[3:]
    count = TRAIN + HELD
    picked = [rows[number * len(rows) // count] for number in range(count)]
    return [{"text": row[text], "author": row[author]} for row in picked]


def write_data(path, work):
    """Writes the rows to files for Attune and returns them as datasets for transformers."""
    rows = tweets(path)
    # Two rows of every five are held out until there are enough, so that both parts span the file.
    held = [row for number, row in enumerate(rows) if number % 5 < 2][:HELD]
    train = [row for row in rows if row not in held][:TRAIN]
    found = []
    for name, part in [("train", train), ("held", held)]:
        (work / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in part))
        names = sorted(WEIGHTS)
        found.append(datasets.Dataset.from_dict({"text": [row["text"] for row in part],
                                                 "labels": [names.index(row["author"]) for row in part]}))
    return found


def ours(program, variant, folder, work):
    """Returns the log rows, weights and metrics of `attune train`."""
    output = work / "ours"
    shutil.rmtree(output, ignore_errors=True)
    command = [program, "train", "--model", folder, "--dataset", work / "train.jsonl", "--eval-dataset",
               work / "held.jsonl", "--text-column", "text", "--label-column", "author", "--output-dir", output,
               "--max-length", "512", "--threads", "1", "--no-token-cache", *flags(variant)]
    if step := VARIANTS[variant].get("resume_at"):
        run(command + ["--save-strategy", "steps", "--save-steps", str(step), "--save-total-limit", "2"])
        # Delete everything after the checkpoint, so that it is repeated.
        for left in output.iterdir():
            if left.name != f"checkpoint-{step}":
                shutil.rmtree(left) if left.is_dir() else left.unlink()
        run(command + ["--save-strategy", "no", "--resume-from-checkpoint", "latest"])
    else:
        run(command + ["--save-strategy", "no"])
    rows = [row for row in json.loads((output / "trainer_state.json").read_text())["log_history"] if "loss" in row]
    return rows, load_file(output / "model.safetensors"), json.loads((output / "eval_results.json").read_text())


def run(command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\nended with {done.returncode}:\n{done.stderr}")


def is_idle(name):
    """Whether a weight has no effect on the output."""
    return name.endswith("attention.self.key.bias")


def share(found, wanted):
    return abs(found - wanted) / abs(wanted) if wanted else abs(found)


def deviations(found, wanted, is_weighted):
    """Returns the largest deviation of each quantity, and the tensor whose weights deviate most.

    The Trainers of weighted variants evaluate without weights. Ours reports that loss as log_loss, and the weighted one as loss.
    """
    (rows, weights, metrics), (their_rows, their_weights, their_metrics) = found, wanted
    if [row["step"] for row in rows] != [row["step"] for row in their_rows] or weights.keys() != their_weights.keys():
        return dict.fromkeys(LIMITS, math.inf), ""
    worst = {key: max(share(a[key], b[key]) for a, b in zip(rows, their_rows))
             for key in ["loss", "learning_rate", "grad_norm"]}
    distances = {name: (weights[name] - their_weights[name]).abs().max().item() for name in weights if not is_idle(name)}
    furthest = max(distances, key=distances.get)
    names = [name for name in their_metrics if name in metrics and name not in ("epoch", "eval_loss")
             and "runtime" not in name and "per_second" not in name]
    return {**worst, "weights": distances[furthest], "eval_loss": share(metrics["eval_log_loss" if is_weighted else "eval_loss"], their_metrics["eval_loss"]),
            "metrics": max(share(metrics[name], their_metrics[name]) for name in names)}, furthest


def from_float64(ours, theirs, exact):
    """Returns whether ours is close enough to float64 in every tensor, rare weights exempt, and both sides' largest distance."""
    off = lambda weights, name: (weights[name].double() - exact[name]).abs().flatten()
    rank = lambda distances: distances.topk(1 + len(distances) // RARE).values[-1].item()
    names = [name for name in exact if not is_idle(name)]
    right = all(rank(off(ours, name)) <= max(LIMITS["weights"], 2 * rank(off(theirs, name))) for name in names)
    return right, *(max(off(side, name).max().item() for name in names) for side in (ours, theirs))


def main():
    parser = argparse.ArgumentParser()
    for name in ["attune", "minilm", "smollm2"]:
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--datasets", required=True, type=Path)
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--variants", default=";".join(VARIANTS), help="names separated by ;")
    options = parser.parse_args()
    quiet()
    datasets.disable_progress_bars()
    print(f"transformers {transformers.__version__}, datasets {datasets.__version__}; limits: "
          + ", ".join(f"{name} {limit:g}" for name, limit in LIMITS.items()))
    print(f"{'':6} {'':23}" + "".join(f"{name:>14}" for name in LIMITS) + "  loss from … to")
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        train, held = write_data(options.datasets, work)
        for model in options.models.split(","):
            write_model(model, options, work / model)
            for variant in options.variants.split(";"):
                wanted = reference(variant, work / model, train, held, work)
                found = ours(options.attune, variant, work / model, work)
                worst, furthest = deviations(found, wanted, "class_weights" in VARIANTS[variant])
                limits = {**LIMITS, "weights": VARIANTS[variant].get("weights_limit", LIMITS["weights"])}
                beyond = [name for name, limit in limits.items() if not worst[name] <= limit]
                losses = f"{wanted[0][0]['loss']:.3f} … {wanted[0][-1]['loss']:.3f}"
                note = f"  BEYOND: {', '.join(beyond)}" if beyond else ""
                if beyond == ["weights"]:
                    exact = reference(variant, work / model, train, held, work, torch.float64)[1]
                    right, own, their = from_float64(found[1], wanted[1], exact)
                    note = f"  {furthest}: from float64 ours {own:.1e}, transformers' {their:.1e}"
                    note = note if right else "  BEYOND: weights;" + note
                failures += "BEYOND" in note
                print(f"{model:6} {variant:23}" + "".join(f"{worst[name]:14.1e}" for name in LIMITS)
                      + f"  {losses}{note}", flush=True)
    print(f"{failures} of {len(options.models.split(',')) * len(options.variants.split(';'))} beyond the limits")
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
