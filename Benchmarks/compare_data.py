"""Compares the rows that datasets and Attune prepared, cell by cell.

    python Benchmarks/compare_data.py REFERENCE OURS     folders with train.parquet and test.parquet

Reads both with datasets, so class names are read from our files in the same way as from its own.
"""

import sys

import datasets

datasets.disable_progress_bars()
differences = 0
for name in ["train", "test"]:
    reference, ours = (
        datasets.Dataset.from_parquet(f"{folder}/{name}.parquet", cache_dir=f"{folder}/cache") for folder in sys.argv[1:3]
    )
    assert len(reference) == len(ours), f"{name}: {len(reference)} and {len(ours)} rows"
    for column in ["author", "body", "mbti", "E-I", "N-S", "F-T", "J-P", "input_ids"]:
        wrong = sum(a != b for a, b in zip(reference[column], ours[column]))
        differences += wrong
        if wrong:
            print(f"{name}: column {column}: {wrong} cells differ")
    for column in ["mbti", "E-I", "N-S", "F-T", "J-P"]:
        assert reference.features[column] == ours.features[column], f"{column}: {ours.features[column]}"
    print(f"{name}: {len(ours)} rows compared")
print(f"{differences} differences")
sys.exit(differences > 0)
