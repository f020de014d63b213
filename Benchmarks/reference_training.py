"""The yardstick: the Python library's own Trainer on the same model, data, batch and steps; prints examples per second.

    python3 reference_training.py MODEL_FOLDER DATA.tab STEPS
"""

import csv
import sys

import torch
from datasets import Dataset
from transformers import (AutoModelForSequenceClassification, AutoTokenizer, DataCollatorWithPadding, Trainer,
                          TrainingArguments)


def main(model_folder, data, steps):
    with open(data, newline="") as file:
        rows = list(csv.reader(file, delimiter="\t"))
    text, label = rows[0].index("Content"), rows[0].index("Author")
    rows = rows[3:]
    data = Dataset.from_dict({"text": [r[text] for r in rows], "label": [r[label] for r in rows]})
    data = data.class_encode_column("label").train_test_split(0.2, stratify_by_column="label", seed=1)["train"]
    tokenizer = AutoTokenizer.from_pretrained(model_folder)
    data = data.map(lambda batch: tokenizer(batch["text"], truncation=True), batched=True)
    model = AutoModelForSequenceClassification.from_pretrained(model_folder, dtype=torch.float32)
    arguments = TrainingArguments(output_dir="/tmp/attune-benchmark-reference", learning_rate=5e-5, max_steps=steps,
                                  per_device_train_batch_size=8, save_strategy="no", report_to="none", use_cpu=True,
                                  disable_tqdm=True)
    trainer = Trainer(model=model, args=arguments, train_dataset=data, processing_class=tokenizer,
                      data_collator=DataCollatorWithPadding(tokenizer))
    print(f"reference {trainer.train().metrics['train_samples_per_second']}")


main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
