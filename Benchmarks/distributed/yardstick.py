#!/usr/bin/env python3
"""transformers' Trainer, alone or under torchrun, as Benchmarks/distributed/run starts it. Prints one line of JSON.

    python3 yardstick.py MODEL_FOLDER ROWS.jsonl STEPS BATCH MAX_LENGTH PEAKS
    torchrun --nproc-per-node 2 yardstick.py …

BATCH is that of a process. PEAKS is a folder, in which each rank writes its peak memory. The settings for several processes are the
Trainer's defaults, so the backend on a CPU is Gloo.
"""

import json
import os
import pathlib
import resource
import sys
import tempfile
import time

import accelerate
import torch
import transformers
from datasets import Dataset
from transformers import (AutoModelForSequenceClassification, AutoTokenizer, DataCollatorWithPadding, Trainer, TrainerCallback,
                          TrainingArguments)

WARM = 3


class Clock(TrainerCallback):
    """The time at the end of each step."""

    def __init__(self):
        self.times = []

    def on_step_end(self, *_, **__):
        self.times.append(time.perf_counter())


def main():
    model_folder, rows_file = sys.argv[1:3]
    steps, batch, length = map(int, sys.argv[3:6])
    peaks = pathlib.Path(sys.argv[6])
    transformers.logging.set_verbosity_error()
    with open(rows_file) as file:
        rows = [json.loads(line) for line in file]
    data = Dataset.from_dict({name: [row[name] for row in rows] for name in ["text", "label"]}).class_encode_column("label")
    tokenizer = AutoTokenizer.from_pretrained(model_folder)
    data = data.map(lambda part: tokenizer(part["text"], truncation=True, max_length=length), batched=True)
    model = AutoModelForSequenceClassification.from_pretrained(model_folder, dtype=torch.float32)
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder, learning_rate=5e-5, max_steps=steps, per_device_train_batch_size=batch, save_strategy="no",
            report_to="none", use_cpu=True, disable_tqdm=True, logging_steps=1)
        trainer = Trainer(model=model, args=arguments, train_dataset=data, processing_class=tokenizer,
                          data_collator=DataCollatorWithPadding(tokenizer), callbacks=[clock])
        trainer.train()
    rank, count = (int(os.environ.get(name, default)) for name, default in (("RANK", 0), ("WORLD_SIZE", 1)))
    (peaks / str(rank)).write_text(str(1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))
    if rank == 0:
        seconds = (clock.times[-1] - clock.times[WARM]) / (len(clock.times) - 1 - WARM)
        rows = [row for row in trainer.state.log_history if "loss" in row]
        print("yardstick " + json.dumps({
            "rate": batch * count / seconds, "losses": [float(row["loss"]) for row in rows],
            "norms": [float(row["grad_norm"]) for row in rows],
            "versions": f"torch {torch.__version__}, transformers {transformers.__version__}, accelerate {accelerate.__version__}"}),
            flush=True)


main()
