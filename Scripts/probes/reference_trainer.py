"""Runs transformers' Trainer with one variant; returns its log, weights and evaluation."""

import shutil

import sklearn.metrics as m
import torch
import transformers as t
from torch.nn.functional import cross_entropy
from training_variants import VARIANTS, WEIGHTS, arguments


def measures(predictions):
    """Returns the metrics that Attune logs by default, computed by scikit-learn."""
    labels, given = predictions.label_ids, predictions.predictions.argmax(-1)
    averages = {f"f1_{average}": m.f1_score(labels, given, average=average) for average in ["macro", "micro", "weighted"]}
    return {"accuracy": m.accuracy_score(labels, given), "balanced_accuracy": m.balanced_accuracy_score(labels, given),
            "matthews_correlation": m.matthews_corrcoef(labels, given), "f1": m.f1_score(labels, given), **averages}


class Weighted(t.Trainer):
    """The mission's override: each micro-batch's weighted mean, which transformers adds up when accumulating."""

    weights = None

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        labels = inputs["labels"]
        outputs = model(**{key: value for key, value in inputs.items() if key != "labels"})
        loss = cross_entropy(outputs.logits, labels, self.weights if model.training else None)
        return (loss, outputs) if return_outputs else loss


class Exact(Weighted):
    """The correct loss with accumulation: the weighted mean over all examples of a step.

    transformers divides a summed loss by `num_items_in_batch`; here this is the sum of the weights.
    """

    def _get_num_items_in_batch(self, batch_samples, device):
        labels = torch.cat([batch["labels"] for batch in batch_samples])
        return len(labels) if self.weights is None else self.weights[labels].sum()

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        if not model.training:
            return super().compute_loss(model, inputs, return_outputs)
        logits = model(**{key: value for key, value in inputs.items() if key != "labels"}).logits
        return cross_entropy(logits, inputs["labels"], self.weights, reduction="sum") / num_items_in_batch


class StopAt(t.TrainerCallback):
    def __init__(self, step):
        self.step = step

    def on_step_end(self, args, state, control, **_):
        control.should_training_stop = control.should_save = state.global_step == self.step
        return control


def kind(variant):
    """Returns the Trainer's class: transformers' own, unless the variant needs a fix or weights."""
    settings = VARIANTS[variant]
    if "gradient_accumulation_steps" in settings and not settings.get("faulty"):
        return Exact
    return Weighted if "class_weights" in settings else t.Trainer


def reference(variant, folder, train, held, work, dtype=torch.float32):
    """Returns the Trainer's log rows, weights by name, and metrics."""
    settings = VARIANTS[variant]
    output = work / "reference"
    shutil.rmtree(output, ignore_errors=True)

    def trainer(callbacks):
        tokenizer = t.AutoTokenizer.from_pretrained(folder)
        model = t.AutoModelForSequenceClassification.from_pretrained(folder, dtype=dtype)
        encode = lambda rows: rows.map(lambda row: tokenizer(row["text"], truncation=True, max_length=512), batched=True)
        given = t.TrainingArguments(output, **arguments(variant), report_to="none", use_cpu=True, disable_tqdm=True,
                                    save_strategy="no", full_determinism=True)
        made = kind(variant)(model, given, t.DataCollatorWithPadding(tokenizer), encode(train), encode(held),
                             processing_class=tokenizer, compute_metrics=measures, callbacks=callbacks)
        made.remove_callback(t.PrinterCallback)
        if "class_weights" in settings:
            made.weights = torch.tensor([weight for _, weight in sorted(WEIGHTS.items())], dtype=dtype)
        return made

    made = None
    if step := settings.get("resume_at"):
        trainer([StopAt(step)]).train()
        made = trainer([])
        made.train(resume_from_checkpoint=str(output / f"checkpoint-{step}"))
    else:
        made = trainer([])
        made.train()
    rows = [row for row in made.state.log_history if "loss" in row]
    return rows, {name: value.detach().clone() for name, value in made.model.state_dict().items()}, made.evaluate()
