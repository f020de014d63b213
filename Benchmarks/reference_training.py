"""The baseline: transformers' Trainer on the same model, rows, batch and steps; prints examples per second.

    python3 reference_training.py MODEL_FOLDER ROWS.jsonl STEPS [--batch 8] [--accumulation 1] [--optim …] [--bf16]
        [--group-by-length] [--compile] [--warmup N] [--max-length N] [--save-steps N] [--lora RANK [--dora]]

Needs torch, transformers, datasets, accelerate; bitsandbytes for its optimizers, peft for --lora, a C++ compiler for --compile.
--warmup takes further steps before the measured ones, with random rows of the same file: compiling takes minutes, which a long run does
not notice. The measured steps then have all rows once, if there are as many rows as they take: grouping begins with the longest texts.
"""

import argparse
import json
import random
import tempfile
import time

import torch
from datasets import Dataset
from transformers import (AutoModelForSequenceClassification, AutoTokenizer, DataCollatorWithPadding, Trainer, TrainerCallback,
                          TrainingArguments)

parser = argparse.ArgumentParser()
parser.add_argument("model")
parser.add_argument("rows")
parser.add_argument("steps", type=int)
parser.add_argument("--batch", type=int, default=8)
parser.add_argument("--accumulation", type=int, default=1)
parser.add_argument("--optim", default="adamw_torch_fused")
parser.add_argument("--bf16", action="store_true")
parser.add_argument("--group-by-length", action="store_true")
parser.add_argument("--compile", action="store_true", help="torch.compile the model")
parser.add_argument("--warmup", type=int, default=0, help="further steps that are not measured")
parser.add_argument("--max-length", type=int)
parser.add_argument("--save-steps", type=int, help="save a checkpoint every N steps; default: none")
parser.add_argument("--lora", type=int, help="train an adapter of peft of this rank on every linear layer")
parser.add_argument("--dora", action="store_true")
options = parser.parse_args()


class WarmTrainer(Trainer):
    """Draws the rows of the steps that are not measured before those of the others."""

    def _get_train_sampler(self, *arguments):
        order = list(super()._get_train_sampler(*arguments))
        return random.Random(1).choices(order, k=options.warmup * options.batch * options.accumulation) + order


class Clock(TrainerCallback):
    """The time after the steps that are not measured."""

    begin = 0.0

    def on_step_end(self, arguments, state, control, **kwargs):
        if state.global_step == options.warmup:
            self.begin = time.perf_counter()


with open(options.rows) as file:
    rows = [json.loads(line) for line in file]
data = Dataset.from_dict({name: [row[name] for row in rows] for name in ["text", "label"]}).class_encode_column("label")
tokenizer = AutoTokenizer.from_pretrained(options.model)
data = data.map(lambda batch: tokenizer(batch["text"], truncation=True, max_length=options.max_length), batched=True)
model = AutoModelForSequenceClassification.from_pretrained(options.model, dtype=torch.float32)
if options.lora:
    from peft import LoraConfig, get_peft_model
    model = get_peft_model(model, LoraConfig(r=options.lora, lora_alpha=options.lora, target_modules="all-linear",
                                             task_type="SEQ_CLS", use_dora=options.dora))
with tempfile.TemporaryDirectory() as folder:
    arguments = TrainingArguments(
        output_dir=folder, learning_rate=5e-5, max_steps=options.warmup + options.steps,
        per_device_train_batch_size=options.batch, gradient_accumulation_steps=options.accumulation, optim=options.optim,
        bf16=options.bf16, torch_compile=options.compile,
        save_strategy="steps" if options.save_steps else "no", save_steps=options.save_steps or 500,
        report_to="none", use_cpu=True, disable_tqdm=True, logging_steps=10**9,
        train_sampling_strategy="group_by_length" if options.group_by_length else "random")
    clock = Clock()
    trainer = WarmTrainer(model=model, args=arguments, train_dataset=data, processing_class=tokenizer,
                      data_collator=DataCollatorWithPadding(tokenizer), callbacks=[clock])
    speed = trainer.train().metrics["train_samples_per_second"]
    if options.warmup:
        speed = options.steps * options.batch * options.accumulation / (time.perf_counter() - clock.begin)
    print(f"reference {speed}")
