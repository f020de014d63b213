"""Writes real tweets in the columns of minhaozhang/mbti: author, body, mbti, E-I, N-S, F-T, J-P.

    python Benchmarks/make_mission_tweets.py TWEETS.tab FILE.parquet        needs pyarrow

The writers' types are unknown, so each letter encodes a property of the tweet instead: J or P its author (the label), E or I
many or few retweets, N or S its length, F or T an exclamation mark.
"""

import csv
import sys

import pyarrow as pa
import pyarrow.parquet as pq

source, target = sys.argv[1:]
with open(source, newline="", encoding="utf-8") as file:
    lines = list(csv.reader(file, delimiter="\t"))
names, rows = lines[0], [dict(zip(lines[0], line)) for line in lines[3:]]
columns = {name: [] for name in ["author", "body", "mbti", "E-I", "N-S", "F-T", "J-P"]}
for row in rows:
    letters = {
        "E-I": "E" if float(row["Retweet count"] or 0) > 2800 else "I",
        "N-S": "N" if len(row["Content"]) > 120 else "S",
        "F-T": "F" if "!" in row["Content"] else "T",
        "J-P": "J" if row["Author"] == "HillaryClinton" else "P",
    }
    columns["author"].append(row["Author"])
    columns["body"].append(row["Content"])
    columns["mbti"].append("".join(letters.values()))
    for name, letter in letters.items():
        columns[name].append(letter)
pq.write_table(pa.table(columns), target)
print(f"{len(rows):,} tweets, {len(set(columns['mbti']))} types in {target}")
