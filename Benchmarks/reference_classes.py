"""The baseline of Benchmarks/classes: transformers' Trainer, and scikit-learn's classification_report on its predictions.

    python3 reference_classes.py MODEL_FOLDER TRAIN.csv EVAL.csv STEPS BATCH

Prints seconds per step, seconds of the evaluation, and the process's peak memory in MB after each.
"""

import csv
import resource
import sys
import tempfile
import time

import numpy
import torch
from datasets import Dataset
from sklearn.metrics import classification_report
from transformers import AutoModelForSequenceClassification, AutoTokenizer, DataCollatorWithPadding, Trainer, TrainingArguments

model_folder, train_path, eval_path, steps, batch = sys.argv[1:4] + [int(number) for number in sys.argv[4:6]]


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def rows(path):
    with open(path) as file:
        return list(csv.DictReader(file))


training, evaluation = rows(train_path), rows(eval_path)
names = sorted({row["label"] for row in training})
ids = {name: number for number, name in enumerate(names)}
tokenizer = AutoTokenizer.from_pretrained(model_folder)


def encoded(some):
    data = Dataset.from_dict({"text": [row["text"] for row in some], "label": [ids[row["label"]] for row in some]})
    return data.map(lambda part: tokenizer(part["text"], truncation=True), batched=True)


model = AutoModelForSequenceClassification.from_pretrained(
    model_folder, dtype=torch.float32, num_labels=len(names), id2label=dict(enumerate(names)), label2id=ids)
with tempfile.TemporaryDirectory() as folder:
    trainer = Trainer(
        model=model, train_dataset=encoded(training), processing_class=tokenizer,
        data_collator=DataCollatorWithPadding(tokenizer),
        args=TrainingArguments(
            output_dir=folder, max_steps=steps, per_device_train_batch_size=batch, per_device_eval_batch_size=64,
            save_strategy="no", report_to="none", use_cpu=True, disable_tqdm=True, logging_steps=10**9))
    runtime = trainer.train().metrics["train_runtime"]
    print(f"step {runtime / steps:.3f} {peak():.0f}", flush=True)
    start = time.monotonic()
    answers = trainer.predict(encoded(evaluation))
    classification_report(
        answers.label_ids, numpy.argmax(answers.predictions, axis=1), labels=range(len(names)), target_names=names,
        output_dict=True, zero_division=0)
    print(f"evaluate {time.monotonic() - start:.2f} {peak():.0f}", flush=True)
