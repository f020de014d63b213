"""Compares regular expressions in Split with those of the tokenizers library (Oniguruma) on random texts.

Usage: python Scripts/fuzz/compare_patterns.py [RANDOM-PATTERNS [TEXTS-EACH [SEED]]]
First: PURE=1 swift build -c release --product TokenizerProbe  (or set PROBE to the executable).
"""

import json
import random
import sys

from tokenizers import Tokenizer

import probe

FIXED = r"""
\h+|\p{Han}+|\p{Greek}+|\p{LC}+|\p{Letter}+|\p{Lowercase_Letter}+|\p{lower}+|\p{Alphabetic}+|\p{Emoji}+|\p{^L}+|\P{L}+|\P{^L}+
\pL+
[a-z&&[^b]]+
[[:alpha:]]+
[[:^alpha:]]+
[[:punct:]]+
[[:graph:]]+
[[:print:]]+
[[:cntrl:]]+
[[:blank:]]+
[[:upper:]]+
[[:word:]]+
[[:alnum:]]+
[[:xdigit:]]+
\x{4e2d}|\u4e2d|\xe4\xb8\xad
\d++a|\d
(?>a+)b
(?<=a)b
(?<!a)b
(?<=a+)b
(?<=a|bc)d
^a
a$
\Aa
a\z
a\Z
\Ga
(?i)ß
(?i:ss)
(?i:k)
(?i:[k])
(?i:fi)
(?i)ﬁ
(?i:[ß])
(?i:[^ß])+
(?i)\p{Lu}+
(?i)[[:upper:]]+
(?i)[^a-z]+
(?m).+
.+
(?x) a b # c
\R+
(\p{L})\1
(?<n>a)\k<n>
(?i)(\p{L}+)\W+\1
\b
\b\w+
\B.
a*
a{,2}
a{2,}?
a{2}+
a{2}?
a{,}
a{x
{
}
]
[]a]+
[^]a]+
[a-]+
[-a]+
[a-c-e]+
[[a-c]x]+
[\w&&[^\d]]+
[\s\S]
\s+
[\s]+
\w+
\d+
\S+(?=\s)
(?:a|ab)(?:c|bcd)(?:d*)
(?:(?:a*)*)*b
(a?){3}a{3}
(?:a*?)+?b
x*+x
(?!\p{L}).
(?<![\p{L}\p{N}])'
[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+
'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+
'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s
\p{N}{1,3}
[一-龥぀-ゟ゠-ヿ]+
[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+
[^\r\n\p{L}\p{N}]?((?=[\p{L}])([^a-z]))*((?=[\p{L}])([^A-Z]))+|[^\r\n\p{L}\p{N}]?((?=[\p{L}])([^a-z]))+((?=[\p{L}])([^A-Z]))*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+
[0-9][0-9][0-9]
\s?\p{L}+|\s?\p{P}+
 ?\p{L}+| ?\p{N}{1,3}| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
 ?[^(\s|[.,!?…。，、।۔،])]+
\p{Lu}|\p{Lt}
\p{Nl}|\p{No}
\p{Sc}+|\p{Sk}+
\p{Cf}|\p{Co}|\p{Cn}
\p{Zs}+
\p{Arabic}+|\p{Hebrew}+|\p{Thai}+|\p{Common}
\p{Cyrillic}+|\p{Hiragana}+|\p{Katakana}+|\p{Hangul}+|\p{Inherited}+|\p{Latin}+
\p{Xdigit}+|\p{Punct}+
\p{Emoji_Presentation}+|\p{Emoji_Modifier}
\p{XID_Start}\p{XID_Continue}*
\p{Math}|\p{Dash}|\p{Ideographic}+
""".strip("\n").split("\n")

ATOMS = [
    "a", "b", "A", "S", "s", "ß", " ", "'", r"\n", ".", r"\w", r"\W", r"\s", r"\S", r"\d", r"\D", r"\p{L}", r"\p{Lu}", r"\p{N}", r"\p{P}", r"\P{L}",
    "[ab]", "[^a]", r"[\p{L}\d]", r"[^\s\p{L}]", "[a-f&&[^c]]", "[[:alpha:]1]", "the", "ss", "fi", r"\b", r"\B", "^", "$", r"\R", r"\h", r"\p{Han}", "é",
    r"[\p{M}\p{Zs}]", "1", r"\G", r"\z", r"\Z", r"\A",
]


def pattern(rng, depth=0):
    """Returns a random expression."""
    kind = rng.random()
    if depth > 3 or kind < 0.35:
        return rng.choice(ATOMS)
    inner = lambda: pattern(rng, depth + 1)  # noqa: E731
    if kind < 0.6:
        return "".join(inner() for _ in range(rng.randrange(2, 4)))
    if kind < 0.7:
        return "(?:" + "|".join(inner() for _ in range(rng.randrange(2, 4))) + ")"
    if kind < 0.88:
        body = "(?:" + inner() + ")" if rng.random() < 0.5 else rng.choice([a for a in ATOMS if a not in ("^", "$", r"\b", r"\B", r"\G", r"\z", r"\Z", r"\A")])
        return body + rng.choice(["*", "+", "?", "*?", "+?", "??", "*+", "++", "?+", "{2}", "{1,3}", "{,2}", "{2,}", "{1,2}?"])
    if kind < 0.94:
        return rng.choice(["(?=", "(?!", "(?>", "(?i:", "(", "(?i:"]) + inner() + ")"
    return rng.choice(["(?<=", "(?<!"]) + rng.choice([a for a in ATOMS if a not in (r"\R",)]) + ")"


def tokenizer(regex, behavior, invert):
    return json.dumps(
        {
            "version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
            "pre_tokenizer": {"type": "Split", "pattern": {"Regex": regex}, "behavior": behavior, "invert": invert},
            "post_processor": None, "decoder": None,
            "model": {"type": "WordLevel", "vocab": {"[UNK]": 0}, "unk_token": "[UNK]"},
        }
    )


def main():
    count, each, seed = (int(value) for value in (sys.argv[1:] + ["2000", "40", "1"][len(sys.argv) - 1 :]))
    rng = random.Random(seed)
    patterns = [line for line in FIXED] + [pattern(rng) for _ in range(count)]
    jobs = []
    for number, regex in enumerate(patterns):
        behavior = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"][number % 5 if number >= len(FIXED) else 0]
        source = tokenizer(regex, behavior, number >= len(FIXED) and rng.random() < 0.3)
        few = each if number >= len(FIXED) else each * 10
        # An encoding of empty pieces looks like one without pieces, so only single texts are compared.
        texts = [(probe.text(rng),) for _ in range(few)]
        if number < len(FIXED):
            every = [c for c in range(0x33500) if not 0xD800 <= c < 0xE000] + list(range(0xE0000, 0xE0200))
            texts += [("".join(map(chr, every[i : i + 512])),) for i in range(0, len(every), 512)]
        jobs.append((source, texts))
    differences = refused = only_ours = compared = 0
    for start in range(0, len(jobs), 200):
        part = jobs[start : start + 200]
        for (source, texts), (status, lines) in zip(part, probe.run(part)):
            regex = json.loads(source)["pre_tokenizer"]
            try:
                reference = Tokenizer.from_str(source)
            except Exception as error:  # noqa: BLE001
                if status == "opened":
                    only_ours += 1
                    print("refused only by tokenizers", regex["pattern"], error)
                continue
            if status != "opened":
                refused += 1
                print("refused only here", regex["pattern"], status)
                continue
            for item, line in zip(texts, lines):
                compared += 1
                try:
                    expected = probe.describe(reference, item)
                except BaseException as error:  # noqa: BLE001 - the library panics when it gives up
                    if not isinstance(error, Exception) and "Panic" not in type(error).__name__:
                        raise
                    continue
                if line != expected:
                    differences += 1
                    if differences <= 30:
                        print("DIFFERS", json.dumps(regex), repr(item[0][:200]), "\n  ", line.split("|")[2][:300], "\n  ", expected.split("|")[2][:300])
                    break
    print(f"{len(patterns)} patterns, {compared} texts: {differences} patterns differ, {refused} refused only here, {only_ours} refused only by tokenizers")
    sys.exit(1 if differences else 0)


if __name__ == "__main__":
    main()
