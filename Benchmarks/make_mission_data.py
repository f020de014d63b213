"""Writes a Parquet file of the mission's shape: 2,300,000 posts with the seven columns of minhaozhang/mbti, about 170 MB.

    python Benchmarks/make_mission_data.py FILE [ROWS]        needs numpy and pyarrow==26.0.1

The texts are made of syllables, with the lengths and word frequencies of posts; the types are as unbalanced as the real ones.
"""

import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

path = sys.argv[1]
rows = int(sys.argv[2]) if len(sys.argv) > 2 else 2_300_000
random = np.random.default_rng(7)

syllables = [a + b + c for a in "bcdfglmnprst" for b in "aeiou" for c in ["", "n", "r", "st"]]
words = np.array(sorted({"".join(random.choice(syllables, size=n)) for n in random.integers(1, 4, size=30_000)}))
shares = 1 / (np.arange(len(words)) + 2.7)  # the Zipf–Mandelbrot law
shares /= shares.sum()

TYPES = ["INTP", "INTJ", "INFP", "INFJ", "ENTP", "ENFP", "ISTP", "ENTJ", "ISTJ", "ENFJ", "ISFP", "ISFJ", "ESTP", "ESFP",
         "ESTJ", "ESFJ"]
TYPE_SHARES = np.array([24, 21, 14, 11, 8, 6, 5, 3, 2.4, 2, 1.2, 0.9, 0.6, 0.4, 0.3, 0.2])
TYPE_SHARES /= TYPE_SHARES.sum()

schema = pa.schema([(name, pa.string()) for name in ["author", "body", "mbti", "E-I", "N-S", "F-T", "J-P"]])
with pq.ParquetWriter(path, schema, compression="zstd") as writer:
    for start in range(0, rows, 100_000):
        count = min(100_000, rows - start)
        lengths = np.clip(random.lognormal(2.9, 0.75, size=count).astype(int), 1, 400)
        drawn = words[random.choice(len(words), size=int(lengths.sum()), p=shares)]
        ends = np.cumsum(lengths)
        bodies = [" ".join(drawn[end - length:end]) + "." for end, length in zip(ends, lengths)]
        types = np.array(TYPES)[random.choice(16, size=count, p=TYPE_SHARES)]
        authors = [f"user_{n}" for n in random.zipf(1.3, size=count) % 40_000]
        columns = [authors, bodies, types] + [[t[i] for t in types] for i in (0, 1, 2, 3)]
        writer.write_table(pa.Table.from_arrays([pa.array(c, pa.string()) for c in columns], schema=schema))
