"""Texts of mixed lengths for the measurements of `attune serve`, and the scores that `attune predict` gives them."""

import csv
import json
import math
import pathlib
import random
import subprocess
import sys
import time

import load


def corpus(path, column):
    """The texts of a table, also of one with Orange's header, or of JSON lines."""
    path = pathlib.Path(path)
    csv.field_size_limit(1 << 30)
    with open(path, newline="", encoding="utf-8", errors="replace") as file:
        if path.suffix == ".jsonl":
            return [text for line in file if (text := json.loads(line).get(column))]
        rows = list(csv.reader(file, delimiter="," if path.suffix == ".csv" else "\t"))
    if column not in rows[0]:
        sys.exit(f"{path} has no column {column}; its columns are {', '.join(rows[0])} (--column)")
    place = rows[0].index(column)
    return [row[place] for row in rows[3 if path.suffix == ".tab" else 1:] if len(row) > place and row[place].strip()]


def mixed(texts, count, most=200, seed=26):
    """Texts of 3 to `most` words, short ones more often: the logarithm of the length is uniform. No two are equal."""
    draw = random.Random(seed)
    words, place = " ".join(draw.sample(texts, len(texts))).split(), 0
    found = []
    for number in range(count):
        length = round(math.exp(draw.uniform(math.log(3), math.log(most))))
        if place + length > len(words):
            place = draw.randrange(max(1, len(words) - most))
        found.append(" ".join([*words[place:place + length - 1], str(number)]))
        place += length
    return found


def requests(url, texts, path="/predict", headers=(), **fields):
    """Prepared requests, one for each text."""
    return [load.encode(url, path, {"inputs": text, **fields}, headers) for text in texts]


def predict(attune, model, texts, folder):
    """Returns the logits that `attune predict` gives each text, and its seconds without start and loading."""
    rows, one = folder / "rows.jsonl", folder / "one.jsonl"
    rows.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    one.write_text(json.dumps({"text": texts[0]}) + "\n")
    seconds = []
    for source in (one, rows):
        start = time.perf_counter()
        result = subprocess.run(
            [attune, "predict", "--model", model, "--input", source, "--text-column", "text", "--logits", "--raw",
             "--output", folder / "predicted.jsonl"], capture_output=True, text=True)
        if result.returncode:
            sys.exit(f"attune predict failed:\n{result.stderr[-2000:]}")
        seconds.append(time.perf_counter() - start)
    with open(folder / "predicted.jsonl") as file:
        answers = [json.loads(line) for line in file]
    return answers, seconds[1] - seconds[0]


def configuration(model):
    """The labels of a model's folder in order, and its problem type."""
    values = json.loads((pathlib.Path(model) / "config.json").read_text())
    labels = [label for _, label in sorted(values["id2label"].items(), key=lambda item: int(item[0]))]
    return labels, values.get("problem_type") or "single_label_classification"


def scores(answer, labels, problem):
    """The scores by label, in double precision from the logits of a line of `attune predict --logits`."""
    logits = answer["logits"]
    if problem == "regression":
        values = logits
    elif problem == "multi_label_classification" or len(logits) == 1:
        values = [1 / (1 + math.exp(-logit)) for logit in logits]
    else:
        powers = [math.exp(logit - max(logits)) for logit in logits]
        values = [power / sum(powers) for power in powers]
    return dict(zip(labels, values, strict=True))


def worst_difference(result, expected):
    """Compares answers of /predict with scores: the largest difference, and the number of texts that were not answered."""
    worst, missing = 0.0, 0
    for index, scores in enumerate(expected):
        body = result.answers.get(index)
        if body is None:
            missing += 1
            continue
        given = {entry["label"]: entry["score"] for entry in json.loads(body)}
        if given.keys() != scores.keys():
            return math.inf, missing
        worst = max(worst, *(abs(given[label] - score) for label, score in scores.items()))
    return worst, missing
