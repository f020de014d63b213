"""Feeds corrupted tokenizer.json files to the reader: none may crash it or use excessive memory.

Usage: python Scripts/fuzz/mutate_tokenizers.py [INPUTS [SEED]]
First: PURE=1 swift build -c release --product TokenizerProbe  (or set PROBE to the executable).
The files are those below Tests/Fixtures/tokenizers with shortened vocabularies, so that mutations also hit the rest of the file.
"""

import json
import pathlib
import resource
import subprocess
import sys
import tempfile

import probe

MOST_MEMORY = 4 << 30


def shrink(data):
    """Reduces a tokenizer to few tokens."""
    model = data["model"]
    vocabulary = model["vocab"]
    if isinstance(vocabulary, list):
        model["vocab"] = vocabulary[:40]
        return data
    kept = [token for token, number in vocabulary.items() if number < 6 or len(token) == 1 and number % 5 == 0]
    merges = []
    for merge in model.get("merges", []):
        left, right = merge if isinstance(merge, list) else merge.split(" ")
        if len(merges) < 8:
            merges.append(merge)
            kept += [left, right, left + right.removeprefix(model.get("continuing_subword_prefix") or "")]
    if "merges" in model:
        model["merges"] = merges
    else:
        kept += list(vocabulary)[6:40]
    model["vocab"] = {token: vocabulary[token] for token in dict.fromkeys(kept) if token in vocabulary}
    return data


def main():
    count = sys.argv[1] if len(sys.argv) > 1 else "1000000"
    seed = sys.argv[2] if len(sys.argv) > 2 else "1"
    with tempfile.TemporaryDirectory() as folder:
        for path in (probe.ROOT / "Tests" / "Fixtures" / "tokenizers").glob("*/tokenizer.json"):
            small = shrink(json.loads(path.read_text(encoding="utf-8")))
            (pathlib.Path(folder) / f"{path.parent.name}.json").write_text(json.dumps(small, ensure_ascii=False), "utf-8")
        limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))  # noqa: E731
        result = subprocess.run([probe.PROBE, "mutate", folder, count, seed], preexec_fn=limit)
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"exit code {result.returncode}; peak {usage.ru_maxrss // 1024} MB, {usage.ru_utime:.0f} s")
    sys.exit(1 if result.returncode else 0)


if __name__ == "__main__":
    main()
