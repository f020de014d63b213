"""Changes the mission's arguments one at a time and reports the effect of each; fails if one does not work.

    python Benchmarks/mission_arguments.py ATTUNE WORK [FILE.md]       WORK holds posts.parquet and phi3/
"""

import hashlib
import json
import pathlib
import subprocess
import sys

attune, work = sys.argv[1], pathlib.Path(sys.argv[2])
# The recipe's step intervals are meant for 23,000 posts; shorter ones give every kind of log row in these short runs.
BASE = {"sample": 1000, "logging-steps": 1, "eval-steps": 25, "save-steps": 50}
count = 0


class Run:
    """One run: the trainer's state, the results, and hashes of the weights it saved."""

    def __init__(self, model=work / "phi3", recipe="recipes/phi3-mbti.yaml", base=BASE, **changes):
        global count
        count += 1
        self.folder = work / f"run-{count}"
        settings = {**base, **{name.replace("_", "-"): value for name, value in changes.items()}}
        command = [attune, "train", recipe, "--model", model, "--dataset", work / "posts.parquet", "--output-dir",
                   self.folder, "--no-token-cache", "--push-to-hub", "false"]
        for name, value in settings.items():
            command += [f"--{name}"] if value is True else [f"--{name}", value] if value is not None else []
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{command}: {done.stderr}")
        self.errors = done.stderr
        state = json.loads((self.folder / "trainer_state.json").read_text())
        self.log = [row for row in state["log_history"] if "loss" in row]
        self.evaluations = [row for row in state["log_history"] if "eval_loss" in row]
        self.steps, self.best = state["global_step"], state["best_global_step"]
        self.results = json.loads((self.folder / "all_results.json").read_text())
        self.checkpoints = sorted(int(p.name.split("-")[1]) for p in self.folder.glob("checkpoint-*"))

    @property
    def losses(self):
        return [row["loss"] for row in self.log]

    @property
    def weights(self):
        return hashlib.sha256((self.folder / "model.safetensors").read_bytes()).hexdigest()

    def weights_of(self, step):
        return hashlib.sha256((self.folder / f"checkpoint-{step}/model.safetensors").read_bytes()).hexdigest()

    @property
    def weight_count(self):
        return (self.folder / "model.safetensors").stat().st_size // 4

    @property
    def moments(self):
        return (self.folder / f"checkpoint-{self.checkpoints[-1]}/optimizer.safetensors").stat().st_size


def close(a, b, bound):
    return len(a) == len(b) and all(abs(x - y) <= bound * max(1, abs(y)) for x, y in zip(a, b))


table, failed = [], []


def show(argument, seen, holds):
    table.append(f"| `{argument}` | {seen} |")
    print(("  " if holds else "! ") + argument + ": " + seen, flush=True)
    if not holds:
        failed.append(argument)


a = Run()
rates = [row["learning_rate"] for row in a.log]
show("(the recipe, 1,000 tweets)", f"{a.steps} steps of 8; loss {a.losses[0]:.4f} to {a.losses[-1]:.4f}", a.steps == 100)

b = Run(learning_rate=1e-3)
show("learning_rate: 2e-5", f"the first step's learning rate is {rates[0]:.0e}; with 1e-3 it is {b.log[0]['learning_rate']:.0e}, "
     "with the same first loss and a different second one",
     rates[0] == 2e-5 and b.losses[0] == a.losses[0] and b.losses[1] != a.losses[1])
b = Run(per_device_train_batch_size=8)
show("per_device_train_batch_size: 4", f"with 8, twice as many texts per step: {b.steps} steps instead of {a.steps}", b.steps == 50)
b = Run(gradient_accumulation_steps=1)
c = Run(per_device_train_batch_size=8, gradient_accumulation_steps=1)
gap = max(abs(x - y) for x, y in zip(a.losses, c.losses))
show("gradient_accumulation_steps: 2", f"with 1 there are {b.steps} steps; batches of 8 without accumulation give the same "
     f"{c.steps} losses within {gap:.0e}", b.steps == 200 and gap < 1e-4)
b = Run(hf_compat_ga=True)
show("(hf_compat_ga: true)", f"transformers' sum of micro-batches: first loss {b.losses[0]:.4f} instead of {a.losses[0]:.4f}",
     close([b.losses[0] / 2], [a.losses[0]], 0.02))
b = Run(per_device_eval_batch_size=64)
gap = max(abs(x["eval_loss"] - y["eval_loss"]) for x, y in zip(a.evaluations, b.evaluations))
show("per_device_eval_batch_size: 4", f"with 64 every evaluation is the same within {gap:.0e}, and so are the weights",
     gap < 1e-5 and a.weights == b.weights)
b = Run(eval_accumulation_steps=7)
show("eval_accumulation_steps: 2", "with 7 the same bytes: evaluation keeps no activations", a.weights == b.weights)
b = Run(num_train_epochs=2)
show("num_train_epochs: 1", f"with 2, {b.steps} steps", b.steps == 200)
b = Run(weight_decay=10)
show("weight_decay: 0.01", f"with 10 the first loss is the same, the last is {b.losses[-1]:.4f} instead of {a.losses[-1]:.4f}",
     b.losses[0] == a.losses[0] and b.losses[-1] != a.losses[-1])
b = Run(logging_steps=40)
show("logging_steps: 1000", f"with 40, rows after steps {', '.join(str(row['step']) for row in b.log)}",
     [row["step"] for row in b.log] == [40, 80, 100])
show("eval_strategy: steps, eval_steps: 1000", f"with 25, evaluations after steps "
     f"{', '.join(str(row['step']) for row in a.evaluations)}",
     [row["step"] for row in a.evaluations][:4] == [25, 50, 75, 100])
b = Run(eval_strategy="epoch")
show("(eval_strategy: epoch)", f"after steps {', '.join(str(row['step']) for row in b.evaluations)}",
     {row["step"] for row in b.evaluations} == {100})
b = Run(save_steps=40, load_best_model_at_end="false")
show("save_strategy: steps, save_steps: 1000", f"with 40, checkpoints {', '.join(map(str, b.checkpoints))}",
     set(b.checkpoints) >= {40, 80})
b = Run(learning_rate=1e-2, num_train_epochs=2)
loss = {row["step"]: row["eval_loss"] for row in b.evaluations}
best = min(loss, key=loss.get)
show("load_best_model_at_end: true", f"at a learning rate of 1e-2 over two epochs step {b.best} was the best of {sorted(loss)}; "
     "the final model has the bytes of its checkpoint", b.best == best < 200 and b.weights == b.weights_of(best))
b = Run(optim="adamw_torch_fused")
gap = max(abs(x - y) for x, y in zip(a.losses, b.losses))
show("optim: adamw_bnb_8bit", f"moments take {a.moments / 1e6:.1f} MB in a checkpoint, {b.moments / 1e6:.1f} MB in 32 bits (most of "
     f"this model is its embeddings, kept in 32); losses differ by {gap:.0e} at most", a.moments < b.moments and 0 < gap < 0.02)
b, c = Run(precision="fp32"), Run(precision="bf16")
show("precision: tf32", f"on a CPU the same bytes as fp32; with bf16 the first loss is {c.losses[0]:.5f} instead of {a.losses[0]:.5f}",
     a.weights == b.weights and c.losses[0] != a.losses[0] and close([c.losses[0]], [a.losses[0]], 0.01))
b = Run(class_weights="J=1,P=1")
c = Run(class_weights="J=6,P=4")
show("class_weights: {J: 0.6, P: 0.4}", f"with equal weights the first loss is {b.losses[0]:.5f} instead of {a.losses[0]:.5f}; "
     "ten times the weights change only rounding",
     b.losses[0] != a.losses[0] and close(a.losses, c.losses, 1e-4))
b = Run(sample=2000)
show("sample: 0.01", f"with twice the tweets, {b.steps} steps", b.steps == 200)
b = Run(sample_seed=5)
show("sample_seed: 0", f"with 5, different tweets: first loss {b.losses[0]:.5f}", b.losses[0] != a.losses[0])
b = Run(split_seed=5)
show("split_seed: 1", f"with 5, different tweets are held out: first loss {b.losses[0]:.5f}", b.losses[0] != a.losses[0])
b = Run(test_size=0.5)
show("test_size: 0.2", f"with 0.5, {b.steps} steps", b.steps == 63)
b = Run(stratify_by="J-P")
show("stratify_by: mbti", f"stratified by the label, different tweets: first loss {b.losses[0]:.5f}", b.losses[0] != a.losses[0])
b, c = Run(seed=7), Run()
show("(seed, default 42)", "with 7, another head and order; two runs with 42 give the same bytes",
     b.losses[0] != a.losses[0] and a.weights == c.weights)

smol = pathlib.Path(".native/data/SmolLM2-135M-Instruct.gguf")
c = Run(model=smol, base={}, sample=3000, logging_steps=100, eval_steps=100, save_steps=100)
metrics = {name: c.results[f"eval_{name}"] for name in ["accuracy", "f1", "balanced_accuracy", "matthews_correlation"]}
show("(the recipe with SmolLM2-135M, 3,000 tweets)", f"{c.steps} steps; loss "
     + ", ".join(f"{row['loss']:.3f}" for row in c.log) + "; held out: "
     + ", ".join(f"{name} {value:.3f}" for name, value in metrics.items()) + f"; best step {c.best}; moments "
     f"{c.moments / 1e6:.0f} MB for {c.weight_count / 1e6:.0f} million weights",
     metrics["matthews_correlation"] > 0.8)

if len(sys.argv) > 3:
    pathlib.Path(sys.argv[3]).write_text("| argument | effect |\n|---|---|\n" + "\n".join(table) + "\n")
sys.exit(f"failed: {', '.join(failed)}" if failed else 0)
