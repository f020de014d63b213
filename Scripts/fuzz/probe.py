"""Runs TokenizerProbe and the tokenizers library, and generates random texts for both."""

import os
import pathlib
import random
import subprocess
import tempfile

from tokenizers import Tokenizer

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROBE = os.environ.get("PROBE", str(ROOT / ".build" / "release" / "TokenizerProbe"))

# The Unicode ranges of interesting characters: every script, and non-letters.
BLOCKS = [
    (0x20, 0x7F), (0x20, 0x7F), (0x20, 0x7F), (0x61, 0x7B), (0x61, 0x7B), (0x30, 0x3A), (0x00, 0x20), (0x80, 0x100),
    (0x100, 0x250), (0x250, 0x300), (0x300, 0x370), (0x370, 0x400), (0x400, 0x530), (0x530, 0x590), (0x590, 0x600),
    (0x600, 0x700), (0x700, 0x900), (0x900, 0xE00), (0xE00, 0x1100), (0x1100, 0x1200), (0x1200, 0x1700),
    (0x1700, 0x1E00), (0x1E00, 0x2000), (0x2000, 0x2070), (0x2070, 0x2150), (0x2150, 0x2400), (0x2400, 0x2C00),
    (0x2C00, 0x3000), (0x3000, 0x3100), (0x3100, 0x3400), (0x3400, 0x4E00), (0x4E00, 0xA000), (0xA000, 0xAC00),
    (0xAC00, 0xD7B0), (0xF900, 0xFB00), (0xFB00, 0xFE00), (0xFE00, 0x10000), (0x10000, 0x11000), (0x11000, 0x12000),
    (0x12000, 0x1F000), (0x1F000, 0x20000), (0x20000, 0x32000), (0xE0000, 0xE0200), (0xF0000, 0xF0010),
]
PHRASES = [
    "the", " The", "'s", "'LL", " don't", "'Ve", "ing", " \u2581", "\u2581\u2581", "  ", "\n\n", "\r\n", " \n", "\t", "...", "123", "1,234.50",
    "<s>", "</s>", "<|mid|>", "wordy", "[MASK]", "e\u0301", "\u00df", "ſ", "\u212a", "\ufb01", "中文", "こんにちは", "カタカナー", "한국어",
    "👩‍👩‍👧‍👦", "🇩🇪🇫🇷", "👍🏽", "☺️", "\u200d", "\u200b", "\ufeff", "https://a.b/c?d=e", "x=y+1;", "{}()", "<unk>", "<0x0A>",
    "##", "Ġ", "</w>", "ÄÖ", "ςΣ", "İI", "\u0f77", "\u0958", "각", "ᄀ", "\u11a8", "\u0e33", "a\u0323\u0307", "\u2028", "\xa0", "\x00",
]


def text(rng, longest=40):
    """Returns a random text: phrases, characters from different ranges, runs of one character."""
    parts = []
    for _ in range(rng.randrange(1, 10)):
        kind = rng.random()
        if kind < 0.35:
            parts.append(rng.choice(PHRASES))
            continue
        low, high = rng.choice(BLOCKS)
        if kind < 0.5:
            parts.append(chr(rng.randrange(low, high)) * rng.randrange(1, 12))
        else:
            parts.append("".join(chr(rng.randrange(low, high)) for _ in range(rng.randrange(1, longest // 4))))
        if rng.random() < 0.3:
            parts.append(rng.choice([" ", "\n", "  "]))
    return "".join(parts)


def describe(tokenizer, texts):
    """Returns the line that TokenizerProbe should print, computed by the tokenizers library."""
    encoding = tokenizer.encode(*texts)
    join = lambda values: ",".join(map(str, values))  # noqa: E731
    return "|".join(
        [
            join(encoding.ids),
            ",".join(token.encode().hex() for token in encoding.tokens),
            ",".join(f"{a}-{b}" for a, b in encoding.offsets),
            ",".join("" if word is None else str(word) for word in encoding.word_ids),
            join(encoding.type_ids),
            "".join(map(str, encoding.special_tokens_mask)),
            tokenizer.decode(encoding.ids, skip_special_tokens=False).encode().hex(),
            tokenizer.decode(encoding.ids, skip_special_tokens=True).encode().hex(),
            "same",
        ]
    )


def run(jobs):
    """Runs [(tokenizer.json as text, [texts or pairs])] through the probe; returns a status and a list of lines per job."""
    with tempfile.TemporaryDirectory() as folder:
        lines = []
        for number, (source, items) in enumerate(jobs):
            path = pathlib.Path(folder) / f"{number}.json"
            path.write_text(source, encoding="utf-8")
            lines.append(f"@{path}")
            lines += [" ".join(part.encode().hex() for part in item) for item in items]
        result = subprocess.run([PROBE, "encode"], input="\n".join(lines) + "\n", capture_output=True, text=True)
    if result.returncode:
        raise SystemExit(f"the probe exited with {result.returncode} after {len(result.stdout.splitlines())} lines: {result.stderr[-2000:]}")
    output = iter(result.stdout.splitlines())
    return [(next(output), [next(output) for _ in items]) for _, items in jobs]
