"""The baseline on Reuters: transformers' Trainer, from the same initial weights and with the same settings as ours.

    python3 reference_reuters.py start MODEL TRAIN.tab OUT              writes a classifier for the labels, with a random head
    python3 reference_reuters.py train START TRAIN.tab TEST.tab OPTIONS trains it and prints accuracy and speed as JSON

MODEL is a folder or a .gguf file. Rows without a label are skipped. Needs torch, transformers, datasets, accelerate.
"""

import argparse
import csv
import json
import pathlib
import tempfile

import numpy as np
import torch
import transformers
from datasets import Dataset
from transformers import (AutoModelForSequenceClassification, AutoTokenizer, DataCollatorWithPadding, GgufConfig,
                          Trainer, TrainingArguments)


def rows(path):
    """Reads texts and labels from an Orange file, which has lines of names, types and roles, then rows."""
    with open(path, newline="") as file:
        lines = list(csv.reader(file, delimiter="\t"))
    label, text = lines[0].index("Category"), lines[0].index("Text")
    return [(line[text], line[label]) for line in lines[3:] if len(line) > max(label, text) and line[label]]


def start(options):
    labels = sorted({label for _, label in rows(options.train)})
    names = dict(num_labels=len(labels), id2label=dict(enumerate(labels)), dtype=torch.float32,
                 label2id={label: number for number, label in enumerate(labels)})
    source, gguf = options.model, {}
    if options.model.suffix == ".gguf":
        source, gguf = options.model.parent, {"gguf_file": options.model.name}
        names["quantization_config"] = GgufConfig(dequantize=True)
    torch.manual_seed(42)
    model = AutoModelForSequenceClassification.from_pretrained(source, **names, **gguf)
    tokenizer = AutoTokenizer.from_pretrained(source, **gguf)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    model.config.pad_token_id = tokenizer.pad_token_id
    model.config.problem_type = "single_label_classification"
    model.save_pretrained(options.out)
    tokenizer.save_pretrained(options.out)
    print(f"{len(labels)} labels, {sum(p.numel() for p in model.parameters()):,} parameters in {options.out}")


def train(options):
    tokenizer = AutoTokenizer.from_pretrained(options.start)
    model = AutoModelForSequenceClassification.from_pretrained(options.start, dtype=torch.float32)

    def dataset(path):
        pairs = rows(path)
        encoded = tokenizer([text for text, _ in pairs], truncation=True, max_length=options.max_length)
        return Dataset.from_dict({**encoded, "label": [model.config.label2id[label] for _, label in pairs]})

    def accuracy(output):
        return {"accuracy": float((np.argmax(output.predictions, axis=-1) == output.label_ids).mean())}

    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder, learning_rate=options.learning_rate, num_train_epochs=options.epochs,
            max_steps=options.max_steps, per_device_train_batch_size=options.batch, per_device_eval_batch_size=32,
            warmup_steps=options.warmup, bf16=options.precision == "bf16", save_strategy="no", report_to="none",
            use_cpu=not torch.cuda.is_available(), logging_steps=50, disable_tqdm=True)
        data = dataset(options.train)
        trainer = Trainer(model=model, args=arguments, train_dataset=data, processing_class=tokenizer,
                          data_collator=DataCollatorWithPadding(tokenizer), compute_metrics=accuracy)
        trained = trainer.train()
        held = dataset(options.test)
        measured = trainer.evaluate(held)
    print(json.dumps({"train": len(data), "test": len(held), "steps": trained.global_step,
                      "accuracy": measured["eval_accuracy"], "loss": measured["eval_loss"],
                      "seconds": trained.metrics["train_runtime"],
                      "examples_per_second": trained.metrics["train_samples_per_second"]}))


def main():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(required=True)
    making = commands.add_parser("start")
    for name in ("model", "train", "out"):
        making.add_argument(name, type=pathlib.Path)
    making.set_defaults(run=start)
    training = commands.add_parser("train")
    for name in ("start", "train", "test"):
        training.add_argument(name, type=pathlib.Path)
    training.add_argument("--epochs", type=float, default=1)
    training.add_argument("--learning-rate", type=float, default=5e-5)
    training.add_argument("--batch", type=int, default=8)
    training.add_argument("--warmup", type=float, default=0, help="below 1 a fraction of the steps, otherwise a number of steps")
    training.add_argument("--max-length", type=int, default=256)
    training.add_argument("--max-steps", type=int, default=-1)
    training.add_argument("--precision", choices=["fp32", "bf16"], default="bf16")
    training.set_defaults(run=train)
    options = parser.parse_args()
    transformers.logging.set_verbosity_error()
    options.run(options)


if __name__ == "__main__":
    main()
