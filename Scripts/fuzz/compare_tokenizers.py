"""Compares tokenizers with the tokenizers library on random texts: ids, tokens, offsets, words, types, decoding.

Usage: python Scripts/fuzz/compare_tokenizers.py [TEXTS-IN-ALL [SEED [TOKENIZER.JSON ...]]]
First: PURE=1 swift build -c release --product TokenizerProbe  (or set PROBE to the executable).
Without files it uses every tokenizer below Tests/Fixtures/tokenizers.
"""

import pathlib
import random
import sys

from tokenizers import Tokenizer

import probe

FIELDS = ["ids", "tokens", "offsets", "words", "types", "mask", "decoded", "plain", "batch"]


def long_text(rng, length):
    """Returns a long text: a pathological repetition, or a mixture."""
    kind = rng.randrange(4)
    if kind == 0:
        return rng.choice(["a", " ", "\n", "\u0301", "中", "1", "'", "🇩", "\u2581"]) * length
    if kind == 1:
        return rng.choice(["ab", "a ", "the ", "1.", "\r\n", " \n"]) * (length // 2)
    return "".join(probe.text(rng) for _ in range(length // 30))


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    paths = [pathlib.Path(path) for path in sys.argv[3:]]
    paths = paths or sorted((probe.ROOT / "Tests" / "Fixtures" / "tokenizers").glob("*/tokenizer.json"))
    each = -(-count // len(paths))
    rng = random.Random(seed)
    compared = different = 0
    for path in paths:
        source = path.read_text(encoding="utf-8")
        reference = Tokenizer.from_str(source)
        reference.no_truncation()
        reference.no_padding()
        found = {}
        items = [(long_text(rng, rng.choice([1000, 5000, 20_000])),) for _ in range(4)]
        while len(items) < each:
            items.append((probe.text(rng), probe.text(rng)) if rng.random() < 0.05 else (probe.text(rng),))
        for start in range(0, len(items), 5000):
            part = items[start : start + 5000]
            ((status, lines),) = probe.run([(source, part)])
            if status != "opened":
                print(path, status)
                different += len(part)
                break
            for item, line in zip(part, lines):
                compared += 1
                expected = probe.describe(reference, item)
                if line == expected:
                    continue
                different += 1
                ours, theirs = line.split("|"), expected.split("|")
                wrong = [n for n, (a, b) in enumerate(zip(ours, theirs)) if a != b]
                key = tuple(FIELDS[n] for n in wrong)
                found[key] = found.get(key, 0) + 1
                if found[key] <= 2:
                    shown = min(item, key=len) if len(item) > 1 else item[0]
                    print(f"DIFFERS {path.parent.name} {key} {len(item)} text(s) {ascii(shown[:2000])}")
                    print("   ", ours[wrong[0]][:300], "\n   ", theirs[wrong[0]][:300])
        print(f"{path.parent.name}: {len(items)} texts, {sum(found.values())} differ {found or ''}", flush=True)
    print(f"{compared} texts with {len(paths)} tokenizers: {different} differ")
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main()
