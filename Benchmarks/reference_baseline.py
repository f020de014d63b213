"""A linear classifier by scikit-learn, to compare with `attune baseline`: TF-IDF and multinomial logistic regression.

    python3 reference_baseline.py TRAIN TEST TEXT LABEL     prints accuracy, macro F1 and seconds as JSON

TRAIN and TEST are Orange .tab files or JSON lines. Rows without a label are skipped. Needs scikit-learn.
"""

import csv
import json
import os
import sys
import time

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.pipeline import FeatureUnion, make_pipeline


def rows(path, text, label):
    """Reads texts and labels. An Orange file has lines of names, types and roles, then rows."""
    csv.field_size_limit(1 << 30)
    with open(path, newline="", encoding="utf-8") as file:
        if path.endswith(".jsonl"):
            records = [json.loads(line) for line in file]
            pairs = [(record[text] or "", record[label]) for record in records]
        else:
            lines = list(csv.reader(file, delimiter="\t"))
            places = lines[0].index(text), lines[0].index(label)
            pairs = [tuple(line[place] for place in places) for line in lines[3:] if len(line) > max(places)]
    pairs = [pair for pair in pairs if pair[1]]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def vectorizer():
    """The features of `attune baseline`: each kind of n-gram is normalized separately."""
    return FeatureUnion([
        ("words", TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)),
        ("characters", TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)),
    ], n_jobs=min(2, os.cpu_count()))


def main(train, test, text, label):
    (texts, labels), (test_texts, test_labels) = rows(train, text, label), rows(test, text, label)
    start = time.monotonic()
    model = make_pipeline(vectorizer(), LogisticRegression(max_iter=1000))
    model.fit(texts, labels)
    trained = time.monotonic()
    answers = model.predict(test_texts)
    print(json.dumps({
        "rows": len(texts), "test_rows": len(test_texts), "features": model[-1].coef_.shape[1],
        "iterations": int(model[-1].n_iter_.max()), "accuracy": accuracy_score(test_labels, answers),
        "f1_macro": f1_score(test_labels, answers, average="macro"), "train_seconds": trained - start,
        "test_seconds": time.monotonic() - trained,
    }), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
